"""The organisation tree as the ingest services need it: whose events a key may send."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, Protocol, TypeVar

from kokemus.contracts.events import (
    DevicePlaced,
    DeviceValidity,
    EntityDefined,
    EntityValidity,
    Event,
    SeriesBroken,
)
from kokemus.contracts.topics import key_of

MAX_DEPTH: Final = 20
"""Deeper than any city's tree: a ring in the registry ends here."""


V = TypeVar("V", DeviceValidity, EntityValidity)


class Table(Protocol):
    """Where the registry's events stand by their Kafka key (a `CompactedTopic` is one)."""

    @property
    def version(self) -> int:
        """Grows with each change."""

    @property
    def table(self) -> Mapping[str, Event]:
        """The newest event by key."""


class Registry:
    """Answers from the registry topic's newest state; remembers its answers until that changes."""

    def __init__(self, topic: Table) -> None:
        self._topic = topic
        self._version = -1
        self._devices: dict[str, DevicePlaced] = {}
        self._units: dict[int, EntityDefined] = {}
        self._answers: dict[tuple[str, str, date], bool] = {}

    def kind(self, subject: str) -> str | None:
        """The kind of an entity, or None where no entity has this id yet."""
        found = self._topic.table.get(f"entity/{subject}")
        return found.data.kind if isinstance(found, EntityDefined) else None

    def unit(self, service_map_id: int) -> EntityDefined | None:
        """The unit that the city's service map has under this id, or None where none is known."""
        self._refresh()
        return self._units.get(service_map_id)

    def break_of(self, event: SeriesBroken) -> str | None:
        """The entity whose break has this event's id now, or None where none has it."""
        found = self._topic.table.get(key_of(event))
        return found.subject if found is not None else None

    def newest(self, batch: Sequence[Event]) -> list[Event]:
        """The registry's events but those for which it knows, or the batch has, a later one.

        Compaction keeps what came last to a key, whatever its time: an earlier event that came
        later would take the place of the later one for whoever reads the topic anew.
        """
        latest: dict[str, Event] = {}
        for event in batch:
            key = key_of(event)
            known = latest.get(key) or self._topic.table.get(key)
            if known is None or (known.time, known.id) <= (event.time, event.id):
                latest[key] = event
        return list(latest.values())

    def lies_under(self, subject: str, ancestor: str, day: date) -> bool:
        """Whether an entity or a placed device belonged to a subtree on a local day.

        An entity is under itself; what nobody has defined is under nothing.
        """
        self._refresh()
        question = (subject, ancestor, day)
        answer = self._answers.get(question)
        if answer is None:
            if len(self._answers) > 100_000:
                self._answers.clear()
            answer = self._answers[question] = self._climb(subject, ancestor, day)
        return answer

    def _climb(self, subject: str, ancestor: str, day: date) -> bool:
        placed = self._devices.get(subject)
        at: str | None = subject
        if placed is not None:
            place = _valid_on(placed.data.validities, day)
            at = place.entity if place else None
        for _ in range(MAX_DEPTH):
            defined = self._topic.table.get(f"entity/{at}")
            if at is None or not isinstance(defined, EntityDefined):
                return False
            if at == ancestor:
                return True
            validity = _valid_on(defined.data.validities, day)
            at = validity.parent if validity else None
        return False

    def _refresh(self) -> None:
        if self._version != self._topic.version:
            self._version = self._topic.version
            self._answers.clear()
            self._devices = {
                event.subject: event
                for event in self._topic.table.values()
                if isinstance(event, DevicePlaced)
            }
            self._units = {
                event.data.service_map_id: event
                for event in self._topic.table.values()
                if isinstance(event, EntityDefined) and event.data.service_map_id is not None
            }


def _valid_on(validities: Sequence[V], day: date) -> V | None:
    for validity in validities:
        if validity.valid_from <= day and (validity.valid_to is None or day <= validity.valid_to):
            return validity
    return None
