"""The counting protocol: what happens between a poll of Kafka and the commit in the database.

The database says where each partition's next batch starts; the consumer only believes it knows.
Whatever goes otherwise than expected ends the same way: nothing is changed, the position is
forgotten, and `place` reads the database again and seeks there. So nothing is ever passed over and
nothing counts twice, whoever else consumes, whatever is restored, wherever the process dies.

Everything here is synchronous and runs in one thread at a time.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from kokemus import dead_letters
from kokemus.contracts import events
from kokemus.errors import Reason, Refused, Unavailable
from kokemus.metric_names import (
    CONSUMER_LAG,
    COUNTING_UNDONE,
    EVENTS_APPLIED,
    EVENTS_DEAD,
    EVENTS_REPEATED,
    IDS_SEEN,
    PARTITIONS_STOPPED,
)
from kokemus.telemetry import Meters
from metrics.domain.batches import Batch, Forgotten, Record, first_too_many
from metrics.domain.contacts import contacted
from metrics.domain.corrections import Standing, moves
from metrics.domain.local_time import LocalHours
from metrics.domain.presses import Effects, Move, PeriodCount, reasoned
from metrics.domain.surveys import answered
from metrics.memory import Memory
from metrics.storage.counting import (
    CountingStore,
    Partition,
    RefusedByDatabase,
    Slice,
    Stale,
    Work,
)

log = structlog.get_logger()

TopicPartition = tuple[str, int]
"""A topic's full name and a partition number."""


MOST_UNDER_WAY: Final = 3
"""Batches of a partition that can be between Kafka and the counter when it seeks back."""


