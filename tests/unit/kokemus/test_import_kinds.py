"""Tables of every source beside the kiosks, and inventories whose cells have shifted."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from kokemus.contracts import events
from kokemus.contracts.codes import CodeLists
from kokemus.errors import Refused
from kokemus.imports import delimited, templates, workbooks
from kokemus.imports.columns import Unmatched, normal
from kokemus.imports.rows import KINDS, RowReader, chosen, chunks, fields
from support.tables import csv_file, workbook

HELSINKI = ZoneInfo("Europe/Helsinki")
PERIOD = {"period_start": "1.1.2018", "period_end": "30.6.2018", "as_of": "30.6.2018"}
ANSWER = {"subject": "neuvolat", "survey_id": "s", "wave": "2026", "question_id": "q"}
CASE = {"subject": "sote", "time": "2.3.2026", "case_id": "5f2a", "kind": "kantelu"}


def read(
    kind: str,
    *rows: dict[str, Any],
    excel: bool = False,
    named: type[events.Event] | None = None,
) -> list[Any]:
    """The events of a table of a kind; the test fails where a row is refused."""
    known = {name for one in KINDS[kind] for name in fields(one)}
    if excel:
        table = workbooks.read(workbook([list(rows[0]), *[list(row.values()) for row in rows]]))
    else:
        table = delimited.read(
            csv_file(rows), lambda header: sum(normal(cell) in known for cell in header)
        )
    header = next(table).cells
    kinds = KINDS[kind] if named is None else (named,)
    reader = RowReader(chosen(kinds, header), "source", header, HELSINKI)
    found = list(chunks(table, reader))
    assert [one.refused.detail for chunk in found for one in chunk.rejected] == []
    return [event for chunk in found for _, event in chunk.events]


@pytest.mark.parametrize(
    ("kind", "row", "expected"),
    [
        (
            "feedback",
            {"subject": "neuvolat", "feedback_id": "f", "answered_at": "2.3.2026 14:05"},
            events.FeedbackAnswer("f", datetime(2026, 3, 2, 14, 5, tzinfo=HELSINKI)),
        ),
        (
            "survey",
            {**ANSWER, "time": "2.3.2026", "response_id": "r", "scale": "nps", "value": "9"},
            events.SurveyAnswer("s", "2026", "r", "q", "nps", 9),
        ),
        (
            "survey",
            {**ANSWER, **PERIOD, "scale": "grade4_10", "min": "8,5", "max": "9", "mean": "-"},
            events.SurveyResult(
                date(2018, 1, 1),
                date(2018, 6, 30),
                "2018-06-30",
                "s",
                "2026",
                "q",
                "grade4_10",
                min=8.5,
                max=9,
            ),
        ),
        (
            "survey",
            {
                "subject": "s",
                "time": "2.3.2026",
                "survey_id": "s",
                "wave": "2026",
                "sampling": "census",
                "customers": "412 000",
                "questions": "q:recommend:nps; r:statement:likert5",
            },
            events.Survey(
                "s",
                "2026",
                "census",
                [
                    events.SurveyQuestion("q", "recommend", "nps"),
                    events.SurveyQuestion("r", "statement", "likert5"),
                ],
                customers=412_000,
            ),
        ),
        (
            "method",
            {
                "subject": "sote",
                "time": "2.3.2026",
                "level": "3",
                "method": "asiakasraadit",
                "year": "2025",
                "volume": "-",
            },
            events.MethodReport(3, "asiakasraadit", 2025, None),
        ),
        (
            "game",
            {
                "subject": "sote",
                "time": "2.3.2026",
                "game_id": "g",
                "measures": "kayttajat:kannattaa_kokeilla | toimintatavat:avoimuus",
                "actions": "kyselyt:palvelupaallikko:2026-12-31:nps",
            },
            events.Game(
                "g",
                [
                    events.GameMeasure("kayttajat", "kannattaa_kokeilla"),
                    events.GameMeasure("toimintatavat", "avoimuus"),
                ],
                [events.GameAction("kyselyt", "palvelupaallikko", date(2026, 12, 31), "nps")],
            ),
        ),
        (
            "game",
            {
                "subject": "sote",
                "time": "2.3.2026",
                "game_id": "g",
                "measures": '[{"theme": "kayttajat", "column": "kannattaa_kokeilla"}]',
            },
            events.Game("g", [events.GameMeasure("kayttajat", "kannattaa_kokeilla")]),
        ),
        (
            "ombudsman",
            {"subject": "sote", "time": "2.3.2026", "field": "both", "matters": "hoito, kohtelu"},
            events.Contact("both", ["hoito", "kohtelu"]),
        ),
        (
            "ombudsman",
            {"subject": "sote", **PERIOD, "field": "", "contacts": "1 565", "matters": "1899"},
            events.ContactSummary(
                date(2018, 1, 1), date(2018, 6, 30), "2018-06-30", None, 1565, 1899
            ),
        ),
        (
            "complaint",
            {**CASE, "authority": "lvv", "reasons": "hoito"},
            events.Complaint("5f2a", "kantelu", "lvv", ["hoito"]),
        ),
        (
            "complaint",
            {**CASE, "authority": "lvv", "outcome": "guidance"},
            events.Decision("5f2a", "kantelu", "lvv", outcome="guidance"),
        ),
        (
            "complaint",
            {"subject": "sote", **PERIOD, "kind": "unspecified", "count": "-"},
            events.ComplaintSummary(
                date(2018, 1, 1), date(2018, 6, 30), "2018-06-30", "unspecified", None
            ),
        ),
    ],
)
@pytest.mark.parametrize("excel", [False, True])
def test_a_row_becomes_the_event_that_its_header_tells(
    kind: str, row: dict[str, Any], expected: Any, *, excel: bool
) -> None:
    (event,) = read(kind, row, excel=excel)
    assert event.data == expected


def test_without_a_time_a_summary_is_of_the_day_on_which_it_was_known() -> None:
    row = {"subject": "sote", **PERIOD, "kind": "muistutus", "count": "208"}
    (by_day,) = read("complaint", row)
    assert by_day.time == datetime(2018, 6, 30, tzinfo=HELSINKI)
    (by_hour,) = read("complaint", {**row, "as_of": "30.6.2018 12:00"})
    assert by_hour.time == datetime(2018, 6, 30, 12, tzinfo=HELSINKI)


def test_the_questions_of_a_survey_may_have_their_wording_as_json() -> None:
    wording = '[{"question_id": "q", "family": "overall", "scale": "smiley4", "wording": %s}]'
    (event,) = read(
        "survey",
        {
            "subject": "s",
            "time": "2.3.2026",
            "survey_id": "s",
            "wave": "2026",
            "sampling": "self_selected",
            "questions": wording % '{"fi": "Miltä kävi?", "sv": "Hur gick det?"}',
        },
    )
    assert event.data.questions[0].wording == events.Translated("Miltä kävi?", "Hur gick det?")


def test_feedback_is_updated_and_withdrawn_only_where_the_sender_says_so() -> None:
    row = {"subject": "neuvolat", "time": "2.3.2026 14:05", "feedback_id": "f"}
    moved, *_ = read("feedback", {**row, "kind": "kiitos"}, named=events.FeedbackUpdated)
    assert moved.data == events.FeedbackUpdate("f", kind="kiitos")
    withdrawn, *_ = read("feedback", row, named=events.FeedbackWithdrawn)
    assert withdrawn.data == events.FeedbackWithdrawal("f")
    for incomplete in (row, {**row, "kind": "kiitos", "language": "fi"}):
        with pytest.raises(Unmatched, match="missing"):
            read("feedback", incomplete)


def test_a_header_that_fits_no_type_is_told_what_the_likeliest_lacks() -> None:
    with pytest.raises(Unmatched, match="missing: count"):
        read("complaint", {"subject": "sote", **PERIOD, "kind": "muistutus", "reasons": ""})


MARKED = (
    *("collects", "survey", "feedback_channel", "continuous", "other_way"),
    *("frequency_continuous", "frequency_yearly_or_every_other_year", "frequency_occasional"),
    *("last_time_2021", "last_time_2020", "last_time_2019_or_before"),
    *("used_where_work_unit", "used_where_management"),
)
UNITS = {
    "kirjasto": "1111110010011",
    "museot": "1100000100111",
    "nuorisotalo": "1100001011010",
    "ulkoilu": "0000110010010",
}
"""A mark for each column, as an inventory of four units may have them."""


def inventory(units: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    return [
        {"subject": unit, "time": "29.11.2021", **dict(zip(MARKED, marks, strict=True))}
        for unit, marks in units.items()
    ]


@pytest.mark.parametrize("excel", [False, True])
def test_an_inventory_with_a_column_for_each_choice_is_read_as_it_stands(*, excel: bool) -> None:
    kirjasto, museot, nuorisotalo, ulkoilu = read("practice", *inventory(UNITS), excel=excel)
    assert kirjasto.data.used_where == ["management", "work_unit"]
    assert museot.data.last_time == ["2019-or-before"]
    assert nuorisotalo.data.frequency == ["yearly_or_every_other_year"]
    assert nuorisotalo.data.last_time == ["2020", "2021"]
    assert (ulkoilu.data.collects, ulkoilu.data.other_way) == (False, True)


@pytest.mark.parametrize("excel", [False, True])
@pytest.mark.parametrize("dropped", range(len(MARKED) - 1))
def test_an_inventory_with_a_column_fewer_than_its_header_is_refused_as_a_whole(
    dropped: int, *, excel: bool
) -> None:
    shifted = {unit: [*marks[:dropped], *marks[dropped + 1 :], ""] for unit, marks in UNITS.items()}
    with pytest.raises(Unmatched, match="shifted"):
        read("practice", *inventory(shifted), excel=excel)


def test_a_choice_that_nobody_made_is_no_shift_where_it_says_so() -> None:
    nobody = {unit: f"{marks[:-1]}0" for unit, marks in UNITS.items()}
    assert all(
        "management" not in event.data.used_where for event in read("practice", *inventory(nobody))
    )


def test_a_practice_in_a_few_columns_is_read_too() -> None:
    (event,) = read(
        "practice",
        {
            "subject": "museot",
            "time": "29.11.2021",
            "collects": "kyllä",
            "frequency": "continuous; occasional",
            "last_time": "2021 2019-or-before",
            "next_planned": "1.3.2022",
        },
    )
    assert event.data == events.Practice(
        collects=True,
        frequency=["continuous", "occasional"],
        last_time=["2021", "2019-or-before"],
        next_planned="2022-03-01",
    )


def test_a_word_under_a_choice_is_refused_and_not_repeated() -> None:
    row = {"subject": "museot", "time": "29.11.2021", "collects": "1", "used_where_management": "?"}
    header = list(row)
    reader = RowReader(events.PracticeReported, "s", header, HELSINKI)
    table = delimited.read(csv_file([row]), lambda _: 1)
    next(table)
    with pytest.raises(Refused) as refused:
        reader.event(next(table))
    assert refused.value.pointer == "used_where_management"


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_workbook_has_the_header_and_tells_every_code_that_may_be_used(kind: str) -> None:
    codes = CodeLists.load()
    for event_type in KINDS[kind]:
        book = templates.workbook(event_type, codes)
        (header,) = [row.cells for row in workbooks.read(book)]
        assert list(header) == templates.header(event_type)


def test_the_codes_of_a_workbook_are_those_of_the_lists_and_of_the_contract() -> None:
    book = load_workbook(BytesIO(templates.workbook(events.GamePlayed, CodeLists.load())))
    rows = [tuple(cell.value for cell in row) for row in book["codes"].iter_rows(min_row=2)]
    assert ("theme", "kayttajat", "Käyttäjien osallistuminen") in rows
    assert ("method", "kyselyt", "kyselyt") in rows
    book = load_workbook(BytesIO(templates.workbook(events.OmbudsmanContacted, CodeLists.load())))
    told = [(row[0].value, row[1].value) for row in book["codes"].iter_rows(min_row=2)]
    assert {code for column, code in told if column == "field"} == {"health", "social", "both"}
    assert ("matters", "kohtelu") in told
