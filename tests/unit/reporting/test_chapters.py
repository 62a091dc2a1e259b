from datetime import date

import pytest

from reporting.domain import chapters, pages
from reporting.domain.editions import Edition
from reporting.domain.grids import Chapter
from reporting.domain.languages import Language
from reporting.domain.releases import Content, Figure, Note, Period, Range, Text
from reporting.domain.review import Finding, findings
from reporting.texts import Texts, packaged_guidance
from support.release_builders import (
    content,
    counted,
    entity,
    live,
    whole_month,
    whole_year,
    without,
)

LANGUAGES = Texts().languages
FI = LANGUAGES["fi"]
GUIDANCE = packaged_guidance()
HIDDEN = "ei näytetä tietosuojan vuoksi"


def release(*figures: Figure, notes: list[Note] | None = None) -> Content:
    return without(content(entities=(entity(),)), figures=list(figures), notes=notes or [])


def chapter(code: str, *figures: Figure, language: Language = FI) -> Chapter:
    edition = Edition("r1", release(*figures))
    found = chapters.chapters(edition, edition.entities["kallio"], language)
    return next(one for one in found if one.code == code)


def months(*values: float | None) -> list[Figure]:
    return [
        counted("feedback_count", value, period=whole_month(number))
        for number, value in enumerate(values, 1)
    ]


def test_feedback_is_told_in_a_sentence_with_its_kinds_and_what_was_promised() -> None:
    made = chapter(
        "feedback",
        *months(40, 25),
        counted("feedback_count", 20, period=whole_month(2), dimension={"kind": "moite"}),
        counted("answered_in_promise_share", 91, period=whole_month(2)),
    )
    assert made.sentence == (
        "Verkkopalautteita tuli 25 (helmikuu 2026). Vastausta odottaneista 91\N{NO-BREAK SPACE}%"
        " sai vastauksen luvatussa ajassa."
    )
    (grid,) = made.grids
    assert grid.columns == ["Yhteensä", "moite", "palvelulupauksen ajassa vastatut"]
    assert [row.name for row in grid.rows] == ["helmikuu 2026", "tammikuu 2026"]


def test_a_hidden_count_stands_in_words_and_nowhere_else() -> None:
    made = chapter("feedback", *months(40, None, 25))
    (grid,) = made.grids
    assert [row.cells[0] for row in grid.rows] == [("25", False), (HIDDEN, True), ("40", False)]
    drawn = str(grid.chart)
    assert drawn.count("<rect") == 2
    assert HIDDEN not in drawn


def test_a_month_that_is_not_over_stands_in_the_table_and_is_not_drawn() -> None:
    running = counted("feedback_count", 9, period=whole_month(3), flags=["partial_period"])
    (grid,) = chapter("feedback", *months(40, 25), running).grids
    assert (grid.rows[0].about, grid.rows[0].cells[0].text) == ("jakso kesken", "9")
    assert str(grid.chart).count("<rect") == 2


def test_a_survey_of_means_has_no_part_of_its_own_for_its_n() -> None:
    year = whole_year(2025)
    answers = counted("press_count", 416, channel="survey", scale="likert5", period=year)
    mean = counted("mean_likert5", 4.2, channel="survey", scale="likert5", period=year, n=416)
    edition = Edition("r1", release(answers, mean))
    page = pages.page(edition, edition.entities["kallio"], FI)
    assert not page.sections
    assert page.lead == "Keskiarvo 1\N{EN DASH}5 (2025): 4,2."


def test_where_the_newest_count_is_hidden_the_sentence_says_why() -> None:
    made = chapter("feedback", *months(40, None))
    assert made.sentence == f"Verkkopalautteiden määrä (helmikuu 2026): {HIDDEN}."


def test_nothing_is_drawn_of_years_or_of_one_lone_month() -> None:
    years = [counted("feedback_count", 900, period=whole_year(year)) for year in (2024, 2025)]
    assert all(grid.chart is None for grid in chapter("feedback", *months(40), *years).grids)


def test_what_the_release_does_not_hold_of_a_period_is_no_zero() -> None:
    made = chapter(
        "feedback",
        *months(40, 25),
        counted("feedback_count", 20, period=whole_month(2), dimension={"kind": "moite"}),
    )
    assert made.grids[0].rows[1].cells[1] == ("ei tietoa", True)


