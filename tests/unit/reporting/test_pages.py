from datetime import date

import pytest

from reporting.domain import embeds, finding, pages
from reporting.domain.editions import Edition
from reporting.domain.live import LiveBreak, LiveFigure, LiveReported
from reporting.domain.releases import Change, Content, Period
from reporting.texts import Texts
from support.release_builders import content, entity, live, text, whole_month, whole_year

LANGUAGES = Texts().languages
FI = LANGUAGES["fi"]


def page_of(made: Content, id_: str = "kallio") -> pages.Page:
    edition = Edition("r1", made)
    return pages.page(edition, edition.entities[id_], FI)


def in_month(number: int, index: float | None, n: int = 100, **more: object) -> list[LiveFigure]:
    status = "ok" if index is not None else "no_data"
    period = whole_month(number)
    return [
        live("press_count", n if index else None, n=n, period=period, status=status),
        live("happy_index", index, n=n, period=period, status=status, **more),
    ]


def test_one_sentence_says_how_many_answered_when_and_how_it_was() -> None:
    page = page_of(content(*in_month(1, 80), *in_month(2, 87, 1250)))
    assert page.lead == (
        "Asiakkaita pyydettiin arvioimaan asiointinsa palautelaitteen hymiöillä (helmikuu 2026):"
        " vastauksia tuli 1\N{NO-BREAK SPACE}250, ja metric.happy_index oli 87."
    )


def test_an_entity_without_figures_says_so() -> None:
    page = page_of(content(entities=(entity(),)))
    assert page.lead == "Tästä ei ole vastauksia tässä julkaisussa."
    assert not page.sections


def test_a_month_without_answers_is_told_in_words_and_never_as_zero() -> None:
    page = page_of(content(*in_month(1, 80), *in_month(2, None), *in_month(3, 82)))
    (table,) = page.sections[0].tables
    assert [row.missing for row in table.rows] == ["", "ei vastauksia jaksolla", ""]
    assert "0" not in table.rows[1].missing
    assert str(table.charts[0][1]).count("<circle") == 2


def test_too_few_answers_are_told_in_words() -> None:
    page = page_of(content(*in_month(1, 80, 12)))
    assert page.lead == "tammikuu 2026: liian vähän vastauksia."
    assert {tile.value for tile in page.sections[0].tiles} == {"liian vähän vastauksia"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (Change(2, "better", "ok"), "Hymiöindeksin muutos vuodessa: +2, parempi."),
        (
            Change(-1, "no_clear_change", "ok"),
            "Hymiöindeksin muutos vuodessa: \N{MINUS SIGN}1, ei selvää muutosta.",
        ),
        (
            Change(None, None, "not_comparable"),
            "Hymiöindeksiä ei voi verrata vuoden takaiseen.",
        ),
        (Change(None, None, "no_baseline"), "Vuoden takaista hymiöindeksiä ei ole."),
        (
            Change(3, None, "changed_composition"),
            "Hymiöindeksin muutos vuodessa: +3, mittauspaikat muuttuneet.",
        ),
    ],
)  # fmt: skip
def test_a_change_is_told_with_its_verdict_or_why_there_is_none(change: Change, said: str) -> None:
    assert page_of(content(*in_month(1, 80, change=change))).sections[0].change == said


def test_reported_figures_are_a_series_of_their_own_and_say_where_they_are_from() -> None:
    told = LiveReported(date(2018, 9, 12), "Raportti 2018")
    cut = Period(date(2018, 1, 1), date(2018, 9, 12), "year")
    more = {"scale": None, "family": None, "flags": ["reported"], "reported": told}
    made = content(
        *in_month(1, 80),
        live("happy_index", 86, period=whole_year(2017), **more),
        live("happy_index", 87, period=cut, **more),
        span=(date(2016, 1, 1), date(2026, 12, 31)),
    )
    counted, reported = page_of(made).sections
    assert counted.title == "Palautelaite, 4 hymiötä"
    assert "Niiden tiedot päättyvät 12.9.2018. Lähde: Raportti 2018." in reported.reported
    assert [row.period for row in reported.tables[0].rows] == ["2017", "1.1.\N{EN DASH}12.9.2018"]
    assert {row.about for row in reported.tables[0].rows} == {"aiemmin julkaistu"}


