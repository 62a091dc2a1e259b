"""Cells of participation and of measurement, from what was read."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Final

from metrics.domain.cells import WHOLE, Breakdown, Cells, Counts
from metrics.domain.definitions import Definition
from metrics.domain.figures import NOTHING, Answer, Key
from metrics.domain.found import Found
from metrics.domain.intervals import Ratio
from metrics.domain.participation import (
    LEVELS,
    Return,
    Returns,
    Round,
    coverage,
    coverage_change,
)
from metrics.domain.participation_rules import Rules, rules
from metrics.domain.periods import Period
from metrics.domain.practices import PracticeTally, age, class_of, oddities, overdue
from metrics.domain.rounding import rounded_share

OBSERVED: Final = 30
"""So many answers in twelve months show that experience is measured."""

_INCOMPLETE: Final = ("incomplete_return",)

_Answers = Mapping[Breakdown, Answer]


def returned(found: Found, definition: Definition, entity: str, periods: Sequence[Period]) -> Cells:
    """What was returned for the year in which each period ends."""
    if found.returns is None:
        return {}
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = {}
    for place, period in enumerate(periods):
        year = period.span.last.year
        for breakdown, answer in _of_year(found.returns, definition, entity, year).items():
            cells.setdefault((NOTHING, breakdown), {})[place] = answer
    return cells


def _of_year(returns: Returns, definition: Definition, entity: str, year: int) -> _Answers:
    whole = returns.round(entity, year)
    match definition.measure:
        case "volumes":
            return _volumes(returns.of(entity, year))
        case "coverage":
            return {WHOLE: covered(whole, rules())} if whole else {}
        case "coverage_change":
            return {WHOLE: changed(returns, entity, year, rules())} if whole else {}
        case _ if returns.sums_up(entity):
            return _with_ways(whole)
        case _:
            own = returns.of(entity, year)
            missing = {WHOLE: Answer(None, not_reported=True)} if whole else {}
            return missing if own is None else _ways(own)


def _count(amount: int, as_of: datetime | None) -> Answer:
    return Answer(Ratio(Fraction(amount), amount), as_of, heard=True)


def _ways(own: Return) -> _Answers:
    """Distinct ways, in all and on each level that was returned."""
    every = {method for ways in own.levels.values() for method in ways}
    answers: dict[Breakdown, Answer] = {WHOLE: _count(len(every), own.as_of)}
    for level, ways in own.levels.items():
        answers[(("level", level),)] = _count(len(ways), own.as_of)
    return answers


def _with_ways(whole: Round) -> _Answers:
    """Service entities with ways, on any level and on each."""
    known = [one for one in whole.values() if one is not None]
    if not known:
        return {WHOLE: Answer(None, not_reported=True)} if whole else {}
    flags = _INCOMPLETE if len(known) < len(whole) else ()
    as_of = max(one.as_of for one in known)
    counts: dict[Breakdown, int] = {WHOLE: sum(any(one.levels.values()) for one in known)}
    for level in LEVELS:
        counts[(("level", level),)] = sum(one.covers([level]) for one in known)
    return {
        breakdown: _count(count, as_of)._replace(n=len(whole), flags=flags)
        for breakdown, count in counts.items()
    }


def _volumes(own: Return | None) -> _Answers:
    """Volumes by level, and by level and method; what nobody counted is not zero."""
    volumes: dict[Breakdown, list[int | None]] = {}
    for level, ways in own.levels.items() if own else ():
        if ways:
            volumes[(("level", level),)] = list(ways.values())
        for method in sorted(ways):
            volumes[("level", level), ("method", method)] = [ways[method]]
    as_of = own.as_of if own else None
    return {breakdown: _volume(told, as_of) for breakdown, told in volumes.items()}


def _volume(told: Sequence[int | None], as_of: datetime | None) -> Answer:
    known = [volume for volume in told if volume is not None]
    return _count(sum(known), as_of) if known else Answer(None, as_of, not_reported=True)


def covered(whole: Round, by: Rules) -> Answer:
    """The coverage of a round that has service entities."""
    found = coverage(whole, by.required)
    missing = len(found.missing)
    beside = {
        "covered": found.covered,
        "service_entities": found.valid,
        "not_returned": missing,
        "level_4": sum(one is not None and one.covers([LEVELS[-1]]) for one in whole.values()),
    }
    as_of = newest(whole)
    if missing == found.valid:
        return Answer(None, not_reported=True, beside=beside, n=found.valid)
    if missing:
        ends = tuple(float(rounded_share(end, 0)) for end in (found.low, found.high))
        return Answer(
            None,
            as_of,
            range=(ends[0], ends[1]),
            beside=beside,
            flags=_INCOMPLETE,
            n=found.valid,
        )
    return Answer(Ratio(Fraction(100 * found.covered), found.valid), as_of, beside=beside)


def changed(returns: Returns, entity: str, year: int, by: Rules) -> Answer:
    """The change of a round from the first complete one."""
    base = returns.base_year()
    whole = returns.round(entity, year)
    if base is None or year <= base:
        return Answer(None, without="no_baseline")
    found = coverage_change(whole, returns.round(entity, base), by.required)
    if found is None:
        return Answer(None, without="no_baseline")
    beside = {"base_year": base, "service_entities": found.entities}
    as_of = newest(whole)
    if as_of is None:
        return Answer(None, not_reported=True, beside=beside)
    if found.low == found.high:
        points = Fraction(found.low * found.entities)
        return Answer(Ratio(points, found.entities), as_of, beside=beside)
    return Answer(
        None,
        as_of,
        range=(found.low, found.high),
        beside=beside,
        flags=_INCOMPLETE,
        n=found.entities,
    )


def newest(whole: Round) -> datetime | None:
    """When something of a round last changed."""
    return max((one.as_of for one in whole.values() if one is not None), default=None)


def games(found: Found, definition: Definition, entity: str) -> Cells:
    """Measures in all, by theme, and by theme and column."""
    counts = Counts()
    for tally in found.tallies.get((definition.measure, entity), ()):
        values = tuple(zip(definition.dimensions, tally.breakdown, strict=True))
        for depth in range(len(values) + 1):
            counts.add((NOTHING, values[:depth]), tally.period, tally.records, tally.as_of)
    return counts.answers(Fraction(1), {})


def practices(
    found: Found, definition: Definition, entity: str, periods: Sequence[Period]
) -> Cells:
    """What is known of measurement at the end of each period."""
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = {}
    for place, period in enumerate(periods):
        told = [
            one
            for one in found.practices.get(entity, ())
            if one.period == place and one.entity not in rules().not_customer_serving
        ]
        if not told:
            continue
        answers: _Answers
        match definition.metric:
            case "measurement_coverage":
                answers = {WHOLE: _declared(told)}
            case "observed_measurement_coverage":
                answers = {WHOLE: _observed(told)}
            case "measurement_staleness":
                answers = _stale([one for one in told if one.entity == entity], period)
            case _:
                answers = _by_age(told, period)
        for breakdown, answer in answers.items():
            cells.setdefault((NOTHING, breakdown), {})[place] = answer
    return cells


def _as_of(told: Iterable[PracticeTally]) -> datetime:
    return max(one.as_of for one in told)


def _declared(told: Sequence[PracticeTally]) -> Answer:
    answers = [one.told.collects for one in told if one.told.collects is not None]
    beside = {"answered": len(answers), "asked": len(told)}
    if not answers:
        return Answer(None, _as_of(told), not_reported=True, beside=beside)
    return Answer(Ratio(Fraction(100 * sum(answers)), len(answers)), _as_of(told), beside=beside)


def _observed(told: Sequence[PracticeTally]) -> Answer:
    heard = sum(one.answers >= OBSERVED for one in told)
    return Answer(Ratio(Fraction(100 * heard), len(told)), _as_of(told))


def _late(one: PracticeTally, period: Period) -> bool:
    return overdue(
        one.told.frequency,
        one.told.last_time,
        period.span.last,
        rules().interval_months,
        rules().overdue_slack_months,
    )


def _stale(own: Sequence[PracticeTally], period: Period) -> _Answers:
    answers = {}
    for one in own:
        beside = {"overdue": int(_late(one, period))}
        old = age(one.told.last_time, period.span.last)
        if old is None and one.told.collects is False:
            answers[WHOLE] = Answer(None, one.as_of, without="not_collected", beside=beside)
        elif old is None:
            answers[WHOLE] = Answer(None, one.as_of, not_reported=True, beside=beside)
        elif old.least == old.most:
            answers[WHOLE] = Answer(Ratio(Fraction(old.least), 1), one.as_of, beside=beside)
        else:
            answers[WHOLE] = Answer(
                None, one.as_of, range=(old.least, old.most), beside=beside, n=1
            )
        answers[WHOLE] = answers[WHOLE]._replace(flags=oddities(one.told))
    return answers


def _by_age(told: Sequence[PracticeTally], period: Period) -> _Answers:
    classes = [class_of(one.told.collects, one.told.last_time, period.span.last) for one in told]
    late = sum(_late(one, period) for one in told)
    whole = _count(len(told), _as_of(told))._replace(beside={"overdue": late})
    return {
        WHOLE: whole,
        **{
            (("class", name),): _count(classes.count(name), _as_of(told))
            for name in dict.fromkeys(sorted(classes))
        },
    }
