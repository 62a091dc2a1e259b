"""Cells and observations of statutory channels, from what was read."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from metrics.domain.cells import WHOLE, Breakdown, Cells
from metrics.domain.definitions import Definition
from metrics.domain.figures import Answer, Key
from metrics.domain.found import Found
from metrics.domain.intervals import Ratio
from metrics.domain.periods import Period
from metrics.domain.statutory import (
    TOGETHER,
    UNSPECIFIED,
    Observation,
    Standing,
    Told,
    naming,
    standing,
)

KEY: Final = Key("statutory")

_CASES: Final = frozenset({"complaints", "decisions"})
"""Measures whose sources may be polled, so that their silence can mean zero."""

_NEVER_POOLED: Final = frozenset({"complaints"})
"""Measures whose codes have no sum: an objection is no complaint."""


def cells(found: Found, definition: Definition, entity: str, periods: list[Period]) -> Cells:
    """What stands in each period: in total, by code, and by the reason or matter named."""
    told = found.statutory.get((definition.measure, entity), Told())
    by_cell: dict[tuple[Key, Breakdown], dict[int, Answer]] = {}
    apart: dict[int, Answer] = {}
    for number, period in enumerate(periods):
        singles = [one for one in told.singles if one.period == number]
        codes = standing(period, told.observations, singles)
        for code, one in codes.items():
            if code != TOGETHER:
                breakdown = ((definition.dimensions[0], code),)
                by_cell.setdefault((KEY, breakdown), {})[number] = _answer(one)
        total = _total(definition, codes)
        if total is not None:
            by_cell.setdefault((KEY, WHOLE), {})[number] = _answer(total)
        elif codes:
            apart[number] = Answer(None)
    for name in definition.dimensions[1:]:
        _add_names(by_cell, (definition.dimensions[0], name), told, periods, apart=bool(apart))
    if definition.measure in _CASES:
        if (KEY, WHOLE) in by_cell:
            by_cell[KEY, WHOLE].update(apart)
        elif not by_cell and (entity, KEY.channel) in found.heard:
            by_cell[KEY, WHOLE] = {}
        return by_cell
    unknown = dict.fromkeys(range(len(periods)), Answer(None))
    return {cell: {**unknown, **by_period} for cell, by_period in by_cell.items()}


def _add_names(
    by_cell: dict[tuple[Key, Breakdown], dict[int, Answer]],
    dimensions: tuple[str, str],
    told: Told,
    periods: Sequence[Period],
    *,
    apart: bool,
) -> None:
    """Adds what was named, by itself or, where codes have no sum, beside its code."""
    code_of, name_of = dimensions
    for number, period in enumerate(periods):
        singles = [one for one in told.singles if one.period == number]
        named = naming(period, told.observations, singles, apart=apart)
        for (code, name), one in named.items():
            beside: Breakdown = ((code_of, code),) if apart else ()
            by_cell.setdefault((KEY, (*beside, (name_of, name))), {})[number] = _answer(one)


def observed(
    found: Found, definition: Definition, entity: str
) -> Iterator[tuple[Observation, Breakdown, Answer]]:
    """Every count for a period that was given of the entity itself."""
    for one in found.statutory.get((definition.measure, entity), Told()).observations:
        if one.entity != entity:
            continue
        told_apart = one.code not in (TOGETHER, UNSPECIFIED)
        breakdown = ((definition.dimensions[0], one.code),) if told_apart else WHOLE
        yield one, breakdown, _answer(Standing(one.number, one.as_of, None, ()))


def _total(definition: Definition, codes: dict[str, Standing]) -> Standing | None:
    """What a source says of all together, else the sum; None where there is none."""
    together = codes.get(TOGETHER)
    if together is not None and together.number is not None:
        return together
    parts = [one for code, one in codes.items() if code != TOGETHER] or list(codes.values())
    if not parts or (definition.measure in _NEVER_POOLED and len(parts) > 1):
        return None
    counts = [one.number for one in parts if one.number is not None]
    flags = dict.fromkeys(flag for one in parts for flag in one.flags)
    if counts and len(counts) < len(parts):
        flags["incomplete_return"] = None
    return Standing(
        sum(counts) if counts else None,
        max(one.as_of for one in parts),
        parts[0].span,
        tuple(flags),
    )


def _answer(one: Standing) -> Answer:
    ratio = None if one.number is None else Ratio(Fraction(one.number), one.number)
    return Answer(
        ratio,
        one.as_of,
        heard=one.number is not None,
        not_reported=one.number is None,
        span=one.span,
        flags=one.flags,
    )