def test_a_break_above_is_drawn_and_listed_below() -> None:
    tree = (entity("sote", "division"), entity("kallio", "unit", "sote"))
    mark = LiveBreak("sote", date(2026, 2, 1), "happy_index", "kiosk", "breaks", text("Uusi."))
    made = content(*in_month(1, 80), *in_month(2, 82), entities=tree, breaks=(mark,))
    (table,) = page_of(made).sections[0].tables
    assert table.breaks == ["1.2.2026: Uusi."]
    assert 'stroke-width="2.5"' not in str(table.charts[0][1])


def test_children_stand_by_name_whatever_their_figures() -> None:
    tree = (
        entity("top", "service"),
        entity("a", parent="top", names=text("Äijälä")),
        entity("b", parent="top", names=text("Munkkiniemi")),
        entity("c", parent="top", names=text("Ala-Malmi")),
    )
    figures = [live(entity=id_, rounded=value) for id_, value in (("a", 99), ("b", 50), ("c", 70))]
    below = page_of(content(*figures, entities=tree), "top").below
    assert [name for _, name, _ in below] == ["Ala-Malmi", "Munkkiniemi", "Äijälä"]


def test_a_ring_in_the_tree_ends_somewhere() -> None:
    ring = (entity("a", parent="b"), entity("b", parent="a"))
    edition = Edition("r1", content(live(entity="a"), entities=ring))
    assert [one.id for one in edition.ancestors("a")] == ["b"]


def test_search_finds_by_every_language_and_every_word() -> None:
    made = content(entities=(entity(names=text("Kallion asema", "Berghälls station", "Kallio")),))
    edition = Edition("r1", made)
    assert [len(finding.matching(edition, query, FI)) for query in ("KALL asem", "bergh", "x")] == [
        1,
        1,
        0,
    ]


def test_the_start_page_of_a_great_city_leaves_units_to_the_search() -> None:
    many = [entity(f"u{number}", "unit", "top") for number in range(finding.LISTED_WITH_UNITS)]
    edition = Edition("r1", content(entities=(entity("top", "service"), *many)))
    (top,) = finding.tree(edition, FI)
    assert not top.below
    assert not top.units


def test_the_start_page_keeps_units_apart_from_what_has_units_of_its_own() -> None:
    known = (
        entity("top", "division"),
        entity("own", "unit", "top"),
        entity("service", "service", "top"),
        entity("kallio", "unit", "service"),
    )
    (top,) = finding.tree(Edition("r1", content(entities=known)), FI)
    assert [one.id for one in top.units] == ["own"]
    assert [(one.id, one.units[0].id) for one in top.below] == [("service", "kallio")]


def test_a_month_that_is_not_over_is_not_told_first() -> None:
    running = Period(date(2026, 3, 1), date(2026, 3, 20), "month")
    march = [
        live("press_count", 40, period=running, flags=["partial_period"]),
        live("happy_index", 50, period=running, flags=["partial_period"]),
    ]
    page = page_of(content(*in_month(1, 80), *in_month(2, 87), *march))
    assert page.sections[0].period == "helmikuu 2026"
    assert page.sections[0].tables[0].partial
    assert [row.period for row in page.sections[0].tables[0].rows][-1] == "1.3.\N{EN DASH}20.3.2026"
    assert page_of(content(*march)).sections[0].period == "1.3.\N{EN DASH}20.3.2026"


def test_an_embedded_figure_says_the_same_as_the_page() -> None:
    made = content(*in_month(1, 87))
    edition = Edition("r1", made)
    page = page_of(made)
    for tile in page.sections[0].tiles:
        told = embeds.embedded(edition, edition.entities["kallio"], tile.metric, FI, "https://x")
        assert (told.value, told.period) == (tile.value, page.sections[0].period)
        assert told.sentence == page.lead


