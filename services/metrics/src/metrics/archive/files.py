"""Parquet files of records, named by what they hold, in a folder or an S3-compatible store.

`{topic id}/{partition}/{first}-{last}.parquet` holds all that the log had from the first to the
last offset, so that writing it twice is harmless. Files may overlap where a writer was restarted:
readers take each offset once. DuckDB reads them as they are:

    SELECT topic, "offset", "timestamp", decode(value) FROM 'archive/*/*/*.parquet'
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

SCHEMA: Final = pa.schema(
    [
        ("topic", pa.string()),
        ("partition", pa.int32()),
        ("offset", pa.int64()),
        ("timestamp", pa.timestamp("ms", tz="UTC")),
        ("key", pa.binary()),
        ("value", pa.binary()),
        ("headers", pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))),
        ("dead", pa.bool_()),
        ("day", pa.date32()),
    ]
)
ROWS_AT_ONCE: Final = 10_000
"""Rows that a reader holds in memory."""

_SUFFIX: Final = ".parquet"
_DAY_MS: Final = 86_400_000
_UNFINISHED: Final = ".unfinished"


class Place(NamedTuple):
    """A partition of a topic that was created once: a topic made anew has another id."""

    topic_id: str
    partition: int

    @property
    def folder(self) -> str:
        """Where its files are: an id is base64, in which a slash would be another folder."""
        return f"{self.topic_id.replace('/', '_').replace('+', '-')}/{self.partition}"


class Piece(NamedTuple):
    """A file: what the log had from the first to the last offset, both included."""

    first: int
    last: int


class Extent(NamedTuple):
    """What a file says of itself without being read."""

    topic: str
    records: int
    bytes: int
    oldest: datetime
    newest: datetime
    """When the newest of its records was appended."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as the archive keeps it; it reads like a message of librdkafka's client."""

    name: str
    number: int
    at: int
    timestamp_ms: int
    raw_key: bytes | None
    raw_value: bytes | None
    raw_headers: Sequence[tuple[str, bytes]]
    dead: bool = False

    def topic(self) -> str:
        """The topic's full name."""
        return self.name

    def partition(self) -> int:
        """The partition's number."""
        return self.number

    def offset(self) -> int:
        """Where in the partition it lay."""
        return self.at

    def key(self) -> bytes | None:
        """As it was sent."""
        return self.raw_key

    def value(self) -> bytes | None:
        """As it was sent."""
        return self.raw_value

    def headers(self) -> list[tuple[str, bytes]]:
        """As they were sent."""
        return list(self.raw_headers)

    def timestamp(self) -> tuple[int, int]:
        """Its kind (1: of creation) and milliseconds since 1970."""
        return (1, self.timestamp_ms)


