"""Whether a key may send an event: its type, its source, and where its subject lies."""

from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from kokemus.contracts.events import (
    Counted,
    DevicePlaced,
    EntityDefined,
    Event,
    KioskMisused,
    MethodReported,
    ObservationWithdrawn,
    Period,
    QuestionDefined,
    ReportedFigure,
    SeriesBroken,
)
from kokemus.contracts.topics import short_type
from kokemus.errors import Reason, Refused
from kokemus.keys import EVERYTHING, Key
from kokemus.registry import Registry


class Scope:
    """What one key may send."""

    def __init__(self, key: Key, registry: Registry, root: str, zone: ZoneInfo) -> None:
        """Looks through a key's eyes.

        Args:
            key: the sender's.
            registry: knows what lies where.
            root: the entity at the top of the tree.
            zone: whose local days the tree is by.
        """
        self._key = key
        self._registry = registry
        self._subtree = None if key.subtree in (None, root) else key.subtree
        self._zone = zone
        self._unbound = (
            self._subtree is None and EVERYTHING in key.types and EVERYTHING in key.sources
        )

    def refused(self, batch: Sequence[Event]) -> dict[int, Refused]:
        """Why events of the batch lie outside of the scope, by position."""
        if self._unbound:
            return {}
        objections = ((position, self._objection(event)) for position, event in enumerate(batch))
        return {position: refused for position, refused in objections if refused is not None}

    def _objection(self, event: Event) -> Refused | None:
        if not self._key.may_send(short_type(type(event))):
            return _outside("this key may not send this type", "/type")
        if not self._key.may_speak_for(event.source):
            return _outside("this key may not send for this source", "/source")
        if self._subtree is not None and not self._covers(event, self._subtree):
            return _outside("this key may not send for this subject", "/subject")
        return None

    def _covers(self, event: Event, subtree: str) -> bool:
        if isinstance(event, EntityDefined | DevicePlaced | QuestionDefined):
            return False  # they hold for more than one subtree: the root's business
        subjects = {event.subject}
        if isinstance(event, SeriesBroken) and (known := self._registry.break_of(event)):
            subjects.add(known)  # whose mark it would take away
        return all(
            self._registry.lies_under(subject, subtree, day)
            for subject in subjects
            for day in self._days(event)
        )

    def _days(self, event: Event) -> set[date]:
        """The local days of an event and of what it changes: a sender chooses `time` freely."""
        moments, days = [event.time], set()
        match event:
            case KioskMisused(data=data):
                moments.append(data.press.time)
            case ObservationWithdrawn(data=data):
                moments.append(data.original.time)
            case Event(data=Counted() | Period() | ReportedFigure() as data):
                days = {data.period_start, data.period_end}
            case MethodReported(data=data):
                days = {date(data.year, 12, 31)}
            case SeriesBroken(data=data):
                days = {data.date}
            case _:
                pass
        return days | {moment.astimezone(self._zone).date() for moment in moments}


def _outside(detail: str, pointer: str) -> Refused:
    return Refused(Reason.OUT_OF_SCOPE, detail, pointer)
