"""Loads the reference data into a platform that has just started."""

from collections.abc import Mapping
from typing import Any


def load(status: Mapping[str, Any], *, demo: bool) -> None:
    """Load what every start needs; with `demo`, a city's year besides. Idempotent.

    Args:
        status: what `./kokemus status --json` prints.
        demo: whether the year is played in.
    """
