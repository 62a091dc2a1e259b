"""What of a statutory case may go on: nothing that could point at one person's visit."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from kokemus.contracts.events import Event
from kokemus.errors import Reason, Refused


def as_registered(event: Event, kind: str | None, *, zone: ZoneInfo) -> Event:
    """The event with its time cut to the local day.

    Args:
        event: as its source sent it.
        kind: of its subject, or None where the registry does not know it.
        zone: whose days count.

    Raises:
        Refused: the subject is a unit: cases are so few there that each would stand for a person.
    """
    if kind == "unit":
        raise Refused(
            Reason.INVALID, "a case is registered by service or above, never by unit", "/subject"
        )
    day = event.time.astimezone(zone).date()
    return replace(event, time=datetime.combine(day, time.min, zone))
