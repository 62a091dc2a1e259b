"""Whether everything that was sent is counted, and if not, what is missing."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

State = Literal["running", "stopped", "waiting"]


class Ends(NamedTuple):
    """Where a topic ends now."""

    topic_id: str
    by_partition: Mapping[int, int]


class PartitionRow(NamedTuple):
    """What the database knows of a partition."""

    topic: str
    topic_id: str
    partition: int
    next_offset: int
    watermark: datetime | None
    applied: int
    repeated: int
    dead: int
    stopped: str | None


class TopicStatus(NamedTuple):
    """How far a topic is counted."""

    applied: int
    """Events that changed a figure or a record."""
    repeated: int
    dead: int
    pending: int | None
    """Records not yet read; None while the broker does not say where the topic ends."""
    watermark: datetime | None
    """Append time up to which all partitions are applied."""
    state: State
    why: str | None

    @property
    def settled(self) -> bool:
        """Whether it is counted to its end."""
        return self.state == "running" and self.pending == 0


def topic_status(
    topic: str, rows: Sequence[PartitionRow], ends: Mapping[str, Ends] | None
) -> TopicStatus:
    """The status of one topic.

    Args:
        topic: its name on the broker.
        rows: what the database knows of it, rows of a topic of the same name that is gone included.
        ends: of every topic that exists; None if no broker answers.
    """
    end = None if ends is None else ends.get(topic)
    current = [row for row in rows if end is None or row.topic_id == end.topic_id]
    stopped = next((row.stopped for row in current if row.stopped), None)
    sums = (
        sum(row.applied for row in rows),
        sum(row.repeated for row in rows),
        sum(row.dead for row in rows),
    )
    if end is None:
        why = "Kafka does not answer" if ends is None else "the topic does not exist"
        mark = max((row.watermark for row in rows if row.watermark), default=None)
        return TopicStatus(*sums, None, mark, "stopped" if stopped else "waiting", stopped or why)
    reached = {row.partition: row.next_offset for row in current}
    behind = {
        partition: last - reached.get(partition, 0)
        for partition, last in end.by_partition.items()
        if last > reached.get(partition, 0)
    }
    unread = end.by_partition.keys() - reached.keys()
    state: State = "stopped" if stopped else "waiting" if unread & behind.keys() else "running"
    return TopicStatus(
        *sums,
        sum(behind.values()),
        _watermark(current, behind.keys()),
        state,
        stopped or ("some partitions were never read" if state == "waiting" else None),
    )


def _watermark(rows: Iterable[PartitionRow], behind: Iterable[int]) -> datetime | None:
    marks = {row.partition: row.watermark for row in rows}
    lagging = [marks.get(partition) for partition in behind]
    if lagging:
        known = [mark for mark in lagging if mark is not None]
        return min(known) if len(known) == len(lagging) else None
    return max((mark for mark in marks.values() if mark is not None), default=None)