class ArchiveFiles:
    """The files under one address.

    Args:
        url: a folder, or what pyarrow knows, such as `s3://bucket/prefix?endpoint_override=...`.
    """

    def __init__(self, url: str) -> None:
        known: tuple[fs.FileSystem, str] = (
            fs.FileSystem.from_uri(url) if "://" in url else (fs.LocalFileSystem(), url)
        )
        self._files, self._base = known[0], known[1].rstrip("/")

    def write(self, place: Place, records: Sequence[Record]) -> Piece:
        """Writes records of a partition, in the order of their offsets.

        Returns when the file stands under its name, whole.

        Raises:
            OSError: the storage is away or full.
        """
        piece = Piece(records[0].at, records[-1].at)
        self._files.create_dir(f"{self._base}/{place.folder}", recursive=True)
        name = self._name(place, piece)
        columns: dict[str, list[Any]] = {
            "topic": [one.name for one in records],
            "partition": [one.number for one in records],
            "offset": [one.at for one in records],
            "timestamp": [one.timestamp_ms for one in records],
            "key": [one.raw_key for one in records],
            "value": [one.raw_value for one in records],
            "headers": [
                [{"name": name, "value": value} for name, value in one.raw_headers]
                for one in records
            ],
            "dead": [one.dead for one in records],
            "day": [one.timestamp_ms // _DAY_MS for one in records],
        }
        table = pa.table(columns, schema=SCHEMA)
        pq.write_table(table, f"{name}{_UNFINISHED}", filesystem=self._files, compression="zstd")
        self._files.move(f"{name}{_UNFINISHED}", name)
        return piece

    def places(self) -> list[Place]:
        """Every partition that has files."""
        found = []
        for topic in self._listed(self._base):
            found += [
                Place(topic.base_name, int(one.base_name))
                for one in self._listed(topic.path)
                if one.base_name.isdecimal()
            ]
        return sorted(found)

    def pieces(self, place: Place) -> list[Piece]:
        """The files of a partition, by their first offset."""
        found = []
        for one in self._listed(f"{self._base}/{place.folder}"):
            first, _, last = one.base_name.removesuffix(_SUFFIX).partition("-")
            if one.base_name.endswith(_SUFFIX) and first.isdecimal() and last.isdecimal():
                found.append(Piece(int(first), int(last)))
        return sorted(found)

    def extent(self, place: Place, piece: Piece) -> Extent:
        """What a file holds, from its footer.

        Raises:
            OSError: the storage is away, or the file is gone or broken.
        """
        name = self._name(place, piece)
        with _sound(name), self._files.open_input_file(name) as source:
            size, footer = source.size(), pq.ParquetFile(source).metadata
        groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
        topics, times = (
            [group.column(SCHEMA.get_field_index(column)).statistics for group in groups]
            for column in ("topic", "timestamp")
        )
        return Extent(
            topics[0].min,
            footer.num_rows,
            size,
            min(one.min for one in times),
            max(one.max for one in times),
        )

    def remove(self, place: Place, piece: Piece) -> None:
        """Removes a file for good.

        Raises:
            OSError: the storage is away, or the file is gone.
        """
        self._files.delete_file(self._name(place, piece))

    def covered(self, place: Place, first: int) -> int:
        """The offset after the last one that the archive has without a hole, from the first on."""
        end = first
        for piece in self.pieces(place):
            if piece.first <= end <= piece.last:
                end = piece.last + 1
        return end

    def read(self, place: Place, first: int, last: int) -> Iterator[list[Record]]:
        """The records from the first to the last offset, each once, some at a time.

        Raises:
            OSError: the storage is away, or a file is broken.
        """
        following = first
        for piece in self.pieces(place):
            if piece.last < following or piece.first > last:
                continue
            name = self._name(place, piece)
            with _sound(name), self._files.open_input_file(name) as source:
                for batch in pq.ParquetFile(source).iter_batches(ROWS_AT_ONCE):
                    records = [one for one in _records(batch) if following <= one.at <= last]
                    if records:
                        yield records
            following = piece.last + 1

    def _name(self, place: Place, piece: Piece) -> str:
        return f"{self._base}/{place.folder}/{piece.first:020}-{piece.last:020}{_SUFFIX}"

    def _listed(self, folder: str) -> list[Any]:
        selector = fs.FileSelector(folder, allow_not_found=True)
        return list(self._files.get_file_info(selector))


@contextmanager
def _sound(name: str) -> Iterator[None]:
    """Says which file is broken, as the storage's errors do."""
    try:
        yield
    except pa.ArrowInvalid as error:
        raise OSError(f"{name} is no Parquet file") from error


def _records(batch: Any) -> list[Record]:
    columns = batch.to_pydict()
    times = batch.column("timestamp").cast(pa.int64()).to_pylist()
    return [
        Record(name, number, at, time, key, value, [(h["name"], h["value"]) for h in headers], dead)
        for name, number, at, time, key, value, headers, dead in zip(
            columns["topic"],
            columns["partition"],
            columns["offset"],
            times,
            columns["key"],
            columns["value"],
            columns["headers"],
            columns["dead"],
            strict=True,
        )
    ]
