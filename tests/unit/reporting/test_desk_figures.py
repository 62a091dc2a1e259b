from reporting.domain import desk
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
        "hymiövastausten määrä",
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
