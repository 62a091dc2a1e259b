"""The profile of experience: how many service entities are measured, and how they have changed.

Nothing is pooled: an entity is judged in each of its own channels, scales and question families by
that scale's own metric, and entities are counted.
"""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Final, NamedTuple

from metrics.domain.cells import WHOLE, Breakdown, Cells
from metrics.domain.comparison import Change
from metrics.domain.figures import NOTHING, Answer, Figure, Key
from metrics.domain.intervals import Ratio
from metrics.domain.periods import Span

JUDGED_BY: Final = ("happy_index", "nps", "mean_likert5", "mean_grade4_10")
"""The metric that an entity is judged by on each scale."""

LEAST_ANSWERS: Final = 30
"""In twelve months and one channel, scale and family; fewer are no measurement."""

CHANGES: Final = ("better", "no_clear_change", "worse", "not_comparable")


class Judged(NamedTuple):
    """How a measured entity stands in one channel, scale and family."""

    entity: str
    key: Key
    change: str
    """One of `CHANGES`."""


class Recommended(NamedTuple):
    """The whole's NPS, printed, from so many answers."""

    printed: int
    n: int


class Profile(NamedTuple):
    """What is known of an entity's service entities in the twelve months to a day."""

    window: Span
    valid: int
    judged: Sequence[Judged]
    recommended: Mapping[Key, Recommended]
    as_of: datetime | None


def twelve_months(last: date) -> Span:
    """The twelve months that end with a day."""
    after = last + timedelta(days=1)
    leap = (after.month, after.day) == (2, 29)
    return Span(after.replace(year=after.year - 1, day=28 if leap else after.day), last)


def profile(
    window: Span,
    whole: str,
    entities: AbstractSet[str],
    now: Sequence[Figure],
    before: Sequence[Figure],
) -> Profile:
    """The profile of a whole.

    Args:
        window: the twelve months.
        whole: the division or city.
        entities: its service entities that are valid on the last day.
        now: figures of the window with their changes, judged as one list.
        before: those of the twelve months before.
    """
    enough = {
        (one.place.entity, one.place.key)
        for one in before
        if _counted(one) and (one.n or 0) >= LEAST_ANSWERS
    }
    judged, recommended, moments = [], {}, []
    for one in now:
        entity, key = one.place.entity, one.place.key
        if not _counted(one):
            continue
        if entity == whole and one.definition.unit == "nps" and one.rounded is not None:
            recommended[key] = Recommended(int(one.rounded), one.n or 0)
        if entity not in entities or (one.n or 0) < LEAST_ANSWERS:
            continue
        comparable = (entity, key) in enough
        judged.append(Judged(entity, key, _named(one.change) if comparable else "not_comparable"))
        if isinstance(one.as_of, datetime):
            moments.append(one.as_of)
    return Profile(window, len(entities), judged, recommended, max(moments, default=None))


def _counted(figure: Figure) -> bool:
    """Whether it was counted here, in total, and not taken over from elsewhere."""
    return "reported" not in figure.flags and not figure.place.dimension and bool(figure.n)


def _named(change: Change | None) -> str:
    known = change is not None and change.status == "ok" and change.verdict is not None
    return str(change.verdict) if change is not None and known else "not_comparable"


def cells(profiles: Mapping[int, Profile], *, whole: bool) -> Cells:
    """Counts of entities, by number of the period.

    Args:
        profiles: of one division or city, by number of the period.
        whole: whether to count over all channels too; left out where one channel was asked for.
    """
    found: dict[tuple[Key, Breakdown], dict[int, Answer]] = {}
    for number, one in profiles.items():
        for cell, answer in _cells(one):
            if whole or cell[0] != NOTHING:
                found.setdefault(cell, {})[number] = answer
    return found


def _cells(one: Profile) -> Iterator[tuple[tuple[Key, Breakdown], Answer]]:
    def count(entities: int, of: int, beside: Mapping[str, int] | None = None) -> Answer:
        ratio = Ratio(Fraction(entities), entities)
        return Answer(ratio, one.as_of, heard=True, n=of, span=one.window, beside=beside or {})

    measured = len({judged.entity for judged in one.judged})
    yield (NOTHING, WHOLE), count(one.valid, one.valid)
    yield (NOTHING, (("measured", "yes"),)), count(measured, one.valid)
    yield (NOTHING, (("measured", "no"),)), count(one.valid - measured, one.valid)
    for key in sorted({judged.key for judged in one.judged}):
        of_key = [judged.change for judged in one.judged if judged.key == key]
        yield (key, (("measured", "yes"),)), count(len(of_key), one.valid)
        for change in CHANGES:
            yield (key, (("change", change),)), count(of_key.count(change), len(of_key))
        if key in one.recommended:
            nps, n = one.recommended[key]
            beside = {"nps": nps, "nps_n": n}
            yield (key, (("recommend", "asked"),)), count(len(of_key), one.valid, beside)
