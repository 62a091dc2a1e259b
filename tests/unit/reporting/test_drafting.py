import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reporting.domain.drafting import MIN_N
from reporting.domain.live import LiveBreak, LiveReported
from reporting.domain.releases import Change, Period, canonical
from reporting.domain.review import compare, findings, in_words
from reporting.texts import Texts
from support.release_builders import (
    SPAN,
    content,
    entity,
    live,
    text,
    whole_month,
    whole_year,
    without,
)


@given(st.integers(0, 200), st.sampled_from(["happy_index", "satisfied_share", "press_count"]))
def test_nothing_is_published_under_thirty_answers(n: int, metric: str) -> None:
    made = content(live(metric, n if metric == "press_count" else 87, n=n))
    (figure,) = made.figures
    if n < MIN_N:
        assert (figure.value, figure.n, figure.status) == (None, None, "below_min_n")
        assert f'"n":{n},' not in canonical(made).decode()
    else:
        assert figure.value is not None
        assert figure.n == n


def test_a_figure_without_its_n_is_not_published_unless_it_was_before() -> None:
    reported = LiveReported(date(2018, 9, 12), "a report")
    counted = content(live(n=None)).figures[0]
    taken_over = content(live(n=None, flags=["reported"], reported=reported)).figures[0]
    assert counted.status == "below_min_n"
    assert taken_over.value == 87
    assert taken_over.reported is not None
    assert taken_over.reported.as_of == date(2018, 9, 12)


@pytest.mark.parametrize("status", ["no_data", "below_min_n", "not_collected", "suppressed"])
def test_a_figure_that_is_not_ok_keeps_neither_value_nor_n_nor_change(status: str) -> None:
    made = content(live(status=status, change=Change(2, "better", "ok")), live("press_count", 99))
    hidden = next(one for one in made.figures if one.metric == "happy_index")
    assert (hidden.value, hidden.n, hidden.change) == (None, None, None)
    assert not findings(made)


def test_home_visits_are_published_for_services_but_never_for_a_unit() -> None:
    both = (entity("kotihoito", "service"), entity("kallio", "unit", "kotihoito"))
    made = content(
        live(entity="kotihoito", channel="mobile"), live(channel="mobile"), entities=both
    )
    assert {one.entity: one.value for one in made.figures} == {"kotihoito": 87, "kallio": None}


@pytest.mark.parametrize(
    ("id_", "name"),
    [
        ("mielenterveyspalvelut", "Palvelu"),
        ("paihdepoliklinikat", "Palvelu"),
        ("s-17", "Lastensuojelu"),
        ("s-18", "Koulu- ja opiskeluterveydenhuolto, kouluterveys"),
    ],
)
def test_sensitive_services_are_published_for_the_service_but_never_for_a_unit(
    id_: str, name: str
) -> None:
    tree = (
        entity(id_, "service", names=text(name)),
        entity("kallio", "unit", id_),
        entity("oodi", "unit", "kirjastot"),
    )
    made = content(live(entity=id_), live(), live(entity="oodi"), entities=tree)
    assert {one.entity: one.value for one in made.figures} == {id_: 87, "kallio": None, "oodi": 87}
    assert not findings(made)


def test_a_unit_that_once_hung_under_a_sensitive_service_stays_untold() -> None:
    moved = entity("kallio", "unit", "mielenterveys")
    later = entity("kallio", "unit", "terveysasemat", valid_from=date(2026, 3, 1))
    moved = replace(moved, validities=[*moved.validities, *later.validities])
    tree = (entity("mielenterveys", "service"), entity("terveysasemat", "service"), moved)
    (figure,) = content(live(), entities=tree).figures
    assert (figure.value, figure.n, figure.status) == (None, None, "suppressed")


def test_a_service_entity_named_after_several_services_does_not_hide_them_all() -> None:
    tree = (
        entity("terveys-ja-paihdepalvelut", "service_entity"),
        entity("terveysasemat", "service", "terveys-ja-paihdepalvelut"),
        entity("kallio", "unit", "terveysasemat"),
    )
    (figure,) = content(live(), entities=tree).figures
    assert figure.value == 87


@pytest.mark.parametrize("channel", ["link", "survey"])
def test_answers_of_those_who_were_asked_by_name_are_no_anonymous_answers(channel: str) -> None:
    made = content(live(channel=channel), live(rounded=80))
    assert [one.channel for one in made.figures] == ["kiosk"]


def test_the_silence_before_and_after_a_series_is_left_out_and_the_one_within_stays() -> None:
    months = [
        live(period=whole_month(number), rounded=value, status="ok" if value else "no_data")
        for number, value in enumerate([None, 80, None, 82, None], 1)
    ]
    made = content(*months)
    assert [one.period.first.month for one in made.figures] == [2, 3, 4]


def test_no_time_of_a_last_event_enters_a_release() -> None:
    assert not re.search(rb"\d\d-\d\dT|\d\d:\d\d", canonical(content(live())))


