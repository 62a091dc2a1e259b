from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.definitions import catalogue
from reporting.domain.languages import Code
from reporting.domain.releases import Period, Text
from reporting.texts import Texts

LANGUAGES = Texts().languages


@pytest.mark.parametrize(
    ("language", "share", "mean", "count"),
    [
        ("fi", "87\N{NO-BREAK SPACE}%", "8,5", "120\N{NO-BREAK SPACE}725"),
        ("sv", "87\N{NO-BREAK SPACE}%", "8,5", "120\N{NO-BREAK SPACE}725"),
        ("en", "87%", "8.5", "120,725"),
    ],
)
def test_numbers_follow_the_language(language: Code, share: str, mean: str, count: str) -> None:
    words = LANGUAGES[language]
    assert words.value("satisfied_share", 87) == share
    assert words.value("mean_grade4_10", 8.5) == mean
    assert words.value("press_count", 120725) == count


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_fall_has_a_real_minus_and_a_rise_a_plus(language: Code) -> None:
    assert LANGUAGES[language].change(-4) == "\N{MINUS SIGN}4"
    assert LANGUAGES[language].change(4) == "+4"
    assert LANGUAGES[language].change(0) == "0"


@pytest.mark.parametrize(
    ("first", "last", "fi", "en"),
    [
        (date(2017, 1, 1), date(2017, 12, 31), "2017", "2017"),
        (date(2018, 5, 1), date(2018, 5, 31), "toukokuu 2018", "May 2018"),
        (
            date(2018, 1, 1),
            date(2018, 9, 12),
            "1.1.\N{EN DASH}12.9.2018",
            "1 January \N{EN DASH} 12 September 2018",
        ),
        (date(2018, 9, 12), date(2018, 9, 12), "12.9.2018", "12 September 2018"),
    ],
)
def test_periods_are_named_as_people_name_them(first: date, last: date, fi: str, en: str) -> None:
    period = Period(first, last, "total")
    assert LANGUAGES["fi"].period(period) == fi
    assert LANGUAGES["en"].period(period) == en


def test_moments_carry_a_date_and_a_time() -> None:
    at = datetime(2026, 11, 3, 7, 5, tzinfo=UTC)
    assert LANGUAGES["fi"].moment(at) == "3.11.2026 07.05"
    assert LANGUAGES["en"].moment(at) == "3 November 2026 07:05"


def test_finnish_and_swedish_sort_their_last_letters_last() -> None:
    names = ["Äänekoski", "Östersundom", "Zoo", "Åggelby", "Ahola", "Éclair"]
    finnish = sorted(names, key=LANGUAGES["fi"].sort_key)
    assert finnish == ["Ahola", "Éclair", "Zoo", "Åggelby", "Äänekoski", "Östersundom"]
    assert max(names, key=LANGUAGES["en"].sort_key) == "Zoo"


def test_a_missing_translation_falls_back_to_finnish() -> None:
    assert LANGUAGES["en"].of(Text("Kallio")) == "Kallio"


def test_lists_are_joined_as_they_are_written() -> None:
    assert LANGUAGES["fi"].sentence(["a", "b", "c"]) == "a, b ja c"
    assert LANGUAGES["sv"].sentence(["a", "b"]) == "a och b"
    assert LANGUAGES["en"].sentence(["a"]) == "a"


@given(st.integers(-(10**9), 10**9))
def test_every_number_prints_without_a_hyphen(value: int) -> None:
    for language in LANGUAGES.values():
        printed = language.number(value)
        assert "-" not in printed
        assert "".join(one for one in printed if one.isdigit()) == str(abs(value))


def test_per_cents_months_and_changes_are_printed_with_what_they_are() -> None:
    assert LANGUAGES["fi"].value("participation_coverage", 67) == "67\N{NO-BREAK SPACE}%"
    assert LANGUAGES["fi"].value("measurement_staleness", 9) == "9 kk"
    assert LANGUAGES["sv"].value("participation_change", -4) == "\N{MINUS SIGN}4"
    assert LANGUAGES["en"].span("participation_coverage", 50, 75) == "50\N{EN DASH}75%"
    assert LANGUAGES["fi"].span("mean_grade4_10", 8.5, 9) == "8,5\N{EN DASH}9,0"
    assert LANGUAGES["fi"].span("participation_change", -4, 5) == ("\N{MINUS SIGN}4 \N{EN DASH} +5")


def test_every_metric_is_printed_in_the_unit_and_with_the_decimals_of_its_definition() -> None:
    defined = catalogue().definitions.values()
    printed = {one.metric: LANGUAGES["en"].value(one.metric, 12) for one in defined}
    sign, unit = {"points": "+"}, {"percent": "%", "months": " mo."}
    expected = {
        one.metric: f"{sign.get(one.unit, '')}12{'.' * bool(one.decimals)}{'0' * one.decimals}"
        f"{unit.get(one.unit, '')}"
        for one in defined
    }
    assert printed == expected
