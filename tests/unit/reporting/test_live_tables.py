from datetime import UTC, date, datetime

from reporting.domain.live import LiveBreak, LiveFigure, LiveVariation, Status, TopicStatus
from reporting.domain.live_tables import Lines, as_rows, below, reading, series
from reporting.domain.releases import Entity
from reporting.texts import Texts
from support.release_builders import live, text, whole_month

FI = Texts().languages["fi"]
TREE = {
    "sote": Entity("sote", "division", None, text("Sote")),
    "kallio": Entity("kallio", "unit", "sote", text("Kallio")),
}
RECOMMEND = {"scale": "nps", "family": "recommend"}


def lines(*months: LiveFigure, breaks: tuple[LiveBreak, ...] = ()) -> Lines:
    return Lines(months, breaks, TREE)


def test_every_metric_of_the_recommendation_question_is_shown_under_its_name_in_words() -> None:
    names = ("detractor_share", "passive_share", "promoter_share", "nps", "press_count")
    smileys, recommend = series(
        [live(name, 12, **RECOMMEND) for name in names] + [live(rounded=80)], lines(), FI
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
    totals = [live("press_count", 500, **RECOMMEND), live("nps", -5, **RECOMMEND)]
    (kallio,) = below([TREE["kallio"]], totals, lines(), FI)
    (row,) = kallio.series
    assert (row.n, row.value) == ("500", "\N{MINUS SIGN}5")


def test_children_are_compared_with_n_and_with_how_far_they_swing_by_series() -> None:
    totals = [
        live("press_count", 500),
        live(rounded=80, variation=LiveVariation(78.4, 81.2)),
        live("nps", -5, variation=LiveVariation(-9.5, -0.2), **RECOMMEND),
    ]
    kallio, sote = below([TREE["kallio"], TREE["sote"]], totals, lines(), FI)
    assert [(row.value, row.swing, row.n) for row in kallio.series] == [
        ("80", "78\N{EN DASH}82", "500"),
        ("\N{MINUS SIGN}5", "\N{MINUS SIGN}10 \N{EN DASH} 0", "\N{EN DASH}"),
    ]
    assert [row.status for row in sote.series] == ["ei vastauksia jaksolla"]


def test_who_chose_to_answer_and_each_bias_is_said_once() -> None:
    figure = live(flags=["self_selected"], bias_notes=["pressed_when_leaving"])
    said = reading([figure, figure], {"bias_note.pressed_when_leaving": text("Lähtiessä.")}, FI)
    assert said[0].startswith("Vastaajat ovat itse päättäneet vastata")
    assert said[1:] == ["Lähtiessä."]


def test_a_negative_nps_stays_within_its_small_line() -> None:
    months = [
        live("nps", value, period=whole_month(number), **RECOMMEND)
        for number, value in ((1, -100), (2, 0), (3, 100))
    ]
    (made,) = series([live("nps", 0, **RECOMMEND)], lines(*months), FI)
    drawn = str(made.rows[0].spark)
    assert [part.split('"')[0] for part in drawn.split('y1="')[1:]] == ["26.0", "15.0"]
    assert 'cy="4.0"' in drawn


def test_a_small_line_shows_its_own_part_of_the_scale_and_a_small_change_stays_small() -> None:
    def heights(*values: float) -> list[float]:
        months = [
            live("happy_index", value, period=whole_month(number))
            for number, value in enumerate(values, 1)
        ]
        (made,) = series([live("happy_index", 80)], lines(*months), FI)
        parts = str(made.rows[0].spark).split('y1="')[1:]
        return [float(part.split('"')[0]) for part in parts]

    assert heights(60, 90, 90) == [26.0, 4.0]
    assert heights(80, 81, 81) == [15.6, 14.4]


def test_a_break_of_the_series_or_above_it_cuts_the_small_line_and_is_told() -> None:
    months = [live("happy_index", 80, period=whole_month(number)) for number in (1, 2, 3, 4)]

    def drawn(*breaks: LiveBreak) -> str:
        (made,) = series([live("happy_index", 80)], lines(*months, breaks=breaks), FI)
        return str(made.rows[0].spark)

    def broken(**more: str) -> LiveBreak:
        given = {"entity": "sote", "metric": "happy_index", "channel": "kiosk", "kind": "breaks"}
        return LiveBreak(date=date(2026, 3, 1), what=text(), **(given | more))

    assert drawn().count('stroke-width="2"') == 3
    assert drawn(broken()).count('stroke-width="2"') == 2
    assert "spark-break" in drawn(broken())
    assert "katkos: 3/2026" in drawn(broken())
    assert drawn(broken(kind="caution")).count('stroke-width="2"') == 3
    for other in ({"entity": "kuva"}, {"metric": "nps"}, {"channel": "link"}):
        assert drawn(broken(**other)) == drawn()


def test_a_figure_swings_between_ends_that_are_rounded_outward() -> None:
    (made,) = series([live(rounded=80, variation=LiveVariation(79.1, 80.2))], lines(), FI)
    assert made.rows[0].swing == "79\N{EN DASH}81"
    (made,) = series([live(rounded=80)], lines(), FI)
    assert made.rows[0].swing == ""


def test_a_table_has_every_breakdown_by_its_codes() -> None:
    head, row = as_rows([live("feedback_count", 7, dimension={"kind": "moite"})])
    told = dict(zip(head, row, strict=True))
    assert (told["dimension"], told["value"]) == ("kind=moite", 7)


def test_a_quiet_topic_holds_nothing_back() -> None:
    old, new = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    quiet = TopicStatus(1, 0, 0, pending=0, watermark=old, state="running")
    waiting = TopicStatus(1, 0, 0, pending=5, watermark=new, state="running")
    topics = {"registry.v1": quiet, "kiosk-presses.v1": waiting}
    assert Status(settled=False, as_of=new, unplaced=0, topics=topics).counted_to == new
    settled = Status(settled=True, as_of=new, unplaced=0, topics={"registry.v1": quiet})
    assert settled.counted_to is None
