"""Figures that stand as they were first published, and say so once their year is final."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from msgspec.structs import replace

from reporting.disclosure.tables import CountId
from reporting.domain.releases import Figure

NOT_REVISED: Final = "not_revised"
"""The flag of figures without what came after them."""


def late_years(
    first: Iterable[tuple[CountId, int, Figure]], now: Mapping[CountId, int], last: date
) -> frozenset[int]:
    """The years that are over and have a month with another count than was published.

    Args:
        first: counts of one table as they were published or hidden.
        now: counts as they are.
        last: the last day of the release.
    """
    return frozenset(
        figure.period.first.year
        for name, count, figure in first
        if figure.period.grain == "month"
        and date(figure.period.first.year, 12, 31) <= last
        and now.get(name, count) != count
    )


def stand(figures: Iterable[Figure], late: frozenset[int]) -> list[Figure]:
    """The figures as they were published.

    All months of a late year say that they are not revised: a mark at one count alone, perhaps a
    hidden one, would tell where somebody came late.
    """
    return [
        replace(one, flags=sorted({*one.flags, NOT_REVISED}))
        if one.period.grain == "month" and one.period.first.year in late
        else one
        for one in figures
    ]
