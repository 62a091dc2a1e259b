"""What releases hide holds against who has all that they print: counts, shares, means, formats."""

import os
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Any

import pytest
from msgspec.structs import replace

from reporting.attacker.reading import Node, Published, Told, known, name
from reporting.disclosure.judging import judge
from reporting.disclosure.publishing import Kept, Protected, protect
from reporting.domain.drafting import Tree, draft
from reporting.domain.live import LiveFigure
from reporting.domain.releases import Content, Figure, Period, canonical
from support.release_builders import SPAN, counted, entity, live, whole_month, whole_year

CITIES = 1_000 if os.environ.get("KOKEMUS_TEST_FULL") == "1" else 10
KINDS = ("kiitos", "moite", "kysymys", "muu")
TREE = (
    entity("helsinki", "city"),
    *(entity(one, "division", "helsinki") for one in ("kuva", "sote")),
    *(entity(f"{top}{n}", "service_entity", top) for top in ("kuva", "sote") for n in range(3)),
    *(entity(f"{top}{n}p", "service", f"{top}{n}") for top in ("kuva", "sote") for n in range(3)),
)
PARENTS = {one.id: one.validities[0].parent for one in TREE}
FEEDBACK: dict[str, Any] = {"channel": "web_feedback", "scale": None, "family": None}


def year(seed: int, months: int) -> list[LiveFigure]:
    """Everything that residents of an invented city did in its first months, and in its year."""
    chance, found = random.Random(seed), list[LiveFigure]()
    for month in range(1, months + 1):
        found += messages(chance, whole_month(month))
    for kind in ("muistutus", "kantelu"):
        own = {one: int(chance.expovariate(0.12)) for one in PARENTS if one.endswith(tuple("012"))}
        found += [
            live("complaint_count", n, entity=one, channel="statutory", scale=None, family=None,
                 period=whole_year(2026), n=None, dimension={"kind": kind})
            for one, n in summed(own).items()
        ]  # fmt: skip
    return found + surveys(chance)


def messages(chance: random.Random, period: Period) -> list[LiveFigure]:
    busy = chance.choice([0.05, 0.2, 0.6])
    by_kind = {
        kind: summed({one: int(chance.expovariate(busy)) for one in PARENTS if one[-1] in "012"})
        for kind in KINDS
    }
    found = []
    for one in by_kind["muu"]:
        counts = {kind: by_kind[kind][one] for kind in KINDS}
        n = sum(counts.values())
        place = {**FEEDBACK, "entity": one, "period": period}
        found.append(live("feedback_count", n, n=n, **place))
        found += [
            live("feedback_count", count, n=count, dimension={"kind": kind}, **place)
            for kind, count in counts.items()
        ]
        if n:
            share = round(100 * counts["kiitos"] / n)
            share = min(max(share, counts["kiitos"] > 0), 100 - (counts["kiitos"] < n))
            found.append(live("praise_share", share, n=n, **place))
    return found


def surveys(chance: random.Random) -> list[LiveFigure]:
    own = {one: int(chance.expovariate(0.02)) for one in PARENTS if one.endswith("p")}
    scores = {one: sum(chance.choice((1, 4, 5)) for _ in range(n)) for one, n in own.items()}
    totals = summed(scores)
    found = []
    for one, n in summed(own).items():
        if not n:
            continue
        place: dict[str, Any] = {"entity": one, "channel": "survey", "n": n}
        place |= {"scale": "likert5", "family": "statement", "period": whole_year(2026)}
        found.append(live("press_count", n, **place))
        status = "ok" if n >= 30 else "below_min_n"
        found.append(live("mean_likert5", round(totals[one] / n, 1), status=status, **place))
    return found


def summed(own: dict[str, int]) -> dict[str, int]:
    """Own counts, and those of everything above."""
    found: dict[str, int] = {}
    for one, count in own.items():
        at: str | None = one
        while at is not None:
            found[at] = found.get(at, 0) + count
            at = PARENTS[at]
    return found


def released(made: Protected) -> Content:
    span = (date(2026, 1, 1), date(2026, 12, 31))
    return draft([], Tree(TREE, ()), {}, span, span[1], protected=made.figures)


def told(figure: Figure) -> Told:
    return Told(
        figure.metric, figure.entity, figure.channel, figure.scale, figure.family,
        {"from": figure.period.first.isoformat(), "to": figure.period.last.isoformat()},
        figure.value, figure.n, figure.status, dimension=figure.dimension,
    )  # fmt: skip


def fallen(contents: Sequence[Content], kept: Iterable[Kept]) -> list[str]:
    return judge([canonical(one) for one in contents], kept, TREE).fallen


