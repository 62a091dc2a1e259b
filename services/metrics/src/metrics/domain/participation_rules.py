"""The rules of participation and measurement that a city may change: data, not code."""

from functools import cache
from importlib import resources

import msgspec


class Rules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What counts as covered, what as overdue, and whom measurement concerns."""

    required: tuple[int, ...]
    """Levels on each of which a covered service entity has a way in use."""
    overdue_slack_months: int
    interval_months: dict[str, int]
    """By frequency; one that is missing has no interval."""
    not_customer_serving: frozenset[str]


@cache
def rules() -> Rules:
    """The rules that this version of the service computes by."""
    raw = resources.files("metrics") / "data" / "participation.yaml"
    return msgspec.yaml.decode(raw.read_bytes(), type=Rules)
