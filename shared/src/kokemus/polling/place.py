"""How far a poller has come, and what it need not send again."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from kokemus.contracts import events


def place_of(last: events.Poll | None) -> datetime | None:
    """How far the last poll had come; None: nothing was read yet."""
    if last is None or last.next is None:
        return None
    try:
        place = datetime.fromisoformat(last.next)
    except ValueError:
        return None
    return place if place.tzinfo else None


class Confirmed:
    """The ids that Kafka confirmed to this process, for the days that will be read again.

    Only a saving: without it every poll would send the whole overlap once more.
    """

    def __init__(self) -> None:
        self._ids: defaultdict[date, set[str]] = defaultdict(set)

    def new(self, found: Sequence[events.Event]) -> list[events.Event]:
        """Those events that were not confirmed yet, each once."""
        by_id = {event.id: event for event in found}
        return [one for one in by_id.values() if one.id not in self._ids[one.time.date()]]

    def add(self, sent: Sequence[events.Event]) -> None:
        """Takes note of events that were confirmed."""
        for event in sent:
            self._ids[event.time.date()].add(event.id)

    def forget_before(self, since: datetime) -> None:
        """Drops the days that no window will hold any more, if the next poll begins there."""
        for day in [day for day in self._ids if day < since.date() - timedelta(days=1)]:
            del self._ids[day]
