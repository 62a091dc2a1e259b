"""The topic declarations: what each topic carries, how it is kept, who writes and who reads it."""

from functools import cache
from importlib import resources
from typing import Any, Final, Literal

import msgspec

from kokemus.contracts import events

FILES: Final = resources.files("kokemus.contracts")


MAX_MESSAGE_BYTES: Final = 1_048_588
"""Kafka's own default."""
MAX_LETTER_BYTES: Final = 2 * MAX_MESSAGE_BYTES
"""A dead letter is a whole record and why; whoever writes one must allow as much."""


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One topic. `name` is without the city's prefix, such as `kiosk-presses.v1`."""

    name: str
    description: str
    owner: str
    types: list[str]
    """CloudEvents types without `fi.hel.kokemus.`, such as `kiosk.pressed.v1`."""
    key: Literal["subject", "registry", "origin"]
    """`subject`: the event's subject; `registry`: kind and id; `origin`: topic/partition/offset."""
    partitions: int
    cleanup: Literal["delete", "compact"]
    retention_days: int | None
    """None: kept for ever, or as long as compaction keeps it."""
    producers: list[str]
    consumers: list[str]
    retention_class: Literal["events", "state", "dead"] = "events"

    @property
    def event_types(self) -> tuple[type[events.Event], ...]:
        """The structs that this topic carries."""
        return tuple(EVENT_TYPES[events.TYPE_PREFIX + name] for name in self.types)

    def config(self, brokers: int) -> dict[str, str]:
        """Kafka's topic settings for a cluster of so many brokers."""
        replicas = min(3, brokers)
        retention = -1 if self.retention_days is None else self.retention_days * 86_400_000
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(retention),
            "min.insync.replicas": str(max(1, replicas - 1)),
            "unclean.leader.election.enable": "false",
            "max.message.bytes": str(
                MAX_LETTER_BYTES if self.key == "origin" else MAX_MESSAGE_BYTES
            ),
        }


def _event_types() -> dict[str, type[events.Event]]:
    found: dict[str, type[events.Event]] = {}
    for value in vars(events).values():
        if (
            isinstance(value, type)
            and issubclass(value, events.Event)
            and value is not events.Event
        ):
            tag = value.__struct_config__.tag
            found[str(tag)] = value
    return found


EVENT_TYPES: Final = _event_types()
"""Every event struct by its full CloudEvents type."""


def short_type(kind: type[events.Event]) -> str:
    """A struct's CloudEvents type without `fi.hel.kokemus.`, such as `kiosk.pressed.v1`."""
    return str(kind.__struct_config__.tag).removeprefix(events.TYPE_PREFIX)


@cache
def declarations() -> dict[str, Declaration]:
    """All topics by name, dead-letter topics included, in the order of the flow."""
    raw = msgspec.yaml.decode(
        (FILES / "topics.yaml").read_bytes(), type=list[Declaration], strict=True
    )
    topics = {topic.name: topic for topic in raw}
    for topic in raw:
        if "metrics" in topic.consumers:
            dead = dead_letters(topic)
            topics[dead.name] = dead
    return topics


def dead_letters(topic: Declaration) -> Declaration:
    """The topic that keeps what metrics could not use of `topic`."""
    return Declaration(
        name=f"{topic.name}.dead",
        description=f"Raw bytes from {topic.name} that no contract could read, with the reason.",
        owner="metrics",
        types=[],
        key="origin",
        partitions=1,
        cleanup="compact",
        retention_days=None,
        producers=["metrics"],
        consumers=["kokemus"],
        retention_class="dead",
    )


@cache
def _carriers() -> dict[str, tuple[Declaration, ...]]:
    found: dict[str, tuple[Declaration, ...]] = {}
    for topic in declarations().values():
        for name in topic.types:
            found[events.TYPE_PREFIX + name] = (*found.get(events.TYPE_PREFIX + name, ()), topic)
    return found


def topics_of(event_type: str) -> tuple[Declaration, ...]:
    """The canonical topics of a full CloudEvents type: one, but for withdrawals of many kinds.

    Raises:
        KeyError: no topic carries it.
    """
    return _carriers()[event_type]


def topic_of(event: events.Event) -> Declaration:
    """The canonical topic of an event; what is withdrawn says it of a withdrawal."""
    told: Any = event.data.original if isinstance(event, events.ObservationWithdrawn) else event
    (topic,) = topics_of(told.__struct_config__.tag)
    return topic


def key_of(event: events.Event) -> str:
    """The Kafka key of an event: its subject, or kind and id on the registry."""
    match event:
        case events.EntityDefined():
            return f"entity/{event.subject}"
        case events.DevicePlaced():
            return f"device/{event.data.source}/{event.data.device_id}"
        case events.QuestionDefined():
            return f"question/{event.subject}"
        case events.SeriesBroken():
            return f"break/{event.data.break_id}"
        case _:
            return event.subject
