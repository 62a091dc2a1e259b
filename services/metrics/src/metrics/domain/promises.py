"""Service promises: who is owed an answer, and by the end of which day. Pure; the table is data."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date, timedelta
from functools import cache
from importlib import resources
from typing import Final, Literal, NamedTuple

import msgspec

from kokemus.working_days import working_day

Condition = Literal["contact_left", "answer_requested", "answer_possible"]

_DAY: Final = timedelta(days=1)


class Promise(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was promised to whom from a day on.

    Attributes:
        subtree: the entity under which it holds; None: everywhere.
        valid_from: the first local day of arrival that it holds for.
        within: what `days` are; working days are Mondays to Fridays that are no holidays.
        eligible: what a message must have to be owed an answer.
        source: where the promise was given.
    """

    subtree: str | None
    valid_from: date
    within: Literal["working_days", "days"]
    days: int
    eligible: tuple[Condition, ...]
    source: str

    def owed(self, met: Collection[Condition]) -> bool:
        """Whether a message that meets these conditions is owed an answer."""
        return all(condition in met for condition in self.eligible)

    def due(self, received: date) -> date:
        """The local day by whose end the answer is due."""
        if self.within == "days":
            return received + timedelta(days=self.days)
        return working_day(received + _DAY, self.days)


class Due(NamedTuple):
    """What holds for the messages of one day."""

    day: date
    subtree: str | None
    promise: int
    """The place of the promise in the table; of two that hold, the greater goes before."""
    due: date


@cache
def promise_table() -> tuple[Promise, ...]:
    """The promises that this version of the service judges by."""
    raw = resources.files("metrics") / "data" / "promises.yaml"
    return msgspec.yaml.decode(raw.read_bytes(), type=tuple[Promise, ...])


def dues(promises: Iterable[Promise], last: date) -> Iterator[Due]:
    """For each day up to the last, and each subtree of the table, the promise of that day."""
    by_subtree: dict[str | None, list[tuple[int, Promise]]] = {}
    for number, promise in enumerate(promises):
        by_subtree.setdefault(promise.subtree, []).append((number, promise))
    for listed in by_subtree.values():
        listed.sort(key=lambda one: one[1].valid_from)
        ends = [promise.valid_from - _DAY for _, promise in listed[1:]] + [last]
        for (number, promise), end in zip(listed, ends, strict=True):
            day = promise.valid_from
            while day <= min(end, last):
                yield Due(day, promise.subtree, number, promise.due(day))
                day += _DAY
