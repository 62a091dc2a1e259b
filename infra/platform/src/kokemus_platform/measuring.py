"""What benchmarks and the load generator report: percentiles, and a table of results. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True)
class Measured:
    """One result of a benchmark, as it is shown."""

    what: str
    value: str
    required: str = ""
    """What the value is held against; empty where it only informs."""
    holds: bool | None = None
    """Whether it keeps what is required."""


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that at least so many percent of them do not exceed.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("no values")
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def at_least(what: str, value: float, least: float, form: str = ".2f") -> Measured:
    """A result that ought to reach `least`."""
    return Measured(what, f"{value:{form}}", f"at least {least:{form}}", value >= least)


def below(what: str, value: float, limit: float, unit: str, form: str = ",.0f") -> Measured:
    """A result that ought to stay below `limit`."""
    return Measured(what, f"{value:{form}} {unit}", f"under {limit:g} {unit}", value < limit)


def table_of(title: str, measured: Iterable[Measured]) -> Table:
    """The results with the requirement beside each."""
    table = Table("what", "measured", "required", "", title=title, box=None, title_justify="left")
    table.columns[1].justify = "right"
    for one in measured:
        verdict = {None: "", True: "[green]kept[/]", False: "[red]missed[/]"}[one.holds]
        table.add_row(one.what, one.value, one.required, verdict)
    return table