def test_the_ladder_has_all_four_levels_in_their_order_whatever_their_figures() -> None:
    made = chapter(
        "participation",
        counted("participation_methods", 9, period=whole_year(2025), dimension={"level": "4"}),
        counted("participation_methods", None, period=whole_year(2025), dimension={"level": "1"},
                status="not_reported"),
        counted("participation_coverage", 75, period=whole_year(2025)),
    )  # fmt: skip
    grid, by_year = made.grids
    assert [row.name[:2] for row in grid.rows] == ["1.", "2.", "3.", "4."]
    assert [row.cells[0].text for row in grid.rows] == [
        "ei ilmoitettu",
        "ei tietoa",
        "ei tietoa",
        "9",
    ]
    assert made.sentence == "Osallisuuden tapojen kattavuus (2025): 75\N{NO-BREAK SPACE}%."
    assert [cell.text for cell in by_year.rows[0].cells] == ["75\N{NO-BREAK SPACE}%"]


def test_the_game_s_measures_stand_by_theme_and_column_and_have_no_score() -> None:
    themes = [
        {"theme": "toimintatavat"},
        {"theme": "asiakaskokemus", "column": "kannattaa_kokeilla"},
        {},
        {"theme": "asiakaskokemus"},
    ]
    measures = [
        counted("game_measures", value, period=whole_year(2025), dimension=theme)
        for value, theme in zip((2, 3, 9, 7), themes, strict=True)
    ]
    before = counted("game_measures", 8, period=whole_year(2024))
    (grid,) = chapter("participation", *measures, before).grids
    assert grid.caption == "Osallisuuspelin toimenpiteet (2025)"
    assert [(row.name, row.cells[0].text) for row in grid.rows] == [
        ("Yhteensä", "9"),
        ("Asiakaskokemus", "7"),
        ("Asiakaskokemus: kannattaa kokeilla", "3"),
        ("Kaupungin toimintatavat", "2"),
    ]


def test_objections_and_complaints_are_told_apart_and_hidden_ones_stay_so() -> None:
    year = whole_year(2025)
    made = chapter(
        "statutory",
        counted("complaint_count", 40, period=year),
        counted("complaint_count", None, period=year, dimension={"kind": "muistutus"}),
        counted("complaint_count", None, period=year, dimension={"kind": "kantelu"}),
    )
    (grid,) = made.grids
    assert grid.columns == ["Yhteensä", "muistutus", "kantelu"]
    assert [cell.text for cell in grid.rows[0].cells] == ["40", HIDDEN, HIDDEN]
    assert grid.chart is None


def test_reasons_stand_in_the_order_of_the_code_list_whatever_their_counts() -> None:
    year = whole_year(2025)
    made = chapter(
        "statutory",
        counted("complaint_count", 12, period=year, dimension={"kind": "muistutus"}),
        counted("complaint_count", None, period=year, dimension={"kind": "kantelu"}),
        *(
            counted("complaint_count", value, period=year,
                    dimension={"kind": "muistutus", "reason": reason})
            for reason, value in (("muu", 30), ("kohtelu", None), ("hoito", 11))
        ),
    )  # fmt: skip
    assert made.sentence == f"2025: muistutus 12, kantelu {HIDDEN}."
    assert [(row.name, row.cells[0].text) for row in made.grids[1].rows] == [
        ("Hoito", "11"),
        ("Kohtelu", HIDDEN),
        ("Muu syy", "30"),
    ]


@pytest.mark.parametrize(("year", "title"), [(2023, "asiamieheen"), (2024, "asiavastaavaan")])
def test_the_ombudsperson_has_the_title_of_the_newest_year(year: int, title: str) -> None:
    contacts = counted(
        "ombudsman_contacts", 988, period=whole_year(year), dimension={"field": "health"}
    )
    (grid,) = chapter("statutory", contacts).grids
    assert grid.caption == f"Yhteydenotot sosiaali- ja potilas{title}"


def test_two_cuts_of_a_year_stand_in_rows_of_their_own() -> None:
    cuts = [
        Period(date(2018, 1, 1), date(2018, month, day), "year")
        for month, day in ((6, 30), (9, 12))
    ]
    figures = [
        counted("complaint_count", value, period=cut, flags=["partial_period"])
        for value, cut in zip((208, 405), cuts, strict=True)
    ]
    (grid,) = chapter("statutory", *figures).grids
    assert [(row.name, row.about) for row in grid.rows] == [
        ("1.1.\N{EN DASH}12.9.2018", "jakso kesken"),
        ("1.1.\N{EN DASH}30.6.2018", "jakso kesken"),
    ]


