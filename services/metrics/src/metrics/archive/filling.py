"""Counts what the topics lost before it was counted, from the archive, by the same protocol."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Final

import structlog

from kokemus.dead_letters import Letter
from kokemus.errors import Unavailable
from kokemus.metric_names import GAPS_FILLED
from kokemus.telemetry import Meters
from metrics.archive.files import ArchiveFiles, Place
from metrics.counter import Counter, TopicPartition
from metrics.domain.batches import Batch, BatchDecoder
from metrics.domain.local_time import LocalHours
from metrics.storage.gaps import Gap, GapStore

LOOKS: Final = 3
"""A hole in the archive needs a second look, and somebody else may have counted meanwhile."""

log = structlog.get_logger()


class ArchiveLog:
    """What the counter asks of a log, for one gap of one partition."""

    def __init__(self, gap: Gap, keep: Callable[[Sequence[Letter]], None]) -> None:
        self._gap = gap
        self._keep = keep

    def topic_ids(self, topics: Sequence[str]) -> dict[str, str]:
        """The id under which the partition was archived."""
        return dict.fromkeys(topics, self._gap.topic_id)

    def bounds(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, tuple[int, int]]:
        """The gap's ends."""
        return dict.fromkeys(partitions, (0, self._gap.last + 1))

    def read_from(self, offsets: Mapping[TopicPartition, int]) -> None:
        """The reader gives what follows by itself."""

    def pause(self, partitions: Sequence[TopicPartition]) -> None:
        """The reader stops by itself."""

    def keep(self, letters: Sequence[Letter]) -> None:
        """What the database refuses, or a contract that is stricter by now."""
        self._keep(letters)


def fill(  # noqa: PLR0913, PLR0917 - the parts that it joins
    store: GapStore,
    files: ArchiveFiles,
    decoders: Mapping[str, BatchDecoder],
    hours: LocalHours,
    meters: Meters,
    keep: Callable[[Sequence[Letter]], None],
) -> int:
    """Fills every gap as far as the archive reaches; how many records were read for that.

    A record that was counted before counts nothing, so that filling twice does no harm.

    Raises:
        Unavailable: database or broker are away, or others count in the same places just now.
        OSError: the storage is away.
    """
    filled = 0
    for gap in store.gaps():
        place = Place(gap.topic_id, gap.partition)
        end = min(files.covered(place, gap.first), gap.last + 1)
        if end == gap.first or gap.topic not in decoders:
            continue
        counter = Counter(store, ArchiveLog(gap, keep), hours, meters)
        counter.assign([(gap.topic, gap.partition)])
        counter.place()
        if counter.positions()[gap.topic, gap.partition] != gap.first:
            continue  # filled, or swapped, since the gaps were listed
        for records in files.read(place, gap.first, end - 1):
            sound = [record for record in records if not record.dead]
            if sound:
                count_all(counter, partial(decoders[gap.topic].decode, sound))
            filled += len(records)
        store.close_up(gap, end)
        log.info("gap_filled", topic=gap.topic, partition=gap.partition, first=gap.first, end=end)
    meters.add(GAPS_FILLED, filled)
    return filled


def count_all(counter: Counter, decode: Callable[[], Batch]) -> None:
    """Counts all messages of one partition, looking again where the counter wants to.

    Args:
        counter: the partition is its own.
        decode: gives the messages, the same each time: counting may set some of them aside.

    Raises:
        Unavailable: database or broker are away, or others count in the same places just now.
    """
    looks = 0
    while looks < LOOKS:
        if counter.lost or counter.stopped:
            counter.place()
        batch = decode()
        last = batch.messages[-1]
        place = last.topic() or "", last.partition() or 0
        before = counter.positions().get(place, 0)
        counter.count([batch])
        at = counter.positions().get(place, 0)
        if at > (last.offset() or 0):
            return
        looks = 0 if at > before else looks + 1
    raise Unavailable("others count in the same places just now")