def test_an_entity_that_stood_nowhere_in_the_span_is_left_out() -> None:
    ended = entity("paivystykset", "service", valid_to=date(2019, 1, 6))
    made = content(live(), entities=(entity(), ended))
    assert [one.id for one in made.entities] == ["kallio"]


def test_breaks_outside_the_span_and_of_other_metrics_are_left_out() -> None:
    def at(day: date, metric: str = "happy_index") -> LiveBreak:
        return LiveBreak("kallio", day, metric, "kiosk", "breaks", text())

    within = date(2026, 5, 1)
    made = content(live(), breaks=(at(within), at(date(2020, 1, 1)), at(within, "mean_likert5")))
    assert [one.date for one in made.breaks] == [within]


def test_a_draft_without_a_swedish_name_or_without_figures_may_not_go_out() -> None:
    nameless = content(live(), entities=(entity(names=text("Kallio", None)),))
    assert [one.code for one in findings(nameless)] == ["missing_text"]
    assert [one.code for one in findings(content())] == ["empty"]


def test_an_unrounded_or_too_small_figure_is_found_even_if_it_came_past_the_draft() -> None:
    made = content(live())
    figures = [
        replace(made.figures[0], value=86.5),
        replace(made.figures[0], n=29),
        replace(made.figures[0], status="no_data"),
    ]
    found = {one.code for one in findings(without(made, figures=figures))}
    assert found == {"unrounded", "small_n", "value_without_ok"}


def test_the_difference_to_the_last_release_is_told_by_printed_values() -> None:
    before = content(live(rounded=87), live("press_count", 100))
    after = content(live(rounded=88), live("press_count", 100), live("satisfied_share", 90))
    told = compare(before, after)
    assert (told.added, told.gone, told.same) == (1, 0, 1)
    assert [(one.before, one.after) for one in told.changed] == [(87, 88)]
    assert compare(None, after).added == 3


def test_figures_outside_the_tree_and_breakdowns_are_left_out() -> None:
    made = content(
        live(),
        live(entity="device.happyornot.7"),
        live("press_count", 500, dimension={"kind": "x"}),
        live("press_count", None, channel=None, status="no_data"),
        entities=(entity(),),
    )
    assert [one.metric for one in made.figures] == ["happy_index"]


def test_partial_years_keep_their_own_last_day() -> None:
    cut = Period(date(2026, 1, 1), date(2026, 9, 12), "year")
    assert content(live(period=cut), span=SPAN).figures[0].period.last == date(2026, 9, 12)


@pytest.mark.parametrize(
    ("period", "began", "kept"),
    [
        (whole_year(2026), date(2025, 11, 1), False),
        (whole_year(2026), date(2025, 1, 1), True),
        (whole_year(2026), date(2024, 11, 1), True),
        (whole_month(11), date(2025, 11, 1), False),
        (whole_month(12), date(2025, 11, 1), True),
        (whole_month(1), date(2020, 1, 1), True),
    ],
)
def test_nothing_is_compared_with_the_month_or_year_in_which_a_series_began(
    period: Period, began: date, *, kept: bool
) -> None:
    first = live("happy_index", 80, period=whole_month(began.month, began.year))
    later = live("happy_index", 87, period=period, change=Change(7, "better", "ok"))
    made = content(first, later, span=(date(2020, 1, 1), date(2026, 12, 31)))
    (change,) = [one.change for one in made.figures if one.change]
    assert change == (Change(7, "better", "ok") if kept else Change(None, None, "not_comparable"))


def test_the_same_period_again_needs_a_reason_in_finnish_and_swedish() -> None:
    before, after = content(live()), content(live(rounded=88))
    assert [one.code for one in findings(after, (), before)] == ["no_reason"]
    half = without(after, correction=text("Laite oli väärässä paikassa.", None))
    assert [one.code for one in findings(half, (), before)] == ["missing_text"]
    assert not findings(without(after, correction=text("Korjattu", "Rättad")), (), before)


def test_the_difference_is_told_in_words_the_greatest_first() -> None:
    before = content(live(rounded=87), live("satisfied_share", 90), live("press_count", 100))
    after = content(
        live(rounded=88),
        live("satisfied_share", None, status="suppressed"),
        live("press_count", 150),
    )
    language = Texts().languages["fi"]
    found = compare(before, after)
    told = in_words(found, {"kallio": text("Kallio")}, language)
    assert [one.partition(",")[2] for one in told] == [
        " myönteisten osuus, tammikuu 2026: lukua ei enää näytetä.",
        " hymiövastausten määrä, tammikuu 2026: ennen 100, nyt 150 (+50).",
        " hymiöindeksi (Happy-indeksi), tammikuu 2026: ennen 87, nyt 88 (+1).",
    ]
    assert (found.hidden, found.shown, len(found.moved)) == (1, 0, 2)
