"""What of a statutory case may go on: nothing that could point at one person's visit."""

from datetime import datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from complaints.domain.authorities import Authorities, check
from kokemus.contracts.events import (
    ComplaintDecided,
    ComplaintRegistered,
    Event,
    ObservationWithdrawn,
    Period,
)
from kokemus.errors import Reason, Refused

TOO_SMALL: Final = frozenset({"service", "unit"})
"""Kinds of entities that have so few cases that each would stand for a person."""


def as_registered(
    event: Event, kind: str | None, *, zone: ZoneInfo, authorities: Authorities
) -> Event:
    """The event with its time cut to the local day; the counts of a period as they are.

    A withdrawal's original is cut just as the original was, so that it takes back the same day's.

    Args:
        event: as its source sent it.
        kind: of its subject, or None where the registry does not know it.
        zone: whose days count.
        authorities: who takes which cases, since and until when.

    Raises:
        Refused: a single case or contact is not about a service entity or higher, or its authority
            did not take it on its day.
    """
    if isinstance(event.data, Period):
        return event
    if kind in TOO_SMALL:
        raise Refused(
            Reason.INVALID,
            f"a single case is sent for a service entity or higher, never for a {kind}",
            "/subject",
        )
    if isinstance(event, ObservationWithdrawn):
        original = replace(event.data.original, time=_day(event.data.original.time, zone))
        event = replace(event, data=replace(event.data, original=original))
    day = _day(event.time, zone)
    if isinstance(event, ComplaintRegistered | ComplaintDecided):
        check(authorities, event, day.year)
    return replace(event, time=day)


def _day(moment: datetime, zone: ZoneInfo) -> datetime:
    return datetime.combine(moment.astimezone(zone).date(), time.min, zone)
