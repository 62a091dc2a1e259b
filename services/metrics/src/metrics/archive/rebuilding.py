"""Counts again what was counted, from the archive and then from the topics, by the same protocol.

Partition by partition, so that memory holds the ids of one at a time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from kokemus.dead_letters import Letter
from kokemus.telemetry import Meters
from metrics.archive.files import ROWS_AT_ONCE, ArchiveFiles, Place, Record
from metrics.archive.filling import ArchiveLog, count_all
from metrics.archive.topic_reading import TopicReader
from metrics.counter import Counter
from metrics.domain.batches import BatchDecoder
from metrics.domain.local_time import LocalHours
from metrics.storage.gaps import Gap
from metrics.storage.rebuilt import CannotRebuildError, Reached, RebuiltStore


class Rebuilder:
    """Brings the rebuilt counts to where others are.

    Args:
        store: the rebuilt counts.
        files: the archive.
        topics: for what it does not have.
        decoders: by full topic name.
        hours: of the city.
        advance: is told how many offsets were passed.
    """

    def __init__(  # noqa: PLR0913 - the parts that it joins
        self,
        *,
        store: RebuiltStore,
        files: ArchiveFiles,
        topics: TopicReader,
        decoders: Mapping[str, BatchDecoder],
        hours: LocalHours,
        advance: Callable[[int], None],
    ) -> None:
        self._store = store
        self._files = files
        self._topics = topics
        self._decoders = decoders
        self._hours = hours
        self._advance = advance

    def bring_up(self, wanted: Sequence[Reached]) -> None:
        """Counts every record before the given offsets; what is nowhere any more becomes a gap.

        Raises:
            CannotRebuildError: the live counts are of something that metrics does not count, or
                fell back behind the rebuilt ones.
            Unavailable: database or brokers are away.
            OSError: the storage is away.
        """
        for one in wanted:
            if one.topic not in self._decoders:
                raise CannotRebuildError(f"{one.topic} is counted, but no topic that is declared")
            at = self._store.states({one.key: one.topic})[one.key].next_offset
            if at > one.next_offset:
                raise CannotRebuildError(
                    f"the live counts fell back in {one.topic}: rebuild anew, from the beginning"
                )
            if at < one.next_offset:
                self._count_through(one, at)

    def _count_through(self, one: Reached, at: int) -> None:
        gap = Gap(one.topic, one.topic_id, one.partition, at, one.next_offset - 1)
        counter = Counter(self._store, ArchiveLog(gap, _told_before), self._hours, Meters())
        counter.assign([(one.topic, one.partition)])
        while at < one.next_offset:
            counter.place()
            self._topics.ended = None
            end, messages = self._found(one, at)
            if messages is None:
                self._store.record_gap(one.key, at, end - 1)
            else:
                for some in _gathered(messages):
                    self._count(counter, self._decoders[one.topic], some)
                    self._advance(some[-1].offset() + 1 - at)
                    at = some[-1].offset() + 1
                if (ended := self._topics.ended) is None:
                    self._store.reach(one.key, end)
                else:  # the topic is shorter than what was counted of it
                    self._store.reach(one.key, max(at, ended))
                    self._store.record_gap(one.key, max(at, ended), end - 1)
            self._advance(end - at)
            at = end

    def _found(self, one: Reached, at: int) -> tuple[int, Iterator[Sequence[Any]] | None]:
        """Until where there is something from an offset on, and what; None: it is lost."""
        place = Place(one.topic_id, one.partition)
        if (end := min(self._files.covered(place, at), one.next_offset)) > at:
            return end, self._files.read(place, at, end - 1)
        pieces = [piece.first for piece in self._files.pieces(place) if piece.first > at]
        end = min([one.next_offset, *pieces])
        begins = self._topics.begins(one.topic, one.topic_id, one.partition)
        if begins is not None and begins <= at:
            return end, self._topics.read(one.topic, one.partition, at, end)
        if begins is not None and begins < end:
            end = begins
        return end, iter(()) if self._decoders[one.topic].compacted else None

    @staticmethod
    def _count(counter: Counter, decoder: BatchDecoder, messages: Sequence[Any]) -> None:
        sound = [one for one in messages if not (isinstance(one, Record) and one.dead)]
        if sound:
            count_all(counter, partial(decoder.decode, sound))


def _gathered(parts: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """The same messages in larger parts: a transaction each for small files would take long."""
    held: list[Any] = []
    for part in parts:
        if held and len(held) + len(part) > ROWS_AT_ONCE:
            yield held
            held = []
        held += part
    if held:
        yield held


def _told_before(_letters: Sequence[Letter]) -> None:
    """What cannot be counted became a dead letter when the live counts came to it."""
