"""The closed code lists and the glossary, and how a city extends them."""

from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kokemus.contracts import events, examples, topics, wire
from kokemus.contracts.codes import CodeLists, Glossary
from kokemus.contracts.events import Event
from kokemus.errors import Refused


def event(event_type: str, example: str, **data: Any) -> Event:
    full = f"fi.hel.kokemus.{event_type}"
    read = wire.decode(examples.of(full)[example], (topics.EVENT_TYPES[full],))
    return msgspec.structs.replace(read, data=msgspec.structs.replace(read.data, **data))


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (event("kiosk.reason-given.v1", "negative", reason="muoti"), "/data/reason"),
        (
            event("feedback.received.v1", "without-themes", themes=["muu", "muoti"]),
            "/data/themes/1",
        ),
        (event("complaint.registered.v1", "objection", reasons=["muoti"]), "/data/reasons/0"),
        (event("complaint.registered.v1", "objection", authority="muoti"), "/data/authority"),
        (event("complaint.decided.v1", "objection-answered", outcome="muoti"), "/data/outcome"),
        (event("complaint.summary.v1", "not-reported", reasons=["muoti"]), "/data/reasons/0"),
        (event("ombudsman.contacted.v1", "two-matters", matters=["muoti"]), "/data/matters/0"),
        (event("feedback.updated.v1", "told-anew-in-full", themes=["muoti"]), "/data/themes/0"),
        (
            event("participation.method-reported.v1", "a-way-of-its-own", method="muoti"),
            "/data/method",
        ),
        (
            event("participation.practice-reported.v1", "yearly-survey", frequency=["muoti"]),
            "/data/frequency/0",
        ),
    ],
)
def test_an_unknown_code_is_refused_naming_the_field_and_not_the_code(
    given: Event, pointer: str
) -> None:
    with pytest.raises(Refused) as refused:
        CodeLists.load().check(given)
    assert refused.value.pointer == pointer
    assert "muoti" not in refused.value.detail


def test_an_unknown_code_within_a_withdrawn_observation_is_refused() -> None:
    withdrawn = event("observation.withdrawn.v1", "reason")
    original = withdrawn.data.original
    unknown = msgspec.structs.replace(
        original, data=msgspec.structs.replace(original.data, reason="muoti")
    )
    with pytest.raises(Refused) as refused:
        CodeLists.load().check(event("observation.withdrawn.v1", "reason", original=unknown))
    assert refused.value.pointer == "/data/original/data/reason"


def test_a_method_is_reported_on_its_own_level_only() -> None:
    CodeLists.load().check(event("participation.method-reported.v1", "volume-not-counted"))
    with pytest.raises(Refused) as refused:
        CodeLists.load().check(
            event("participation.method-reported.v1", "volume-not-counted", level=2)
        )
    assert refused.value.pointer == "/data/level"


@pytest.mark.parametrize(
    ("theme", "column"), [("asiakaskokemus", "avoimuus"), ("toimintatavat", "kannattaa_kokeilla")]
)
def test_a_theme_of_the_game_has_its_own_columns_only(theme: str, column: str) -> None:
    measures = [events.GameMeasure("alueyhteistyo", "olemme_kokeilleet")]
    play = partial(event, "participation.game-played.v1", "without-actions")
    CodeLists.load().check(play(measures=measures))
    with pytest.raises(Refused) as refused:
        CodeLists.load().check(play(measures=[*measures, events.GameMeasure(theme, column)]))
    assert refused.value.pointer == "/data/measures/1/column"


def test_a_citys_own_method_has_the_level_that_its_note_says(tmp_path: Path) -> None:
    file = tmp_path / "city.csv"
    file.write_text("list,code,name_fi,note\nmethod,kaverikierros,kaverikierros,level 2\n", "utf-8")
    extended = CodeLists.load(file)
    report = partial(event, "participation.method-reported.v1", "volume-not-counted")
    extended.check(report(method="kaverikierros", level=2))
    with pytest.raises(Refused):
        extended.check(report(method="kaverikierros", level=3))


def test_of_many_events_only_those_with_unknown_codes_are_refused() -> None:
    press = event("kiosk.pressed.v1", "smiley")
    known = event("kiosk.reason-given.v1", "negative")
    unknown = event("kiosk.reason-given.v1", "negative", reason="muoti")
    refused = CodeLists.load().refused([press, unknown, known, unknown])
    assert {position: one.pointer for position, one in refused.items()} == {
        1: "/data/reason",
        3: "/data/reason",
    }
    assert CodeLists.load().refused([press]) == {}


def test_a_topic_is_read_with_codes_that_no_list_has_any_more() -> None:
    old = wire.encode(event("complaint.registered.v1", "objection", authority="laaninhallitus"))
    assert wire.decode_many([old], topics.declarations()["complaints.v1"]).refused == []


def test_a_city_adds_codes_and_renames_them_by_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "city.csv"
    file.write_text(
        "list,code,name_fi,note\ntheme,saavutettavuus,saavutettavuus,\ntheme,muu,jokin muu,\n",
        "utf-8-sig",
    )
    extended = CodeLists.load(file)
    extended.check(event("feedback.received.v1", "without-themes", themes=["saavutettavuus"]))
    assert extended.of("theme")["muu"].name_fi == "jokin muu"
    assert set(extended.of("theme")) > set(CodeLists.load().of("theme"))
    assert extended.of("press_reason") == CodeLists.load().of("press_reason")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "columns"),
        ("code,list,name_fi,note\n", "columns"),
        ("list,code,name_fi,note\ntheme,x\n", "line 2"),
    ],
)
def test_a_malformed_file_is_named(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "city.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=complaint) as error:
        CodeLists.load(file)
    assert "city.csv" in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"nothing\.csv"):
        CodeLists.load(tmp_path / "nothing.csv")


def test_codes_are_identifiers() -> None:
    for code_list in (
        "theme",
        "reason",
        "press_reason",
        "authority",
        "method",
        "matter",
        "game_column",
        "outcome",
    ):
        codes = CodeLists.load().of(code_list)
        assert codes
        for code in codes:
            wire.check_identifier(code, "")


def test_a_term_is_given_in_the_language_or_in_finnish(tmp_path: Path) -> None:
    file = tmp_path / "words.csv"
    file.write_text("code,fi,sv,en\nunit,toimipaikka,,place\n", "utf-8")
    glossary = Glossary.load(file)
    assert glossary.term("unit", "en") == "place"
    assert glossary.term("unit", "sv") == "toimipaikka"
    assert glossary.term("metric.nps", "sv") == "nettorekommendationsindex (NPS)"
    assert "metric.happy_index" in glossary
    with pytest.raises(KeyError):
        glossary.term("metric.unheard_of", "fi")


@pytest.mark.parametrize(
    ("code", "year", "word"),
    [
        ("ombudsperson", 2018, "social and patient ombudsman"),
        ("ombudsperson", 2023, "social and patient ombudsman"),
        ("ombudsperson", 2024, "social and patient ombudsperson"),
        ("ombudsperson", None, "social and patient ombudsperson"),
        ("supervisor", 2025, "Regional State Administrative Agency and Valvira"),
        ("supervisor", 2026, "Finnish Supervisory Agency"),
        ("kind.kantelu", 1999, "complaint"),
    ],
)
def test_a_term_is_the_one_of_its_year(code: str, year: int | None, word: str) -> None:
    assert Glossary.load().term(code, "en", year) == word
