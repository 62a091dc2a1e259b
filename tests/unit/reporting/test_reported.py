from datetime import date

from reporting.domain.editions import Edition
from reporting.domain.live import LiveFigure, LiveReported
from reporting.domain.releases import Period
from reporting.domain.reported import ReportedTable, reported_below
from reporting.texts import Texts
from support.release_builders import content, entity, live, text, whole_year

FI = Texts().languages["fi"]
CUT = Period(date(2018, 1, 1), date(2018, 9, 12), "year")
TREE = (
    entity("sote", "division"),
    entity("asemat", "service", "sote", names=text("Terveysasemat")),
    entity("hammas", "service", "sote", names=text("Hammashoitolat")),
    entity("kuva", "division"),
    entity("kirjastot", "service", "kuva"),
)


def published(entity_id: str, period: Period, count: int, index: int) -> list[LiveFigure]:
    more = {
        "entity": entity_id,
        "period": period,
        "n": count,
        "scale": None,
        "family": None,
        "flags": ["reported"],
        "reported": LiveReported(period.last, "Raportti 2018"),
    }
    return [live("press_count", count, **more), live("happy_index", index, **more)]


def below(entity_id: str) -> ReportedTable | None:
    made = content(
        *published("asemat", whole_year(2017), 120_725, 86),
        *published("asemat", CUT, 132_308, 87),
        *published("hammas", CUT, 86_957, 89),
        live("happy_index", 70, entity="kirjastot", period=whole_year(2017)),
        entities=TREE,
        span=(date(2016, 1, 1), date(2018, 12, 31)),
    )
    edition = Edition("r1", made)
    return reported_below(edition, edition.entities[entity_id], FI)


def test_what_was_published_of_the_services_stands_side_by_side_by_name() -> None:
    table = below("sote")
    assert table is not None
    assert table.periods == ["2017", "1.1.\N{EN DASH}12.9.2018"]
    cells = {name: [cell.replace("\N{NO-BREAK SPACE}", " ") for cell in row]
             for _, name, row in table.rows}  # fmt: skip
    silence = "ei vastauksia jaksolla"
    assert cells == {
        "Hammashoitolat": [silence, silence, "86 957", "89"],
        "Terveysasemat": ["120 725", "86", "132 308", "87"],
    }
    assert [name for _, name, _ in table.rows] == ["Hammashoitolat", "Terveysasemat"]
    assert table.source == "Raportti 2018"


def test_a_service_itself_and_counted_figures_have_no_such_table() -> None:
    assert below("asemat") is None
    assert below("kuva") is None
