from datetime import UTC, date, datetime
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.definitions import catalogue
from metrics.domain.figures import (
    FORMULAS,
    Answer,
    Figure,
    Key,
    Place,
    Reported,
    counted,
    reported_for,
    taken_over,
)
from metrics.domain.periods import Period, Span
from support.reference_presses import PUBLISHED, TOGETHER, counts_by_value

CATALOGUE = catalogue()
YEAR = Span(date(2017, 1, 1), date(2017, 12, 31))
AT = datetime(2026, 11, 22, tzinfo=UTC)


def figure(
    metric: str,
    *counts: int,
    misuse: int = 0,
    heard: bool = False,
    sampling: str = "self_selected",
) -> Figure:
    definition = CATALOGUE.definitions[metric]
    place = Place("u", Key("kiosk", "smiley4", "overall"), Period(YEAR, YEAR), "total")
    ratio = FORMULAS[metric](counts, misuse) if counts else None
    answer = Answer(ratio, AT, heard, sampling, counts)  # type: ignore[arg-type]
    return counted(definition, place, answer, CATALOGUE)


def nps_counts(promoters: int, passives: int, detractors: int) -> tuple[int, ...]:
    return (detractors, 0, 0, 0, 0, 0, 0, passives, 0, 0, promoters)


@pytest.mark.parametrize(("counts", "printed"), [((17, 16, 60, 126), 78), ((4, 2, 12, 23, 51), 81)])
def test_index_gives_the_published_vectors(counts: tuple[int, ...], printed: int) -> None:
    assert figure("happy_index", *counts).rounded == printed


def test_nps_gives_the_published_vectors() -> None:
    assert figure("nps", *nps_counts(60, 25, 15)).rounded == 45
    assert figure("nps", *nps_counts(10, 0, 0)).rounded == 100
    assert figure("nps", *nps_counts(0, 0, 40)).rounded == -100


def test_nps_and_its_shares_fit() -> None:
    counts = nps_counts(60, 25, 15)
    shares = [figure(f"{part}_share", *counts).value for part in ("promoter", "passive")]
    assert shares == [60, 25]
    assert figure("detractor_share", *counts).value == 15


@given(counts=st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any))
def test_index_is_the_mean_of_every_single_answer(counts: list[int]) -> None:
    answers = [value for value, count in enumerate(counts) for _ in range(count)]
    found = figure("happy_index", *counts)
    assert found.value == sum(Fraction(100 * value, 3) for value in answers) / len(answers)
    assert found.n == len(answers)
    satisfied = figure("satisfied_share", *counts)
    assert satisfied.value == Fraction(100 * sum(v >= 2 for v in answers), len(answers))


def test_misuse_is_among_all_presses_and_in_nothing_else() -> None:
    assert figure("misuse_share", 0, 0, 0, 30, misuse=10).value == 25
    assert figure("press_count", 0, 0, 0, 30, misuse=10).value == 30
    assert figure("happy_index", 0, 0, 0, 30, misuse=10).value == 100


def test_share_that_is_all_but_whole_is_not_printed_as_whole() -> None:
    assert figure("very_positive_share", 1, 0, 0, 10**6).rounded == 99
    assert figure("very_positive_share", 10**6, 0, 0, 1).rounded == 1


def test_few_answers_keep_their_value_but_not_their_standing() -> None:
    few = figure("happy_index", 0, 0, 0, 29)
    assert (few.status, few.value) == ("below_min_n", Fraction(100))
    assert figure("happy_index", 0, 0, 0, 30).status == "ok"


def test_missing_is_not_zero() -> None:
    silent = figure("press_count")
    assert (silent.status, silent.value, silent.n, silent.as_of) == ("no_data", None, None, None)
    heard = figure("press_count", heard=True)
    assert (heard.status, heard.value, heard.n) == ("ok", Fraction(0), 0)
    assert figure("happy_index", heard=True).status == "no_data"


def test_self_selected_answers_have_a_flag_and_no_interval() -> None:
    found = figure("nps", *nps_counts(60, 25, 15))
    assert found.interval is None
    assert found.flags == ("self_selected",)
    assert found.bias_notes == ("pressed_when_leaving",)


def test_probability_samples_have_an_interval() -> None:
    found = figure("nps", *nps_counts(60, 25, 15), sampling="probability")
    assert found.interval is not None
    assert found.interval.method == "adjusted-wald"
    share = figure("very_positive_share", 0, 0, 1, 4, sampling="probability")
    assert share.interval is not None
    assert share.interval.low == pytest.approx(37.5535, abs=1e-3)


def test_split_of_the_kiosk_table_gives_its_counts_and_indices() -> None:
    for (service, year), published in PUBLISHED.items():
        found = figure("happy_index", *counts_by_value(service, year))
        assert found.n == published.presses
        assert found.rounded == published.happy_index


@pytest.mark.parametrize("year", [2017, 2018])
def test_four_services_together_are_weighted_by_count(year: int) -> None:
    rows = [counts_by_value(service, when) for service, when in PUBLISHED if when == year]
    found = figure("happy_index", *map(sum, zip(*rows, strict=True)))
    assert found.value is not None
    assert round(float(found.value), 2) == TOGETHER[year]


def published(
    first: date,
    last: date,
    value: float | None,
    ends: tuple[float, float] | None = None,
) -> Reported:
    return Reported(
        metric="happy_index",
        entity="u",
        channel="kiosk",
        scale=None,
        span=Span(first, last),
        as_of=last,
        value=value,
        decimals=0,
        n=None,
        approx=False,
        range=ends,
        source_document="report",
    )


def test_year_that_was_cut_short_stands_for_its_year_with_its_own_period() -> None:
    cut = published(date(2017, 1, 1), date(2017, 9, 12), 87)
    period = Period(YEAR, YEAR)
    assert reported_for(period, [cut]) is cut
    place = Place("u", Key("kiosk"), period, "year")
    found = taken_over(CATALOGUE.definitions["happy_index"], place, cut, CATALOGUE)
    assert found.span == cut.span
    assert found.flags == ("partial_period", "reported", "self_selected")


def test_newest_observation_stands_and_two_cuts_are_never_added() -> None:
    early = published(date(2017, 1, 1), date(2017, 6, 30), 208)
    late = published(date(2017, 1, 1), date(2017, 9, 12), 405)
    assert reported_for(Period(YEAR, YEAR), [late, early]) is late


def test_published_year_does_not_stand_for_two_years() -> None:
    one = published(date(2017, 1, 1), date(2017, 12, 31), 86)
    two_years = Span(date(2017, 1, 1), date(2018, 12, 31))
    assert reported_for(Period(two_years, two_years), [one]) is None


def test_published_dash_is_not_reported_and_a_range_stays_a_range() -> None:
    definition = CATALOGUE.definitions["happy_index"]
    place = Place("u", Key("kiosk"), Period(YEAR, YEAR), "total")
    dash = taken_over(definition, place, published(*YEAR, None), CATALOGUE)
    assert (dash.status, dash.value) == ("not_reported", None)
    ends = taken_over(definition, place, published(*YEAR, None, (8.5, 9.0)), CATALOGUE)
    assert (ends.status, ends.value, ends.range) == ("ok", None, (8.5, 9.0))


def test_every_definition_is_named_and_explained_in_three_languages() -> None:
    for one in CATALOGUE.definitions.values():
        assert one.name is not None
        assert all((one.name.fi, one.name.sv, one.name.en))
        assert all((one.explanation.fi, one.explanation.sv, one.explanation.en))
        assert one.measure not in {"presses", "hours"} or one.metric in FORMULAS
