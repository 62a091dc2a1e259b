"""Contacts to the ombudsperson, counted by the field they were about. Pure."""

from collections import Counter
from datetime import date
from typing import NamedTuple

from kokemus.contracts import events
from metrics.domain.local_time import LocalHours, day_of


class Contacted(NamedTuple):
    """The cell of a contact; the fields are disjoint, `both` is one of its own."""

    entity: str
    source: str
    day: date
    field: str


class Contacts(NamedTuple):
    """Two units of count: one contact may be about several matters."""

    contacts: int
    by_matter: Counter[str]
    """Matters by their code."""

    @property
    def matters(self) -> int:
        """Matters of all codes."""
        return self.by_matter.total()

    def plus(self, other: "Contacts") -> "Contacts":
        """Both together."""
        both = Counter(self.by_matter)
        both.update(other.by_matter)
        return Contacts(self.contacts + other.contacts, both)


def contacted(event: events.Event, hours: LocalHours) -> tuple[Contacted, Contacts] | None:
    """What an event adds to a cell or takes back from it, if it is about a contact."""
    match event:
        case events.OmbudsmanContacted(time=time, data=data):
            amount = 1
        case events.ObservationWithdrawn(
            data=events.Withdrawn(original=events.OriginalContact(time=time, data=data))
        ):
            amount = -1
        case _:
            return None
    cell = Contacted(event.subject, event.source, day_of(hours.of_moment(time)), data.field)
    matters = Counter(data.matters)
    return cell, Contacts(amount, Counter({code: amount * matters[code] for code in matters}))
