"""Which files of the archive are older than their class of data is kept, and removing them."""

from collections.abc import Collection, Iterator
from datetime import datetime

import msgspec

from kokemus.contracts import retention
from kokemus.contracts.topics import declarations
from metrics.archive.files import ArchiveFiles, Extent, Piece, Place
from metrics.storage.gaps import Gap


class Overdue(msgspec.Struct):
    """What a topic has in the archive that may go, and what stays of it."""

    topic: str
    data_class: str
    files: int = 0
    records: int = 0
    bytes: int = 0
    waiting: int = 0
    """Files that are as old and stay: a gap in what was counted has yet to be filled from them."""
    oldest_left: datetime | None = None
    """When the oldest record of the files that stay was appended; None: none stays."""


def overdue(
    files: ArchiveFiles, prefix: str, gaps: Collection[Gap], now: datetime, *, apply: bool
) -> list[Overdue]:
    """Looks through the archive; a file goes as a whole, once its newest record is too old.

    Only what is counted goes. Removing is taken up where it was broken off.

    Args:
        files: the archive.
        prefix: of the city's topics; files of others are left alone.
        gaps: what is not counted yet.
        now: with an offset.
        apply: removes them; else they are only told.

    Returns:
        One entry a topic that the archive has, by name.

    Raises:
        OSError: the storage is away.
    """
    found: dict[str, Overdue] = {}
    for place, piece, extent in _pieces(files):
        declared = declarations().get(extent.topic.removeprefix(prefix))
        if declared is None or not extent.topic.startswith(prefix):
            continue
        told = found.setdefault(extent.topic, Overdue(extent.topic, declared.retention_class))
        limit = retention.rules()[declared.retention_class].before(now)
        if limit is None or extent.newest >= limit or _needed(place, piece, gaps):
            told.waiting += limit is not None and extent.newest < limit
            told.oldest_left = min(told.oldest_left or extent.oldest, extent.oldest)
            continue
        told.files += 1
        told.records += extent.records
        told.bytes += extent.bytes
        if apply:
            files.remove(place, piece)
    return [found[topic] for topic in sorted(found)]


def _pieces(files: ArchiveFiles) -> Iterator[tuple[Place, Piece, Extent]]:
    for place in files.places():
        for piece in files.pieces(place):
            yield place, piece, files.extent(place, piece)


def _needed(place: Place, piece: Piece, gaps: Collection[Gap]) -> bool:
    return any(
        Place(gap.topic_id, gap.partition).folder == place.folder
        and gap.first <= piece.last
        and piece.first <= gap.last
        for gap in gaps
    )
