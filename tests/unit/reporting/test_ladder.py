from reporting.domain.ladder import ladder
from reporting.domain.live import LiveLevel, LiveMethod, LiveReturn
from reporting.domain.releases import Change, Entity
from reporting.texts import Texts
from support.release_builders import live, text

FI = Texts().languages["fi"]
TREE = {
    id_: Entity(id_, "service_entity", "sote", text(name))
    for id_, name in (("terveys", "Terveys"), ("hoiva", "Hoiva"))
}
WAYS = [LiveLevel(1, [LiveMethod("kyselyt"), LiveMethod("somekanavat")]), LiveLevel(3, [])]


def test_ways_by_level_stand_beside_experience_by_name_and_in_words() -> None:
    returns = [LiveReturn("terveys", True, WAYS), LiveReturn("hoiva", False, [])]
    felt = [
        live(rounded=82, entity="terveys", change=Change(3, "better", "ok")),
        live("nps", 40, entity="terveys", scale="nps", family="recommend"),
    ]
    chapter = ladder(TREE, returns, felt, 2025, FI)
    assert chapter is not None
    (grid,) = chapter.grids
    hoiva, terveys = grid.rows
    *rungs, experience = [cell.text for cell in terveys.cells]
    assert rungs == ["\N{BLACK CIRCLE} 2 tapaa", *["\N{WHITE CIRCLE} ei tapoja"] * 3]
    smileys, recommend = experience.split("\n")
    assert smileys == "82 (palautelaite, 4 hymiötä, n = 100): +3, parempi"
    assert recommend.startswith("40 (palautelaite, suosittelu")
    assert [cell.text for cell in hoiva.cells] == [
        *["ei ilmoitettu"] * 4,
        "ei vastauksia jaksolla",
    ]
    assert all(cell.missing for cell in hoiva.cells)


def test_where_nothing_is_returned_at_that_level_there_is_no_matrix() -> None:
    assert ladder(TREE, [LiveReturn("kirjasto", True, WAYS)], [], 2025, FI) is None
