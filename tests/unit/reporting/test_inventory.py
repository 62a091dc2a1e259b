from reporting.domain.inventory import inventory
from reporting.domain.live import LiveFigure
from reporting.domain.present import edition_of_now
from reporting.domain.releases import Entity
from reporting.texts import Texts
from support.release_builders import SPAN, live, text

FI = Texts().languages["fi"]
TREE = {
    id_: Entity(id_, "service", "sote", text(name))
    for id_, name in (("asemat", "Asemat"), ("hammas", "Hammashoito"))
}


def counted(metric: str, entity: str, value: float) -> LiveFigure:
    return live(metric, value, entity=entity, channel=None, scale=None, family=None, n=None)


def test_each_child_has_a_row_with_what_is_declared_and_what_is_heard_side_by_side() -> None:
    figures = [
        counted("measurement_coverage", "asemat", 100),
        counted("observed_measurement_coverage", "asemat", 50),
        counted("device_count", "hammas", 20),
    ]
    chapter = inventory(list(TREE.values()), edition_of_now(figures, TREE, {}, SPAN), FI)
    assert chapter is not None
    (grid,) = chapter.grids
    assert len(grid.columns) == 3
    assert [(row.name, *(cell.text for cell in row.cells)) for row in grid.rows] == [
        ("Asemat", "100\N{NO-BREAK SPACE}%", "50\N{NO-BREAK SPACE}%", "ei tietoa"),
        ("Hammashoito", "ei tietoa", "ei tietoa", "20"),
    ]


def test_where_nothing_is_measured_below_there_is_no_inventory() -> None:
    assert inventory(list(TREE.values()), edition_of_now([], TREE, {}, SPAN), FI) is None
