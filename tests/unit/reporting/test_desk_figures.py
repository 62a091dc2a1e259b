from datetime import UTC, datetime

from reporting.domain import desk
from reporting.domain.live import Status, TopicStatus
from reporting.domain.releases import Entity
from reporting.texts import Texts
from support.release_builders import live, text, whole_month

FI = Texts().languages["fi"]
RECOMMEND = {"scale": "nps", "family": "recommend"}


def test_every_metric_of_the_recommendation_question_is_shown_under_its_name_in_words() -> None:
    names = ("detractor_share", "passive_share", "promoter_share", "nps", "press_count")
    smileys, recommend = desk.series(
        [live(name, 12, **RECOMMEND) for name in names] + [live(rounded=80)], [], FI
    )
    assert smileys.title == "Palautelaite, 4 hymiötä"
    assert recommend.title == "Palautelaite, suosittelukysymys, asteikko 0\N{EN DASH}10"
    assert [row.label for row in recommend.rows] == [
        "Vastauksia (n)",
        "suositteluindeksi (NPS)",
        "suosittelijoiden osuus",
        "passiivisten osuus",
        "arvostelijoiden osuus",
    ]


def test_a_child_without_an_index_is_shown_by_its_nps() -> None:
    child = Entity("kallio", "unit", None, text("Kallio"))
    totals = [live("press_count", 500, **RECOMMEND), live("nps", -5, **RECOMMEND)]
    (row,) = desk.below([child], totals, [], FI)
    assert (row.count, row.index) == ("500", "\N{MINUS SIGN}5")


def test_a_negative_nps_stays_within_its_small_line() -> None:
    months = [
        live("nps", value, period=whole_month(number), **RECOMMEND)
        for number, value in ((1, -100), (2, 0), (3, 100))
    ]
    (made,) = desk.series([live("nps", 0, **RECOMMEND)], months, FI)
    drawn = str(made.rows[0].spark)
    assert [part.split('"')[0] for part in drawn.split('y1="')[1:]] == ["26.0", "15.0"]
    assert 'cy="4.0"' in drawn


def test_a_small_line_shows_its_own_part_of_the_scale_and_a_small_change_stays_small() -> None:
    def heights(*values: float) -> list[float]:
        months = [
            live("happy_index", value, period=whole_month(number))
            for number, value in enumerate(values, 1)
        ]
        (made,) = desk.series([live("happy_index", 80)], months, FI)
        parts = str(made.rows[0].spark).split('y1="')[1:]
        return [float(part.split('"')[0]) for part in parts]

    assert heights(60, 90, 90) == [26.0, 4.0]
    assert heights(80, 81, 81) == [15.6, 14.4]


def test_a_quiet_topic_holds_nothing_back() -> None:
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    quiet = TopicStatus(1, 0, 0, pending=0, watermark=old, state="running")
    waiting = TopicStatus(1, 0, 0, pending=5, watermark=new, state="running")
    topics = {"registry.v1": quiet, "kiosk-presses.v1": waiting}
    assert Status(settled=False, as_of=new, unplaced=0, topics=topics).counted_to == new
    settled = Status(settled=True, as_of=new, unplaced=0, topics={"registry.v1": quiet})
    assert settled.counted_to is None
