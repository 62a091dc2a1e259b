"""What stands between a source system and the topics, whichever way its events come."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, NamedTuple, Self

from msgspec.structs import force_setattr

from kokemus.compacted import CompactedTopic
from kokemus.contracts import wire
from kokemus.contracts.codes import CodeLists
from kokemus.contracts.events import Event, ObservationWithdrawn
from kokemus.contracts.topics import declarations, short_type, topic_of
from kokemus.errors import Reason, Refused
from kokemus.keys import Key, Keys
from kokemus.metric_names import EVENTS_ACCEPTED, EVENTS_REJECTED, FIELDS_DROPPED
from kokemus.publishing import CHUNK, Publisher
from kokemus.registry import Registry
from kokemus.scopes import Scope
from kokemus.settings import KeyedSettings
from kokemus.telemetry import Meters, valid_traceparent

_REGISTRY: Final = declarations()["registry.v1"].event_types
CLOCK_TOLERANCE: Final = timedelta(hours=24)
"""How far ahead a source's clock may be; also covers one that forgets its offset."""

Rule = Callable[[Event, str | None], Event]
"""A service's own rule: given an event and its subject's kind, if known, what goes on.

Raises `Refused` for what must not.
"""


class Checked(NamedTuple):
    """Events that may go on, and why the others may not, by their position in what was given."""

    events: list[Event]
    refused: dict[int, Refused]


class Intake:
    """Checks events against contracts and scopes, and publishes them. An async context manager."""

    def __init__(
        self, service: str, settings: KeyedSettings, meters: Meters, rule: Rule | None = None
    ) -> None:
        """Prepares everything; nothing connects before the context is entered.

        Args:
            service: its name in the declarations: it takes in the types of the topics it owns.
            settings: of the process.
            meters: of the process.
            rule: what only this service asks of an event.

        Raises:
            ValueError: the keys file or the codes file cannot be read.
        """
        self.service = service
        self.settings = settings
        self.meters = meters
        self.keys = Keys(settings.keys_file)
        self.codes = CodeLists.load(settings.codes_file)
        self.publisher = Publisher(settings, meters)
        self._topic = CompactedTopic(settings, declarations()["registry.v1"])
        self.registry = Registry(self._topic)
        self._rule = rule
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.publisher)
        await self._stack.enter_async_context(self._topic)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def types(self) -> tuple[type[Event], ...]:
        """The event types that source systems may send here."""
        return tuple(
            kind
            for topic in declarations().values()
            if topic.owner == self.service and topic.name != "sources.v1"
            for kind in topic.event_types
        )

    @property
    def knows_the_registry(self) -> bool:
        """Whether the registry has been read to its end, so that scopes can be judged."""
        return self._topic.complete

    async def registry_known(self) -> None:
        """Waits until the registry has been read to its end once."""
        await self._topic.read_to_end()

    async def missing(self) -> Mapping[str, str]:
        """What keeps the service from being ready."""
        found = {}
        if not await self.publisher.ready():
            found["kafka"] = "no broker answers"
        if not self.knows_the_registry:
            found["registry"] = "not read to its end yet"
        return found

    def check(self, key: Key, batch: Sequence[Event], now: datetime) -> Checked:
        """Holds events against contracts, scopes and the service's rule.

        Args:
            key: the sender's.
            batch: events of any of `types`.
            now: the only clock that events are ever held against.
        """
        refused = wire.check_all(batch, now + CLOCK_TOLERANCE)
        settings = self.settings
        scope = Scope(key, self.registry, settings.root_entity, settings.time_zone)
        refused = {
            **self._not_here(batch),
            **scope.refused(batch),
            **self.codes.refused(batch),
            **refused,
        }
        if self._rule is None and not refused:
            return Checked(list(batch), {})
        good = []
        for position, event in enumerate(batch):
            if position in refused:
                continue
            try:
                good.append(self._ruled(event))
            except Refused as error:
                refused[position] = error
        return Checked(good, refused)

    async def publish(self, batch: Sequence[Event], traceparent: str | None) -> None:
        """Hands checked events on; returns when all in-sync replicas have them.

        Args:
            batch: checked events.
            traceparent: the trace that brought them, for those that carry none of their own.

        Raises:
            Unavailable: not all are confirmed; sending all of them again does no harm.
        """
        for start in range(0, len(batch), CHUNK):
            await self.hand_over(batch[start : start + CHUNK], traceparent)

    def hand_over(self, batch: Sequence[Event], traceparent: str | None) -> Awaitable[None]:
        """`publish` of `CHUNK` events at most, which need not be kept while it is awaited."""
        for event in batch:
            own = event.traceparent
            if own is not None or traceparent is not None:
                force_setattr(event, "traceparent", self._trace(own, traceparent))
        kinds = list(map(type, batch))
        accepted = {short_type(kind): kinds.count(kind) for kind in set(kinds)}
        return self._confirmed(self.publisher.hand_over(self._still_valid(batch)), accepted)

    async def _confirmed(self, handed: Awaitable[None], accepted: Mapping[str, int]) -> None:
        await handed
        for kind, count in accepted.items():
            self.meters.add(EVENTS_ACCEPTED, count, kind)

    def count(self, refused: Sequence[Refused], dropped: int) -> None:
        """Counts what did not go on."""
        for reason, count in Counter(one.reason for one in refused).items():
            self.meters.add(EVENTS_REJECTED, count, reason)
        if dropped:
            self.meters.add(FIELDS_DROPPED, dropped)

    def _not_here(self, batch: Sequence[Event]) -> dict[int, Refused]:
        """The withdrawals of what another service took in, by position."""
        if not any(issubclass(kind, ObservationWithdrawn) for kind in set(map(type, batch))):
            return {}
        return {
            position: Refused(
                Reason.UNKNOWN_TYPE, "withdrawn where it was sent", "/data/original/type"
            )
            for position, event in enumerate(batch)
            if topic_of(event).owner != self.service
        }

    def _ruled(self, event: Event) -> Event:
        if self._rule is None:
            return event
        return self._rule(event, self.registry.kind(event.subject))

    def _still_valid(self, batch: Sequence[Event]) -> Sequence[Event]:
        """The batch without registry events that have been overtaken; they count as repeats."""
        if not any(issubclass(kind, _REGISTRY) for kind in set(map(type, batch))):
            return batch
        others = [event for event in batch if not isinstance(event, _REGISTRY)]
        of_registry = [event for event in batch if isinstance(event, _REGISTRY)]
        return [*others, *self.registry.newest(of_registry)]

    def _trace(self, own: str | None, given: str | None) -> str | None:
        if own is not None and valid_traceparent(own) is None:
            self.meters.add(FIELDS_DROPPED)  # whatever it is, it may be about a person
            return given
        return own or given
