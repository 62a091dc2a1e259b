"""When live figures need somebody's eye."""

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.domain.alert_wording import mailed, said
from reporting.domain.alerts import METRICS, Alert, Finding, Policy, Rule, Series, judge, spans
from reporting.domain.live import LiveFigure
from reporting.texts import Texts
from reporting.watching import packaged_policy
from support.release_builders import live

TODAY = date(2026, 11, 23)
NEGATIVES = Rule("n", "negatives", 40, 7, 30, ["unit"])
LOW = Rule("i", "low_index", 60, 7, 30, ["unit"])
SILENCE = Rule("s", "silence", 4, 4, 30, ["unit"])
OVERDUE = Rule("o", "overdue", 1, 1, 0, ["service_entity"])
FINNISH = Texts().languages["fi"]


def found(rule: Rule, *totals: list[LiveFigure]) -> list[tuple[str, bool]]:
    return [(one.series.entity, one.breached) for one in judge(rule, totals)]


def alert(signal: str = "overdue", value: float = 1, **more: object) -> Alert:
    given: dict[str, object] = {
        "day": TODAY,
        "n": None,
        "opened_at": datetime(2026, 11, 23, tzinfo=UTC),
    }
    return Alert(1, "r", signal, 40, "e", "kiosk", "smiley4", value=value, **(given | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(("satisfied", "breached"), [(61, False), (60, True), (12, True)])
def test_negatives_ring_at_the_limit(satisfied: int, breached: bool) -> None:  # noqa: FBT001 - a table
    (one,) = judge(NEGATIVES, [[live("satisfied_share", satisfied)]])
    assert one == Finding(Series("n", "kallio", "kiosk", "smiley4"), breached, 100 - satisfied, 100)


@pytest.mark.parametrize(("index", "breached"), [(60, False), (59, True)])
def test_an_index_rings_under_the_limit(index: int, breached: bool) -> None:  # noqa: FBT001 - a table
    assert found(LOW, [live("happy_index", index)]) == [("kallio", breached)]


@pytest.mark.parametrize(
    "more",
    [
        {"n": 29},
        {"n": None},
        {"status": "below_min_n"},
        {"rounded": None, "status": "no_data"},
        {"family": "recommend"},
        {"channel": "mobile"},
        {"channel": None},
    ],
    ids=str,
)
def test_what_says_too_little_or_is_said_at_home_neither_rings_nor_clears(
    more: dict[str, object],
) -> None:
    assert found(LOW, [live("happy_index", **({"rounded": 10} | more))]) == []  # type: ignore[arg-type]


def test_the_middle_of_five_faces_is_no_negative_answer() -> None:
    assert found(NEGATIVES, [live("satisfied_share", 10, scale="smiley5")]) == []


@given(now=st.integers(0, 50), before=st.integers(0, 50), placed=st.integers(0, 2))
def test_silence_rings_where_devices_that_were_heard_from_fall_silent(
    now: int, before: int, placed: int
) -> None:
    looked = [
        live("press_count", now, n=now),
        live("device_count", placed, n=placed, scale=None, family=None),
    ]
    judged = found(SILENCE, looked, [live("press_count", before, n=before)])
    if placed and before >= SILENCE.min_n:
        assert judged == [("kallio", now == 0)]
    else:
        assert judged == []


def test_silence_is_looked_for_in_the_last_days_and_in_the_four_weeks_before() -> None:
    assert spans(SILENCE, TODAY) == (
        (date(2026, 11, 20), TODAY),
        (date(2026, 10, 23), date(2026, 11, 19)),
    )
    assert spans(LOW, TODAY) == ((date(2026, 11, 17), TODAY),)


def test_an_overdue_answer_rings_once_for_all_kinds_of_message() -> None:
    figures = [
        live("unanswered_overdue", 2, channel="web_feedback", scale=None, family=None),
        live("unanswered_overdue", 2, channel="web_feedback", dimension={"kind": "moite"}),
        live("unanswered_overdue", 0, entity="sote", channel="web_feedback"),
    ]
    assert found(OVERDUE, figures) == [("kallio", True), ("sote", False)]


def test_no_rule_looks_at_objections_complaints_or_the_ombudsperson() -> None:
    named = " ".join(name for names in METRICS.values() for name in names)
    assert not any(word in named for word in ("complaint", "objection", "ombuds", "statutory"))


def test_a_count_of_messages_is_never_told_by_mail_and_a_small_one_not_on_the_desk() -> None:
    assert said(alert(value=2), FINNISH) == "Vastaamatta yli määräajan: <\N{NO-BREAK SPACE}3."
    assert said(alert(value=3), FINNISH) == "Vastaamatta yli määräajan: 3."
    for value in (1, 3, 87):
        assert not any(one.isdigit() for one in mailed(alert(value=value), FINNISH))


@given(st.times())
def test_quiet_hours_may_reach_over_midnight(at: time) -> None:
    night = Policy(time(20), time(7), [])
    noon = Policy(time(12), time(13), [])
    moment = datetime.combine(TODAY, at)
    assert night.is_quiet(moment) == (at.hour >= 20 or at.hour < 7)
    assert noon.is_quiet(moment) == (at.hour == 12)


def test_the_packaged_rules_cover_each_signal_and_none_asks_for_less_than_thirty_answers() -> None:
    rules = packaged_policy().rules
    assert {one.signal for one in rules} == set(METRICS)
    assert len({one.code for one in rules}) == len(rules)
    assert all(one.min_n >= 30 for one in rules if one.signal != "overdue")