@pytest.mark.parametrize("first", range(0, CITIES, 5))
def test_no_count_and_no_mean_falls_of_two_releases_that_follow_each_other(first: int) -> None:
    for seed in range(first, first + 5):
        one = protect(year(seed, 2), TREE, (date(2026, 1, 1), date(2026, 2, 28)))
        two = protect(year(seed, 4), TREE, (date(2026, 1, 1), date(2026, 12, 31)), one.kept)
        assert fallen([released(one), released(two)], [*one.kept, *two.kept]) == [], seed


def shows_the_secondary(made: Protected) -> Content:
    small = {name(told(one.figure)): one.count for one in made.kept if (one.count or 0) >= 10}
    return changed(made, lambda one: small.get(name(told(one))))


def shows_shares_of_what_is_hidden(made: Protected) -> Content:
    content = released(made)
    counts = {name(told(one.figure)): one.count for one in made.kept}
    shown = []
    for one in content.figures:
        if one.metric == "praise_share" and one.status == "suppressed":
            of_all = told(replace(one, metric="feedback_count"))
            n = counts[name(of_all)] or 0
            thanks = counts[name(replace_kind(of_all))] or 0
            share = min(max(round(100 * thanks / n), thanks > 0), 100 - (thanks < n))
            shown.append(replace(one, value=share, n=n, status="ok"))
        else:
            shown.append(one)
    return replace(content, figures=shown)


def replace_kind(of_all: Told) -> Told:
    return replace(of_all, dimension={"kind": "kiitos"})


def changed(made: Protected, value_of: Callable[[Figure], int | None]) -> Content:
    content = released(made)
    shown = [
        replace(one, value=value_of(one), n=value_of(one), status="ok")
        if one.status == "suppressed" and value_of(one) is not None
        else one
        for one in content.figures
    ]
    return replace(content, figures=shown)


@pytest.mark.parametrize("weakened", [shows_the_secondary, shows_shares_of_what_is_hidden])
def test_a_weaker_protection_is_caught(weakened: Callable[[Protected], Content]) -> None:
    span = (date(2026, 1, 1), date(2026, 12, 31))
    caught = 0
    for seed in range(4):
        made = protect(year(seed, 3), TREE, span)
        assert fallen([released(made)], made.kept) == []
        caught += bool(fallen([weakened(made)], made.kept))
    assert caught


def test_a_mean_that_is_shown_beside_the_only_other_one_tells_the_hidden_one() -> None:
    figures = []
    for one, n in (("kuva", 60), ("kuva0", 29), ("kuva1", 31)):
        place: dict[str, Any] = {"entity": one, "channel": "survey", "n": n}
        place |= {"scale": "likert5", "family": "statement", "period": whole_year(2026)}
        figures += [live("press_count", n, **place), live("mean_likert5", 3.4, **place)]
    made = protect(figures, TREE, (date(2026, 1, 1), date(2026, 12, 31)))
    content = released(made)
    assert fallen([content], made.kept) == []
    shown = [
        replace(one, value=3.4, n=31, status="ok")
        if (one.metric, one.entity) == ("mean_likert5", "kuva1")
        else one
        for one in content.figures
    ]
    (told_too_well,) = fallen([replace(content, figures=shown)], made.kept)
    assert told_too_well.endswith("|kuva0|")


def test_what_contradicts_itself_may_not_go_out_and_does_not_end_the_draft() -> None:
    made = protect(messages(random.Random(1), whole_month(1)), TREE, SPAN)
    content = released(made)
    figures = [
        replace(one, value=one.value + 1) if one.dimension and one.value else one
        for one in content.figures
    ]
    assert fallen([content], made.kept) == []
    wrong = replace(content, figures=figures)
    for releases in ([wrong], [content, wrong]):
        assert len(fallen(releases, made.kept)) == 1


def test_an_attacker_knows_the_rules() -> None:
    place: dict[str, Any] = {"entity": "kuva0", "period": whole_month(1)}
    sote = {**place, "entity": "sote0"}
    promise = "answered_in_promise_share"
    figures = [
        counted("feedback_count", None, **place),
        counted("feedback_count", None, **sote),
        counted("complaint_count", None, **place, channel="statutory"),
        counted(promise, None, **place, status="below_min_n"),
        counted(promise, None, **sote, status="not_reported"),
    ]
    nodes = [Node(one, parent) for one, parent in PARENTS.items()]
    cells = known(Published(nodes, [told(one) for one in figures])).cells
    assert [(one.k, one.least, one.most, one.attacked) for one in cells] == [
        (5, 1, None, True), (10, 1, None, True), (10, 1, None, True),
        (5, 5, 29, False), (10, 0, None, False),
    ]  # fmt: skip
