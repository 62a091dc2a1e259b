"""Rows of a table become events, the same ones in every export."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus.contracts import events, wire
from kokemus.errors import Refused
from kokemus.imports import cells, delimited, templates, workbooks
from kokemus.imports.columns import Unmatched, normal
from kokemus.imports.rows import KINDS, ONLY_BY_NAME, Chunk, RowReader, chosen, chunks, fields
from kokemus.imports.tables import Unusable
from support.tables import PRESS, csv_file, workbook

HELSINKI = ZoneInfo("Europe/Helsinki")


def read(
    content: bytes, kind: str = "press", source: str = "old-kiosks", *, excel: bool = False
) -> list[Chunk]:
    known = {name for one in KINDS[kind] for name in fields(one)}
    rows = (
        workbooks.read(content)
        if excel
        else delimited.read(content, lambda header: sum(normal(cell) in known for cell in header))
    )
    header = next(rows).cells
    reader = RowReader(chosen(KINDS[kind], header), source, header, HELSINKI)
    return list(chunks(rows, reader))


def taken(content: bytes, kind: str = "press", **how: Any) -> list[Any]:
    return [event for chunk in read(content, kind, **how) for _, event in chunk.events]


def refused(content: bytes, kind: str = "press") -> list[tuple[int, str | None, str]]:
    return [
        (one.line, one.column, one.refused.detail)
        for chunk in read(content, kind)
        for one in chunk.rejected
    ]


def rows(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**PRESS, **change} for change in changes]


def test_a_row_of_presses_becomes_the_press_that_it_describes() -> None:
    (event,) = taken(csv_file(rows({"touchpoint": "after", "misuse": "kyllä"})))
    assert event == events.KioskPressed(
        specversion="1.0",
        id=event.id,
        source="old-kiosks",
        subject="terveysasema-kallio",
        time=datetime(2018, 1, 31, 12, 30, tzinfo=UTC),
        data=events.Press("4711", "smiley4", 3, "q-overall", "kiosk", "after", misuse=True),
    )
    assert wire.decode(wire.encode(event), (events.KioskPressed,)) == event


PRESSES = st.builds(
    lambda device, value, minute: {
        **PRESS,
        "device_id": device,
        "value": str(value),
        "time": f"2018-03-02T10:{minute:02}:00+02:00",
    },
    st.sampled_from(["a", "b"]),
    st.integers(0, 3),
    st.integers(0, 2),
)


@given(st.lists(PRESSES, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_every_row_has_an_id_of_its_own_whatever_the_order_of_rows_and_columns(
    table: list[dict[str, Any]], random: Any
) -> None:
    first = {event.id: event.data for event in taken(csv_file(table))}
    assert len(first) == len(table)
    columns = list(table[0])
    random.shuffle(columns)
    shuffled = random.sample(table, len(table))
    again = csv_file([{name: row[name] for name in columns} for row in shuffled], delimiter=",")
    assert {event.id: event.data for event in taken(again)} == first


@given(st.lists(PRESSES, min_size=1, max_size=8), st.lists(PRESSES, max_size=8))
def test_a_longer_export_adds_only_what_is_new(
    table: list[dict[str, Any]], more: list[dict[str, Any]]
) -> None:
    before = {event.id for event in taken(csv_file(table))}
    after = {event.id for event in taken(csv_file([*more, *table]))}
    assert before <= after
    assert len(after) == len(table) + len(more)


VALUES = st.fixed_dictionaries(
    {
        "subject": st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
        "time": st.datetimes(datetime(2000, 1, 2), datetime(2099, 1, 1)).map(  # noqa: DTZ001
            lambda naive: naive.replace(microsecond=0, tzinfo=UTC)
        ),
        "device_id": st.integers(0, 10**9).map(str),
        "scale": st.just("nps"),
        "value": st.integers(0, 10),
        "question_id": st.just("q"),
        "channel": st.sampled_from(["kiosk", "mobile", "web_smiley", "link"]),
        "misuse": st.booleans(),
    }
)


@given(st.lists(VALUES, min_size=1, max_size=6))
def test_csv_and_excel_give_the_same_events_and_the_same_ids(table: list[dict[str, Any]]) -> None:
    texts = [{**row, "time": row["time"].isoformat()} for row in table]
    names = list(table[0])
    in_excel: dict[str, Callable[[Any], Any]] = {
        "time": lambda time: time.astimezone(HELSINKI).isoformat(" "),
        "device_id": int,
    }
    numbers = [[in_excel.get(name, lambda it: it)(row[name]) for name in names] for row in table]
    from_text = taken(csv_file(texts))
    assert from_text == taken(workbook([names, *numbers]), excel=True)
    for row, event in zip(table, from_text, strict=True):
        assert event.time == row["time"]
        assert event.data.device_id == row["device_id"]
        assert (event.data.value, event.data.misuse) == (row["value"], row["misuse"])


def test_another_source_makes_other_ids() -> None:
    content = csv_file(rows({}))
    assert taken(content)[0].id != taken(content, source="new-kiosks")[0].id


def test_a_row_that_brings_its_id_keeps_it() -> None:
    assert [one.id for one in taken(csv_file(rows({"id": "p-1"}, {"id": "p-2"})))] == ["p-1", "p-2"]


def test_counts_of_a_period_are_reported_and_never_become_presses() -> None:
    whole = {
        "subject": "kallio",
        "channel": "kiosk",
        "scale": "smiley4",
        "question_id": "q",
        "counts": "1 20 300 4000",
        "period_start": "1.1.2018",
        "period_end": "2018-01-31",
        "as_of": "2018-02-01T08:00:00+02:00",
    }
    (event,) = taken(csv_file([whole]), "count")
    assert isinstance(event, events.KioskCounted)
    assert event.data.counts == [1, 20, 300, 4000]
    assert event.time == event.data.as_of == datetime(2018, 2, 1, 6, tzinfo=UTC)
    split: dict[str, Any] = {name: cell for name, cell in whole.items() if name != "counts"}
    split |= {f"counts_{value}": count for value, count in enumerate([1, 20, 300, 4000])}
    assert taken(csv_file([split], delimiter="\t"), "count") == [event]
    assert taken(csv_file([{**whole, "counts": "[1, 20, 300, 4000]"}]), "count") == [event]


def test_a_dash_is_not_reported_and_no_zero() -> None:
    figure = {
        "subject": "kallio",
        "metric": "happy_index",
        "channel": "kiosk",
        "period_start": "2017-01-01",
        "period_end": "2017-12-31",
        "as_of": "31.12.2017",
        "decimals": "0",
        "source_document": "Raportti, sivu 3",
        "value": "-",
        "n": "120 725",
    }
    missing, given = taken(csv_file([figure, {**figure, "value": "86,5"}]), "reported")
    assert missing.data.value is None
    assert (given.data.value, given.data.n) == (86.5, 120725)


def test_feedback_and_complaints_come_by_file_too() -> None:
    feedback = {
        "subject": "kallio",
        "time": "2.3.2026 klo 10.15",
        "feedback_id": "f1",
        "kind": "kiitos",
        "answer_requested": "ei",
        "contact_left": "0",
        "answer_possible": "FALSE",
        "language": "fi",
        "themes": "palvelu, saavutettavuus",
    }
    (event,) = taken(csv_file([feedback]), "feedback")
    assert event.data.themes == ["palvelu", "saavutettavuus"]
    assert event.time == datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
    complaint = {
        "subject": "terveysasemat",
        "time": "2026-03-02",
        "case_id": "5f2a",
        "kind": "kantelu",
        "authority": "lvv",
    }
    assert taken(csv_file([complaint]), "complaint")[0].data.case_id == "5f2a"


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"value": "4"}, "value"),
        ({"value": "3,5"}, "value"),
        ({"value": ""}, "value"),
        ({"value": "three"}, "value"),
        ({"value": "9" * 19}, "value"),
        ({"time": "31.2.2018 10:00"}, "time"),
        ({"time": "yesterday"}, "time"),
        ({"time": "0001-01-01T00:00:00+14:00"}, "time"),
        ({"time": "9999-12-31T23:59:59-12:00"}, "time"),
        ({"time": "1999-12-31T12:00:00Z"}, "time"),
        ({"time": "2018-01-01T10:00:00+99:99"}, "time"),
        ({"channel": "telepathy"}, "channel"),
        ({"subject": "two words"}, "subject"),
        ({"device_id": "010190-123A"}, "device_id"),
        ({"misuse": "perhaps"}, "misuse"),
    ],
)
def test_a_bad_row_is_told_by_line_and_column_without_its_value(
    change: dict[str, str], column: str
) -> None:
    bad = {"misuse": "", **change}
    content = csv_file(rows({"misuse": ""}, bad, {"misuse": ""}))
    ((line, told, detail),) = refused(content)
    assert (line, told) == (3, column)
    (value,) = change.values()
    assert len(value) < 2 or value not in detail
    assert len(taken(content)) == 2


@pytest.mark.parametrize(
    ("local", "utc_hour"),
    [
        ("2018-10-28 02:59", 23),
        ("2018-10-28 03:30", 0),  # autumn has it twice: the first one
        ("2018-10-28 04:00", 2),
        ("2018-03-25 02:59", 0),
        ("2018-03-25 03:30", 1),  # spring leaves it out: by the offset before
        ("2018-03-25 04:00", 1),
    ],
)
def test_a_time_without_offset_is_by_the_citys_clocks(local: str, utc_hour: int) -> None:
    assert taken(csv_file(rows({"time": local})))[0].time.hour == utc_hour


def test_equal_rows_of_the_doubled_hour_are_all_kept() -> None:
    found = taken(csv_file(rows(*[{"time": "28.10.2018 3.30"}] * 4)))
    assert len({one.id for one in found}) == 4
    assert {one.time.astimezone(HELSINKI).date() for one in found} == {date(2018, 10, 28)}


def test_headers_are_found_by_name_in_any_order_and_case() -> None:
    backwards = {name.upper().replace("_", " "): cell for name, cell in reversed(PRESS.items())}
    (event,) = taken(csv_file([backwards]))
    assert event.data.device_id == "4711"


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("nothing;known", "must name the columns"),
        ("subject;device_id;scale;question_id;channel", "missing: time, value"),
        (";".join([*PRESS, "VALUE"]), "two columns"),
    ],
)
def test_a_header_that_does_not_fit_is_refused_with_the_reason(header: str, told: str) -> None:
    with pytest.raises(Unmatched, match=told):
        read(f"{header}\na;b;c;d;e\n".encode())


def test_a_numbered_column_too_few_is_refused() -> None:
    known = [name for name in templates.header(events.KioskCounted) if name != "counts"]
    with pytest.raises(Unmatched, match="numbered"):
        read(";".join([*known, "counts_0", "counts_2"]).encode(), "count")


def test_unknown_columns_are_told_only_where_they_cannot_be_about_a_person() -> None:
    header = [*PRESS, "misues", "010190-123A"]
    reader = RowReader(events.KioskPressed, "s", header, HELSINKI)
    assert reader.unknown == ["misues", "column 9"]


def shifted(table: Sequence[dict[str, Any]], column: str) -> bytes:
    """Every row has one cell fewer than the header, from a column on; the last one is empty."""
    lines = [";".join(table[0])]
    for row in table:
        kept = [str(cell) for name, cell in row.items() if name != column]
        lines.append(";".join([*kept, ""]))
    return "\n".join(lines).encode()


@pytest.mark.parametrize("column", list(PRESS))
def test_a_table_shifted_against_its_header_is_refused_as_a_whole(column: str) -> None:
    with pytest.raises(Unmatched, match="shifted"):
        read(shifted(rows({}, {}, {}), column))


def test_rows_that_all_lack_a_cell_or_have_one_too_many_are_refused_as_a_whole() -> None:
    header, row = ";".join(PRESS), ";".join(PRESS.values())
    with pytest.raises(Unmatched, match="fewer cells"):
        read(f"{header}\n{row.rpartition(';')[0]}\n".encode())
    with pytest.raises(Unmatched, match="more cells"):
        read(f"{header}\n{row};5\n".encode())


def test_one_row_that_lacks_a_cell_is_refused_alone() -> None:
    header, row = ";".join(PRESS), ";".join(PRESS.values())
    content = f"{header}\n{row}\n{row.rpartition(';')[0]}\n{row}\n".encode()
    assert refused(content) == [(3, None, "the row has fewer cells than the header")]


def test_an_optional_last_column_may_stay_empty_beside_a_bad_row() -> None:
    table = rows({"misuse": ""}, {"misuse": "", "value": "9"}, {"misuse": ""})
    assert [line for line, _, _ in refused(csv_file(table))] == [3]


def test_a_file_is_read_on_in_bounded_pieces_and_its_end_told_where_it_breaks() -> None:
    table = rows(*[{"device_id": str(number)} for number in range(2_500)])
    content = csv_file(table) + b'"no end\n'
    pieces = read(content)
    assert [piece.rows for piece in pieces] == [1_000, 1_000, 500]
    assert pieces[-1].broken is not None
    assert pieces[-1].broken.line == 2_502
    assert Counter(one.id for piece in pieces for _, one in piece.events).most_common(1)[0][1] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_names_columns_that_fit_its_kind(kind: str) -> None:
    for event_type in KINDS[kind]:
        header = templates.header(event_type)
        kinds = (event_type,) if event_type in ONLY_BY_NAME else KINDS[kind]
        assert chosen(kinds, header) is event_type
        assert RowReader(event_type, "s", header, HELSINKI).unknown == []
        assert header[:2] == ["subject", "time"]


@pytest.mark.parametrize(
    ("cell", "number"),
    [("86,5", 86.5), ("86.5", 86.5), ("1 234", 1234), ("\N{MINUS SIGN}3", -3), (3, 3), (" 7 ", 7)],
)
def test_numbers_are_read_as_people_write_them(cell: Any, number: float) -> None:
    assert cells.number(cell, HELSINKI) == number


@pytest.mark.parametrize("cell", ["1,234.5", "", "1e5", "0x10", True, Unusable("is odd")])
def test_what_is_no_number_is_refused(cell: Any) -> None:
    with pytest.raises(Refused):
        cells.number(cell, HELSINKI)


@given(st.one_of(st.text(max_size=40), st.floats(), st.integers(), st.booleans(), st.datetimes()))
def test_no_cell_brings_a_reader_down(cell: Any) -> None:
    integers = cells.many(cells.integer)
    readers: list[cells.Reader] = [cells.text, cells.number, cells.integer, cells.boolean]
    for reader in [*readers, cells.day, cells.instant, integers]:
        try:
            reader(cell, HELSINKI)
        except Refused as error:
            assert error.detail  # noqa: PT017 - whichever it was