class Log(Protocol):
    """What the protocol needs of Kafka."""

    def topic_ids(self, topics: Sequence[str]) -> dict[str, str]:
        """The id that the broker gave each topic when it was created."""

    def bounds(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """The first offset that each partition still has, and the one after its last."""

    def read_from(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Goes on reading these partitions, from these offsets."""

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """Stops reading these partitions; polling goes on."""

    def keep(self, letters: Sequence[dead_letters.Letter]) -> None:
        """Publishes dead letters and returns when the broker has confirmed all of them.

        Raises:
            Unavailable: not all of them are confirmed.
        """


class Placed:
    """Where this consumer believes a partition to be."""

    __slots__ = ("in_a_row", "key", "next_offset", "passed_over", "stopped", "suspected")

    def __init__(self, key: Partition, next_offset: int, in_a_row: int, *, stopped: bool) -> None:
        self.key = key
        self.next_offset = next_offset
        self.in_a_row = in_a_row
        self.stopped = stopped
        self.suspected: int | None = None
        self.passed_over = 0


class Counter:
    """Counts batches exactly once. Not for use by two threads at a time."""

    def __init__(
        self, store: CountingStore, log_of_kafka: Log, hours: LocalHours, meters: Meters
    ) -> None:
        self._meters = meters
        self._store = store
        self._kafka = log_of_kafka
        self._hours = hours
        self._memory = Memory(store)
        self._reached: dict[Partition, int] = {}
        self._tables: set[int] = set()
        self._assigned: set[TopicPartition] = set()
        self._placed: dict[TopicPartition, Placed] = {}

    @property
    def assigned(self) -> frozenset[TopicPartition]:
        """The partitions that are this consumer's now."""
        return frozenset(self._assigned)

    @property
    def lost(self) -> bool:
        """Whether `place` has to be called before all partitions can go on."""
        return len(self._placed) < len(self._assigned)

    @property
    def stopped(self) -> list[TopicPartition]:
        """The partitions that wait for the operator."""
        return sorted(tp for tp, placed in self._placed.items() if placed.stopped)

    def positions(self) -> dict[TopicPartition, int]:
        """Where each placed partition's next batch starts: for lag displays, never read back."""
        return {tp: placed.next_offset for tp, placed in self._placed.items()}

    def assign(self, partitions: Sequence[TopicPartition]) -> None:
        """Takes over a new set of partitions, of which nothing is believed yet."""
        self._assigned = set(partitions)
        self.forget(drop_seen=True)

    def forget(self, *, drop_seen: bool = False) -> None:
        """Gives up what is believed of all partitions, and of ids seen where asked to."""
        self._placed.clear()
        self._kafka.pause(sorted(self._assigned))
        self._memory.doubt()
        self._store.forget()
        if drop_seen:
            self._memory.drop()

    def place(self) -> None:
        """Reads from the database where each partition goes on, and seeks there.

        Idempotent: where belief and database agree nothing happens. Called after an assignment,
        after every failure, and every few seconds, which finds a restored database, a topic that
        was created anew, a gap, and a partition that the operator resumed.

        Raises:
            Unavailable: database or broker are away; call again later.
        """
        if not self._assigned:
            return
        wanted = sorted(self._assigned)
        ids = self._kafka.topic_ids(sorted({topic for topic, _ in wanted}))
        keys = {(topic, number): (ids[topic], number) for topic, number in wanted}
        states = self._store.states({key: topic for (topic, _), key in keys.items()})
        bounds = self._kafka.bounds(wanted)
        self._take_tables({state.table for state in states.values()})
        seek: dict[TopicPartition, int] = {}
        lag = 0
        for tp, key in keys.items():
            state, (low, high) = states[key], bounds[tp]
            believed = self._placed.get(tp)
            offset = state.next_offset
            lag += max(high - offset, 0)
            if offset < self._reached.get(key, 0):
                self._reached[key] = offset
                log.warning("database_fell_back", topic=tp[0], partition=tp[1], next_offset=offset)
                self._store.forget()
                self._memory.drop()
            stopped = state.stopped_reason
            if offset > high and stopped is None:
                stopped = "log_shorter_than_database"
                self._store.stop(key, stopped, f"log ends at {high}, database is at {offset}")
                log.error(stopped, topic=tp[0], partition=tp[1], end=high, next_offset=offset)
            elif offset < low and stopped is None:
                self._store.record_gap(key, offset, low - 1)
                log.error("gap", topic=tp[0], partition=tp[1], first=offset, last=low - 1)
                offset = low
            unchanged = (
                believed is not None
                and believed.key == key
                and believed.next_offset == offset
                and believed.stopped == (stopped is not None)
            )
            if unchanged:
                continue
            self._placed[tp] = Placed(
                key, offset, state.refused_in_a_row, stopped=stopped is not None
            )
            if stopped is None:
                seek[tp] = offset
        self._meters.set(CONSUMER_LAG, lag)
        self._kafka.pause(self.stopped)
        try:
            self._kafka.read_from(seek)
        except Unavailable:
            self.forget()
            raise

    def _take_tables(self, tables: set[int]) -> None:
        """Where rebuilt counts were swapped in, nothing that is remembered holds of them."""
        if self._tables and tables != self._tables:
            log.warning("counts_replaced")
            self._reached.clear()
            self._store.forget()
            self._memory.drop()
        self._tables = tables

    def count(self, batches: Sequence[Batch]) -> None:
        """Counts what is new in the batches, or changes nothing and forgets the positions.

        Raises:
            Unavailable: database or broker are away; the positions are forgotten.
        """
        try:
            done = self._try(batches)
            while done is None:  # the database refused records, which are set aside now
                done = self._try(batches)
        except Stale as stale:
            log.info("stale", why=str(stale))
            self._meters.add(COUNTING_UNDONE, 1, "stale")
            self.forget()
            return
        except Unavailable:
            self._meters.add(COUNTING_UNDONE, 1, "unavailable")
            self.forget()
            raise
        except BaseException:
            self.forget(drop_seen=True)
            raise
        self._believe(done)

    def _try(self, batches: Sequence[Batch]) -> Work | None:
        """Does one transaction; None: it was refused, and the culprits are among the refused."""
        work = Work(slices={})
        letters: list[dead_letters.Letter] = []
        origins: list[tuple[Batch, int]] = []
        for batch in batches:
            kept = self._fitting(batch, work)
            letters += _letters(batch, kept)
            self._add(batch, kept, work, origins)
        if not work.slices:
            return work
        self._kafka.keep(letters)
        try:
            self._store.commit(work)
        except RefusedByDatabase:
            culprits = self._culprits([record for _, record in work.records], 0)
            if not culprits:
                raise
            for index in culprits:
                batch, message = origins[index]
                batch.refuse(
                    message, Refused(Reason.REFUSED_BY_DATABASE, "the database won't store it")
                )
            return None
        return work

    def _culprits(self, records: Sequence[Record], first: int) -> list[int]:
        """Which records the database refuses by themselves, found by halving."""
        if not records or self._store.would_store(records):
            return []
        if len(records) == 1:
            return [first]
        half = len(records) // 2
        return [
            *self._culprits(records[:half], first),
            *self._culprits(records[half:], first + half),
        ]

    def _believe(self, done: Work) -> None:
        """Takes over what is committed."""
        by_key = {placed.key: placed for placed in self._placed.values()}
        for key, piece in done.slices.items():
            placed = by_key[key]
            placed.next_offset = self._reached[key] = piece.end
            placed.suspected, placed.passed_over = None, 0
            placed.in_a_row = piece.refused_in_a_row
            if piece.stopped_reason is not None:
                placed.stopped = True
                log.error(piece.stopped_reason, topic=piece.topic, partition=key[1])
                self._kafka.pause(self.stopped)
            self._meters.add(EVENTS_APPLIED, piece.applied, piece.topic)
            self._meters.add(EVENTS_REPEATED, piece.repeated, piece.topic)
            self._meters.add(EVENTS_DEAD, piece.dead, piece.topic)
        self._memory.keep(done.chunks)
        self._meters.set(IDS_SEEN, len(self._memory))
        self._meters.set(PARTITIONS_STOPPED, len(self.stopped))

    def _fitting(self, batch: Batch, work: Work) -> NDArray[np.bool_]:
        """Which messages go on from where their partition stands; adds the slices of the work."""
        kept = np.zeros(len(batch.messages), dtype=np.bool_)
        topic = batch.messages[0].topic() or ""
        for number in np.unique(batch.partition).tolist():
            placed = self._placed.get((topic, number))
            if placed is None or placed.stopped:
                continue
            of_it = np.flatnonzero(batch.partition == number)
            of_it = of_it[batch.offset[of_it] >= placed.next_offset]
            if not len(of_it):
                continue
            if not self._goes_on((topic, number), placed, batch.offset[of_it]):
                continue
            refused = np.flatnonzero(np.isin(of_it, list(batch.refused))).tolist()
            stop, in_a_row = first_too_many(refused, len(of_it), placed.in_a_row)
            reason = detail = None
            if stop is not None:
                of_it = of_it[: stop + 1]
                reason, detail = "too_many_refused", f"{in_a_row} records in a row are no events"
            kept[of_it] = True
            last = int(of_it[-1])
            work.slices[placed.key] = Slice(
                topic,
                start=placed.next_offset,
                end=int(batch.offset[last]) + 1,
                watermark_ms=batch.messages[last].timestamp()[1],
                dead=sum(1 for at in refused if stop is None or at <= stop),
                refused_in_a_row=in_a_row,
                stopped_reason=reason,
                stopped_detail=detail,
            )
        return kept

    def _goes_on(self, place: TopicPartition, placed: Placed, offsets: NDArray[np.int64]) -> bool:
        """Whether records can be counted after the position; else they are read again from it.

        A hole before a batch may be the log's own (compaction, transactions), or a batch that was
        dropped on its way here: only a second look tells them apart. Batches that were under way
        when the second look began are passed over.
        """
        first = int(offsets[0])
        in_order = bool((np.diff(offsets) > 0).all())
        if in_order and first in (placed.next_offset, placed.suspected):
            return True
        placed.passed_over += 1
        if (
            placed.suspected is None
            or first < placed.suspected
            or placed.passed_over > MOST_UNDER_WAY
        ):
            placed.suspected, placed.passed_over = first, 0
            self._kafka.read_from({place: placed.next_offset})
        return False

    def _add(
        self,
        batch: Batch,
        kept: NDArray[np.bool_],
        work: Work,
        origins: list[tuple[Batch, int]],
    ) -> None:
        """Adds to the work what is new among the kept events of a batch."""
        topic = batch.messages[0].topic() or ""
        fresh = kept[batch.at]
        standing: dict[int, Standing] = {}
        if batch.topic.cleanup == "delete" and fresh.any():
            fresh, standing, chunks = self._memory.sift(batch, fresh)
            work.chunks += chunks
        keys = {number: self._placed[topic, number].key for number in self._numbers(batch, kept)}
        pressed = len(batch.presses)
        counted = np.bincount(batch.partition[batch.at[:pressed][fresh[:pressed]]])
        again = np.bincount(batch.partition[batch.at[kept[batch.at] & ~fresh]])
        for number, key in keys.items():
            piece = work.slices[key]
            piece.applied += int(counted[number]) if number < len(counted) else 0
            piece.repeated += int(again[number]) if number < len(again) else 0
        moved: list[Move] = []
        for index in (np.flatnonzero(fresh[pressed:]) + pressed).tolist():
            record, message = batch.others[index - pressed], int(batch.at[index])
            key = keys[int(batch.partition[message])]
            match record:
                case (
                    events.KioskMisused() | events.ObservationWithdrawn() | events.SurveyAnswered()
                ):
                    moved += moves(record, standing.get(index), self._hours)
                case events.KioskCounted():
                    work.effects.periods.append(
                        PeriodCount(record.subject, record.source, record.id, record.data)
                    )
                case events.KioskReasonGiven() | events.OmbudsmanContacted():
                    pass
                case _:
                    work.records.append((key, record))
                    origins.append((batch, message))
                    continue
            work.slices[key].applied += 1
            if not isinstance(record, Forgotten):
                self._add_sums(record, work.effects)
        if pressed or moved:
            counts = batch.columns.kept(fresh[:pressed])
            counts = counts.extended(moved) if moved else counts
            work.presses = counts if work.presses is None else work.presses.joined(counts)

    def _add_sums(self, event: events.Event, effects: Effects) -> None:
        if given := reasoned(event, self._hours):
            reason, amount = given
            effects.reasons[reason] = effects.reasons.get(reason, 0) + amount
        if told := contacted(event, self._hours):
            cell, counts = told
            known = effects.contacts.get(cell)
            effects.contacts[cell] = counts if known is None else known.plus(counts)
        if part := answered(event, self._hours):
            effects.answers[part[0]] = effects.answers.get(part[0], 0) + part[1]

    @staticmethod
    def _numbers(batch: Batch, kept: NDArray[np.bool_]) -> list[int]:
        numbers: list[int] = np.unique(batch.partition[kept]).tolist()
        return numbers


def _letters(batch: Batch, kept: NDArray[np.bool_]) -> list[dead_letters.Letter]:
    found = []
    for index, refusal in sorted(batch.refused.items()):
        if not kept[index]:
            continue
        message = batch.messages[index]
        record = dead_letters.Record(
            message.topic() or "",
            int(batch.partition[index]),
            int(batch.offset[index]),
            message.key(),
            message.value(),
            message.headers() or (),
        )
        found.append(
            dead_letters.letter(record, refusal, service="metrics", time=datetime.now(UTC))
        )
    return found
