"""What the archive was given comes out of it, each offset once."""

import tempfile
from pathlib import Path

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from metrics.archive.files import ArchiveFiles, Piece, Place, Record

PLACE = Place("top/ic+id", 3)


def record(at: int, *, dead: bool = False) -> Record:
    headers = [] if dead else [("traceparent", b"\x00\xff"), ("empty", b"")]
    raw = None if dead else f"value {at}".encode()
    return Record("kokemus.t", 3, at, 1_700_000_000_123 + at, None, raw, headers, dead)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30)), min_size=1, max_size=8))
def test_overlapping_files_give_each_offset_once_and_in_order(
    pieces: list[tuple[int, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = ArchiveFiles(folder)
        for first, count in pieces:
            files.write(PLACE, [record(at, dead=at % 7 == 0) for at in range(first, first + count)])
        offsets = sorted({at for first, count in pieces for at in range(first, first + count)})
        found = [one for some in files.read(PLACE, 0, 100) for one in some]
        assert found == [record(at, dead=at % 7 == 0) for at in offsets]
        assert files.covered(PLACE, offsets[0]) == next(
            at for at in range(offsets[0], 200) if at not in offsets
        )
        middle = [one.at for some in files.read(PLACE, 20, 40) for one in some]
        assert middle == [at for at in offsets if 20 <= at <= 40]


def test_duckdb_reads_the_files_as_they_stand(tmp_path: Path) -> None:
    files = ArchiveFiles(str(tmp_path))
    files.write(PLACE, [record(1), record(2, dead=True)])
    files.write(PLACE, [record(2, dead=True), record(3)])
    rows = duckdb.execute(
        'SELECT DISTINCT topic, "offset", decode(value)'
        f" FROM '{tmp_path}/*/*/*.parquet' ORDER BY ALL"
    ).fetchall()
    assert rows == [
        ("kokemus.t", 1, "value 1"),
        ("kokemus.t", 2, None),
        ("kokemus.t", 3, "value 3"),
    ]


def test_an_unfinished_file_is_no_part_of_the_archive(tmp_path: Path) -> None:
    files = ArchiveFiles(str(tmp_path))
    files.write(PLACE, [record(1), record(2)])
    (tmp_path / "top_ic-id" / "3" / "3-4.parquet.unfinished").write_bytes(b"half")
    assert files.places() == [Place("top_ic-id", 3)]
    assert files.pieces(PLACE) == [Piece(1, 2)]


def test_an_empty_archive_has_nothing(tmp_path: Path) -> None:
    files = ArchiveFiles(str(tmp_path / "not-yet"))
    assert files.places() == []
    assert files.covered(PLACE, 5) == 5
    assert list(files.read(PLACE, 0, 10)) == []
