"""What of the archive is too old, by its class of data; a file goes as a whole."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kokemus.contracts import retention, topics
from metrics.archive.expiring import overdue
from metrics.archive.files import ArchiveFiles, Piece, Place, Record
from metrics.storage.gaps import Gap

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PLACE = Place("T0pic", 3)
LIMIT = retention.rules()["events"].days or 0


def record(at: int, age_days: float, topic: str = "kokemus.feedback.v1") -> Record:
    moment = NOW - timedelta(days=age_days)
    return Record(topic, 3, at, int(moment.timestamp() * 1000), b"k", b"v", [])


@pytest.fixture
def files(tmp_path: Path) -> ArchiveFiles:
    return ArchiveFiles(str(tmp_path))


def test_a_file_goes_once_its_newest_record_is_too_old(files: ArchiveFiles) -> None:
    files.write(PLACE, [record(0, LIMIT + 9), record(1, LIMIT + 1)])
    files.write(PLACE, [record(2, LIMIT + 1), record(3, LIMIT - 1)])
    (told,) = overdue(files, "kokemus.", [], NOW, apply=False)
    assert (told.files, told.records, told.waiting) == (1, 2, 0)
    assert told.bytes > 0
    assert told.oldest_left == NOW - timedelta(days=LIMIT + 1)
    assert len(files.pieces(PLACE)) == 2
    overdue(files, "kokemus.", [], NOW, apply=True)
    assert files.pieces(PLACE) == [Piece(2, 3)]
    (again,) = overdue(files, "kokemus.", [], NOW, apply=True)
    assert again.files == 0


def test_what_a_gap_has_yet_to_be_filled_from_stays(files: ArchiveFiles) -> None:
    files.write(PLACE, [record(0, LIMIT + 9), record(1, LIMIT + 8)])
    files.write(PLACE, [record(2, LIMIT + 7)])
    gap = Gap("kokemus.feedback.v1", PLACE.topic_id, PLACE.partition, 1, 1)
    (told,) = overdue(files, "kokemus.", [gap], NOW, apply=True)
    assert (told.files, told.waiting) == (1, 1)
    assert files.pieces(PLACE) == [Piece(0, 1)]


@pytest.mark.parametrize("topic", ["kokemus.registry.v1", "other.feedback.v1", "kokemus.foreign"])
def test_state_and_what_is_not_ours_stay_for_ever(files: ArchiveFiles, topic: str) -> None:
    files.write(PLACE, [record(0, 9 * LIMIT, topic)])
    assert sum(told.files for told in overdue(files, "kokemus.", [], NOW, apply=True)) == 0
    assert files.pieces(PLACE) == [Piece(0, 0)]


def test_a_broken_file_is_named(files: ArchiveFiles, tmp_path: Path) -> None:
    files.write(PLACE, [record(0, 1)])
    (whole,) = tmp_path.glob("*/*/*.parquet")
    whole.write_bytes(b"")
    with pytest.raises(OSError, match=whole.name):
        overdue(files, "kokemus.", [], NOW, apply=True)
    with pytest.raises(OSError, match=whole.name):
        list(files.read(PLACE, 0, 9))


def test_the_archive_outlives_the_topics() -> None:
    for topic in topics.declarations().values():
        days = retention.rules()[topic.retention_class].days
        if topic.retention_days is not None and days is not None:
            assert days > topic.retention_days


def test_every_class_of_a_topic_has_a_rule() -> None:
    assert {one.retention_class for one in topics.declarations().values()} == set(retention.rules())
