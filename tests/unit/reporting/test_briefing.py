from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from reporting.domain import desk
from reporting.domain.briefing import Known, briefing, compared_below
from reporting.domain.live import LiveFigure, LiveReturn, SourceStatus, Status
from reporting.domain.people import Person
from reporting.domain.releases import Change, Entity
from reporting.texts import Texts
from support.release_builders import live, text

FI = Texts().languages["fi"]
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SETTLED = Status(settled=True, as_of=NOW, unplaced=0, topics={})
TREE = {
    id_: Entity(id_, kind, parent, text(id_.title()))
    for id_, kind, parent in (
        ("city", "city", None),
        ("sote", "division", "city"),
        ("kuva", "division", "city"),
        ("terveys", "service_entity", "sote"),
        ("hoiva", "service_entity", "sote"),
        ("kirjasto", "service_entity", "kuva"),
        ("kallio", "unit", "terveys"),
    )
}


def known(*figures: LiveFigure, **more: Any) -> Known:
    entities = compared_below(TREE, "sote")
    return replace(Known(entities, figures, SETTLED, [], [], 2025, NOW), **more)


def moved(entity: str, value: int, verdict: str, status: str = "ok", **more: Any) -> LiveFigure:
    return live(entity=entity, change=Change(value, verdict, status), **more)


def test_sentences_are_about_service_entities_then_what_is_below_then_itself() -> None:
    assert set(compared_below(TREE, "city")) == {"terveys", "hoiva", "kirjasto"}
    assert set(compared_below(TREE, "sote")) == {"terveys", "hoiva"}
    assert set(compared_below(TREE, "terveys")) == {"kallio"}
    assert set(compared_below(TREE, "kallio")) == {"kallio"}
    assert compared_below(TREE, "nobody") == {}


def test_better_and_worse_follow_the_verdict_and_never_the_sign_alone() -> None:
    better, worse, *_ = briefing(
        known(
            moved("terveys", 4, "better"),
            moved("terveys", -6, "worse", channel="web_smiley"),
            moved("hoiva", 9, "no_clear_change"),
            moved("hoiva", -9, "worse", "changed_composition", channel="mobile"),
        ),
        FI,
    )
    assert [(one.name, one.said) for one in better.items] == [
        ("Terveys", "palautelaite, 4 hymiötä, +4, n = 100")
    ]
    assert [one.id for one in worse.items] == ["terveys"]


def test_where_nothing_changed_that_is_said() -> None:
    better, worse, *_ = briefing(known(moved("terveys", 0, "no_clear_change")), FI)
    assert better.lead == "Mikään ei ole selvästi parantunut vuodessa."
    assert worse.lead == "Mikään ei ole selvästi heikentynyt vuodessa."


def test_names_come_by_the_alphabet_and_not_by_merit_and_the_rest_is_counted() -> None:
    tree = {name: Entity(name, "unit", "terveys", text(name)) for name in ("Ö", "D", "C", "B", "A")}
    figures = [moved(name, value, "better") for value, name in enumerate(tree, 3)]
    better = briefing(known(*figures, entities=tree), FI)[0]
    assert [one.name for one in better.items] == ["A", "B", "C", "D"]
    assert better.more == 1


def test_an_entity_with_too_few_answers_is_not_known() -> None:
    few = live(entity="hoiva", status="below_min_n", n=3)
    silent = briefing(known(live(entity="terveys"), few), FI)[2]
    assert [one.id for one in silent.items] == ["hoiva"]


def test_old_and_failing_sources_are_told_and_so_is_counting_that_goes_on() -> None:
    def source(name: str, hours: int, error: str | None = None) -> SourceStatus:
        return SourceStatus(name, NOW - timedelta(hours=hours), 1, error)

    sources = [source("fresh", 23), source("old", 25), source("broken", 1, "timeout")]
    assert [one.name for one in briefing(known(sources=sources), FI)[3].items] == ["broken", "old"]
    whole = known(sources=sources[:1])
    assert "vuorokauden" in briefing(whole, FI)[3].lead
    unsettled = Status(settled=False, as_of=NOW, unplaced=0, topics={})
    assert "laskematta" in briefing(replace(whole, status=unsettled), FI)[3].lead
    assert "itse" in briefing(known(sources=[]), FI)[3].lead


def test_returns_that_are_missing_are_told_of_these_entities_only() -> None:
    returns = [
        LiveReturn("terveys", True, []),
        LiveReturn("hoiva", False, []),
        LiveReturn("kirjasto", False, []),
    ]
    missing = briefing(known(returns=returns), FI)[4]
    assert (missing.lead.split()[3], [one.id for one in missing.items]) == ("2025", ["hoiva"])


def test_where_nothing_was_asked_for_that_is_said_and_a_level_that_is_never_asked_is_told_so() -> (
    None
):
    lead = briefing(known(returns=[]), FI)[4].lead
    assert lead == "Osallisuuden tietoja vuodelta 2025 ei ole pyydetty."
    units = {"kallio": TREE["kallio"]}
    assert "ei pyydetä tältä tasolta" in briefing(known(entities=units, returns=[]), FI)[4].lead


def test_whose_roles_hold_in_a_division_sees_what_is_below_it_and_nothing_else() -> None:
    person = Person("kaisa", "", ["reader"], entities=["kuva"])
    assert [id_ for id_ in TREE if desk.may_see(person, id_, TREE)] == ["kuva", "kirjasto"]
    everybody = Person("reeta", "", ["reader"])
    assert all(desk.may_see(everybody, id_, TREE) for id_ in TREE)