def test_surveys_show_a_range_as_it_was_published_with_its_n() -> None:
    figure = counted("mean_grade4_10", None, period=whole_year(2018), status="ok", n=1250,
                     range=Range(8.5, 9))  # fmt: skip
    (row,) = chapter("survey", figure).grids[0].rows
    assert [cell.text for cell in row.cells[1:]] == [
        "8,5\N{EN DASH}9,0",
        "1\N{NO-BREAK SPACE}250",
    ]


def test_how_experience_is_measured_is_told_by_the_newest_figures() -> None:
    made = chapter(
        "measuring",
        counted("measurement_staleness", 22, period=whole_year(2024)),
        counted("measurement_staleness", 10, period=whole_year(2025)),
    )
    assert [cell.text for cell in made.grids[0].rows[0].cells] == ["10 kk", "2025"]


def test_answers_to_a_survey_are_not_told_of_as_presses() -> None:
    year = whole_year(2025)
    answers = [
        counted(metric, value, channel="survey", scale="nps", family="recommend", period=year)
        for metric, value in (("press_count", 120), ("nps", 41))
    ]
    edition = Edition("r1", release(*answers))
    page = pages.page(edition, edition.entities["kallio"], FI)
    assert "asteikolla" in page.lead
    smileys = [
        counted(metric, value, channel="survey", scale="smiley4", family="overall", period=year)
        for metric, value in (("press_count", 120), ("happy_index", 81))
    ]
    edition = Edition("r1", release(*smileys))
    (section,) = pages.page(edition, edition.entities["kallio"], FI).sections
    assert section.sentence.startswith("Kyselyyn saatiin 120 vastausta (2025)")


def test_what_was_heard_and_done_is_told_newest_first_with_the_figure_that_is_explained() -> None:
    said = Text("Jonot olivat pitkiä.")
    notes = [
        Note("heard", "kallio", date(2026, 1, 5), said),
        Note("explanation", "kallio", date(2026, 2, 5), said, "happy_index", whole_month(1)),
        Note("done", "muu", date(2026, 3, 5), said),
    ]
    edition = Edition("r1", release(notes=notes))
    found = pages.page(edition, edition.entities["kallio"], FI).told
    assert [(one.title, one.about) for one in found] == [
        ("Selitys", "hymiöindeksi (Happy-indeksi), tammikuu 2026"),
        ("Mitä kuulimme", ""),
    ]


def test_a_page_without_answers_begins_with_what_else_is_known() -> None:
    edition = Edition("r1", release(*months(40)))
    page = pages.page(edition, edition.entities["kallio"], FI)
    assert page.lead == "Verkkopalautteita tuli 40 (tammikuu 2026)."


def test_what_lies_below_is_listed_by_name_whatever_its_figures() -> None:
    known = (entity("top", "service"), *(entity(id_, "unit", "top") for id_ in ("b", "a", "c")))
    figures = [live("happy_index", value, entity=id_) for id_, value in (("a", 10), ("b", 99))]
    edition = Edition("r1", content(*figures, entities=known))
    page = pages.page(edition, edition.entities["top"], FI)
    assert [id_ for id_, _, _ in page.below] == ["a", "b", "c"]


def test_the_supervisor_and_the_ombudsperson_are_those_of_the_day() -> None:
    def titles(day: date) -> dict[str, str]:
        return {one.code: one.text.fi + one.title.fi for one in GUIDANCE.on(day)}

    before, since = titles(date(2025, 12, 31)), titles(date(2026, 1, 1))
    assert "Valviralle" in before["complaint"]
    assert "Lupa- ja valvontavirastolle" in since["complaint"]
    assert titles(date(2023, 12, 31))["ombudsperson"].endswith("potilasasiamies")
    assert since["ombudsperson"].endswith("potilasasiavastaava")
    assert since["accessibility"].endswith("Traficom")


def test_each_way_to_turn_to_somebody_is_told_once_on_every_day_and_in_every_language() -> None:
    for day in (date(2020, 1, 1), date(2024, 1, 1), date(2025, 1, 1), date(2026, 1, 1)):
        codes = [one.code for one in GUIDANCE.on(day)]
        assert sorted(codes) == sorted({*codes})
        assert len(codes) == 5
    assert all(one.title.sv and one.title.en and one.text.sv and one.text.en
               for one in GUIDANCE.places)  # fmt: skip


@pytest.mark.parametrize("id_", ["saavutettavuus", "tillganglighet", "accessibility"])
def test_no_entity_can_lie_where_the_accessibility_statement_is(id_: str) -> None:
    made = content(live("happy_index", 80, entity=id_))
    assert Finding("reserved", id_) in findings(made)
