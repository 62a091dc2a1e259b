from datetime import date
from typing import Any

from reporting.domain.drafting import Tree
from reporting.domain.live import LiveFigure
from reporting.domain.meters import code_of
from reporting.domain.releases import Content, Range, Text
from reporting.domain.review import findings
from reporting.domain.round_drafting import draft_round
from reporting.texts import Texts
from support.release_builders import entity, live, whole_year

TREE = Tree(
    [
        entity("helsinki", "city"),
        entity("sote", "division", "helsinki"),
        entity("terveys", "service_entity", "sote"),
        entity("kallio", "unit", "terveys"),
    ],
    (),
)


def own(metric: str, rounded: float | None, **more: Any) -> LiveFigure:
    given: dict[str, Any] = {
        "entity": "helsinki", "channel": None, "scale": None, "family": None,
        "period": whole_year(2026), "n": 3,
    }  # fmt: skip
    return live(metric, rounded, **(given | more))


def drafted(*figures: LiveFigure, **written: Text) -> Content:
    texts: Any = {("participation", field): text for field, text in written.items()}
    known = Texts().glossary
    return draft_round(figures, TREE, known, 2026, as_of=date(2026, 11, 20), written=texts)


def test_a_round_holds_the_meters_and_no_answers_of_persons() -> None:
    made = drafted(own("participation_coverage", 67), live(entity="helsinki"))
    assert [one.metric for one in made.figures] == ["participation_coverage"]
    assert made.kind == "round-yearly"
    assert {one.id for one in made.entities} == {"helsinki", "sote", "terveys"}


def test_small_counts_of_the_citys_own_doing_are_published_and_may_be_approved() -> None:
    made = drafted(own("participation_methods", 2, n=2, dimension={"level": 1}))
    (figure,) = made.figures
    assert (figure.value, figure.n, figure.dimension) == (2, 2, {"level": "1"})
    assert findings(made) == []


def test_a_range_stays_a_range_and_what_is_not_returned_has_no_value() -> None:
    low = own("participation_coverage", None, range=Range(33, 67), flags=["incomplete_return"])
    none = own("participation_coverage", None, entity="sote", status="not_reported")
    told = {one.entity: one for one in drafted(low, none).figures}
    assert told["helsinki"].range == Range(33, 67)
    assert (told["sote"].value, told["sote"].status) == (None, "not_reported")


def test_channels_and_scales_of_the_profile_stay_apart() -> None:
    made = drafted(
        *(
            own("experience_profile", count, channel="link", scale=scale, family="overall",
                dimension={"change": "better"})
            for scale, count in (("smiley4", 2), ("smiley5", 1))
        )
    )  # fmt: skip
    assert [(one.scale, one.value) for one in made.figures] == [("smiley4", 2), ("smiley5", 1)]


def test_a_years_own_text_takes_the_place_of_the_usual_one() -> None:
    own_text = Text("Noin 20 000 euroa", "Cirka 20 000 euro")
    made = drafted(own("participation_coverage", 67), cost=own_text)
    assert made.texts[code_of("participation", "cost")] == own_text
    assert made.texts[code_of("experience", "cost")].fi == "Ei arviota"


def test_a_text_without_swedish_keeps_the_round_from_being_approved() -> None:
    made = drafted(own("participation_coverage", 67), cost=Text("Ei"))
    assert [one.where for one in findings(made)] == ["meter.participation.cost"]
