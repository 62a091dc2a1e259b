"""How long hiding takes, and what it loses, as a release grows; and beside the optimum."""

import time
from collections.abc import Sequence
from typing import Final

from kokemus_platform.measuring import Measured, below
from reporting.disclosure.suppressing import suppress
from support.disclosure import city, least_loss

METRICS: Final = 4
MONTHS: Final = 12
UNITS_A_SERVICE: Final = 20
LIMIT_SECONDS: Final = 120


def run(sizes: Sequence[int] = (250, 500, 1_000, 2_000), small: int = 20) -> list[Measured]:
    """Hides in four metrics by unit and month, and in small tables beside the least loss.

    Args:
        sizes: numbers of units; the last one is held against what is required.
        small: how many small tables are hidden in by the greedy and by the optimum.
    """
    found = []
    for units in sizes:
        start = time.perf_counter()
        hidden = events = primary = 0
        for metric in range(METRICS):
            tables = city(metric, units=units, services=units // UNITS_A_SERVICE, months=MONTHS)
            suppression = suppress(tables)
            hidden += suppression.loss
            primary += len(suppression.primary)
            events += sum(tables.counts.values())
        taken = time.perf_counter() - start
        what = f"{units} units x {MONTHS} months x {METRICS} metrics"
        found.append(Measured(f"{what}: hidden for themselves", f"{primary:,} counts"))
        found.append(Measured(f"{what}: lost to protect them", f"{hidden / events:.2%} of events"))
        found.append(
            below(f"{what}: time", taken, LIMIT_SECONDS, "s")
            if units == sizes[-1]
            else Measured(f"{what}: time", f"{taken:,.1f} s")
        )
    greedy = least = 0
    for seed in range(small):
        tables = city(seed, units=4, services=2, months=2, mean=14)
        greedy += suppress(tables).loss
        least += least_loss(tables)
    found.append(below("greedy loss beside the least", greedy / least, 1.5, "times", ".2f"))
    return found
