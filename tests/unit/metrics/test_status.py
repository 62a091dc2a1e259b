from datetime import UTC, datetime

from metrics.domain.status import Ends, PartitionRow, topic_status

EARLY = datetime(2026, 11, 22, 8, tzinfo=UTC)
LATE = datetime(2026, 11, 22, 9, tzinfo=UTC)
ENDS = {"t": Ends("id-1", {0: 10, 1: 5})}


def row(
    partition: int,
    next_offset: int,
    *,
    topic_id: str = "id-1",
    watermark: datetime | None = LATE,
    stopped: str | None = None,
) -> PartitionRow:
    return PartitionRow("t", topic_id, partition, next_offset, watermark, 3, 2, 1, stopped)


def test_topic_is_settled_when_every_partition_is_at_its_end() -> None:
    found = topic_status("t", [row(0, 10, watermark=EARLY), row(1, 5)], ENDS)
    assert found.settled
    assert (found.applied, found.repeated, found.dead) == (6, 4, 2)
    assert (found.pending, found.watermark) == (0, LATE)


def test_watermark_is_that_of_the_partition_that_lags() -> None:
    found = topic_status("t", [row(0, 7, watermark=EARLY), row(1, 5)], ENDS)
    assert not found.settled
    assert (found.pending, found.watermark, found.state) == (3, EARLY, "running")


def test_partition_that_was_never_read_waits() -> None:
    found = topic_status("t", [row(0, 10)], ENDS)
    assert (found.state, found.pending, found.watermark) == ("waiting", 5, None)


def test_empty_partition_that_was_never_read_keeps_nothing_waiting() -> None:
    assert topic_status("t", [row(0, 10)], {"t": Ends("id-1", {0: 10, 1: 0})}).settled


def test_topic_that_was_created_anew_is_unread_though_the_old_one_was_counted() -> None:
    old = [row(0, 10, topic_id="id-0"), row(1, 5, topic_id="id-0")]
    found = topic_status("t", old, ENDS)
    assert (found.pending, found.state, found.applied) == (15, "waiting", 6)


def test_stopped_partition_says_why() -> None:
    found = topic_status("t", [row(0, 10, stopped="too_much_refused"), row(1, 5)], ENDS)
    assert (found.state, found.why, found.settled) == ("stopped", "too_much_refused", False)


def test_nothing_is_settled_while_the_broker_is_away() -> None:
    found = topic_status("t", [row(0, 10), row(1, 5)], None)
    assert (found.settled, found.pending, found.state) == (False, None, "waiting")


def test_topic_that_does_not_exist_says_so() -> None:
    assert topic_status("t", [], {}).why == "the topic does not exist"