def test_a_metric_that_the_release_lacks_is_embedded_as_missing() -> None:
    made = content(*in_month(1, 87))
    edition = Edition("r1", made)
    told = embeds.embedded(edition, edition.entities["kallio"], "satisfied_share", FI, "https://x")
    assert told.missing
    assert told.value == "ei vastauksia jaksolla"


def recommend(metric: str, value: float, number: int = 1) -> LiveFigure:
    return live(metric, value, scale="nps", family="recommend", period=whole_month(number))


def test_the_recommendation_question_is_told_in_its_own_words_with_its_three_shares() -> None:
    shares = {"promoter_share": 41, "passive_share": 30, "detractor_share": 29}
    made = content(
        recommend("press_count", 100),
        recommend("nps", 12),
        *(recommend(name, value) for name, value in shares.items()),
    )
    (section,) = page_of(made).sections
    assert section.title == "Palautelaite, suosittelukysymys, asteikko 0\N{EN DASH}10"
    assert section.sentence.startswith("Suosittelukysymykseen annettiin 100 vastausta")
    assert section.sentence.endswith("metric.nps oli 12.")
    assert "hymiö" not in section.asked + section.sentence
    assert [tile.metric for tile in section.tiles] == ["nps", *shares, "press_count"]
    assert section.tables[0].columns == [
        "Vastauksia (n)",
        "NPS",
        "Suosittelijat",
        "Passiiviset",
        "Arvostelijat",
    ]


def test_a_year_that_began_late_or_is_not_over_says_so_and_no_line_leads_to_it() -> None:
    running = Period(date(2026, 1, 1), date(2026, 3, 31), "year")
    made = content(
        *in_month(1, 80),
        live("happy_index", 80, period=whole_month(11, 2024)),
        live("happy_index", 80, period=whole_year(2024)),
        live("happy_index", 81, period=whole_year(2025)),
        live("happy_index", 82, period=running, flags=["partial_period"]),
        span=(date(2020, 1, 1), date(2026, 12, 31)),
    )
    _, years = page_of(made).sections[0].tables
    assert [row.about for row in years.rows] == [
        "ei koko vuosi: ensimmäinen kuukausi on marraskuu 2024",
        "",
        "jakso kesken",
    ]
    drawn = str(years.charts[0][1])
    assert drawn.count("<circle") == 3
    assert drawn.count('fill="none"') == 2
    assert 'stroke-width="2.5"' not in drawn


def test_years_that_are_none_of_them_whole_are_not_drawn_side_by_side() -> None:
    years = [
        live("happy_index", 80, period=Period(date(year, 1, 1), date(year, 6, 30), "year"),
             flags=["partial_period"])
        for year in (2025, 2026)
    ]  # fmt: skip
    made = content(*years, span=(date(2020, 1, 1), date(2026, 12, 31)))
    assert not page_of(made).sections[0].tables[0].charts


def test_each_line_of_a_chart_is_named_and_a_lone_one_is_solid() -> None:
    lone = [
        live("very_positive_share", 60 + number, period=whole_month(number)) for number in (1, 2)
    ]
    both = [live("satisfied_share", 80 + number, period=whole_month(number)) for number in (1, 2)]
    ((names, drawn),) = page_of(content(*lone)).sections[0].tables[0].charts
    assert names == ["metric.very_positive_share"]
    assert "dasharray" not in drawn
    ((names, drawn),) = page_of(content(*lone, *both)).sections[0].tables[0].charts
    assert names == ["metric.satisfied_share", "metric.very_positive_share"]
    assert drawn.count("dasharray") == 1


def test_a_break_of_another_metric_is_not_marked() -> None:
    mark = LiveBreak("kallio", date(2026, 2, 1), "nps", "kiosk", "breaks", text("Uusi."))
    made = content(*in_month(1, 80), *in_month(2, 82), breaks=(mark,))
    assert not page_of(made).sections[0].tables[0].breaks


def test_the_overall_question_is_told_before_the_recommendation() -> None:
    page = page_of(content(recommend("nps", 12), recommend("press_count", 100), *in_month(1, 80)))
    assert [section.title.split(", ")[1] for section in page.sections] == [
        "4 hymiötä",
        "suosittelukysymys",
    ]
