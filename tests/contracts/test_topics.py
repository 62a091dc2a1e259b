"""The topic declarations: complete, consistent, and true to the repository."""

from collections import Counter
from pathlib import Path

import pytest
from kafka.partitioner.default import murmur2

from kokemus.contracts import events, examples, topics, wire
from kokemus.contracts.topics import Declaration

REPOSITORY = Path(__file__).parents[2]
SERVICES = {folder.name for folder in (REPOSITORY / "services").iterdir() if folder.is_dir()}
OPERATOR = "kokemus"
DECLARATIONS = topics.declarations()
CANONICAL = [topic for topic in DECLARATIONS.values() if topic.types]

every_topic = pytest.mark.parametrize("topic", DECLARATIONS.values(), ids=lambda topic: topic.name)


@every_topic
def test_owner_producers_and_consumers_are_services_of_this_repository(topic: Declaration) -> None:
    assert {topic.owner, *topic.producers} <= SERVICES
    assert set(topic.consumers) <= SERVICES | {OPERATOR}
    assert topic.owner in topic.producers
    assert topic.consumers, "nobody reads it"
    assert topic.description


def test_every_service_sends_or_receives_something() -> None:
    named = {service for topic in CANONICAL for service in [*topic.producers, *topic.consumers]}
    assert named - {OPERATOR} == SERVICES


def test_every_type_stands_on_one_topic_and_withdrawals_on_that_of_what_they_take_back() -> None:
    stands = Counter(kind for topic in CANONICAL for kind in topic.event_types)
    expected = dict.fromkeys(topics.EVENT_TYPES.values(), 1)
    assert stands == expected | {events.ObservationWithdrawn: 3}


def test_what_metrics_reads_has_a_place_for_dead_letters() -> None:
    for topic in CANONICAL:
        has_one = f"{topic.name}.dead" in DECLARATIONS
        assert has_one == ("metrics" in topic.consumers)


@every_topic
def test_state_is_compacted_and_kept_and_events_are_deleted_by_age(topic: Declaration) -> None:
    config = topic.config(brokers=3)
    if topic.retention_class == "events":
        assert topic.cleanup == "delete"
        assert int(config["retention.ms"]) >= 7 * 86_400_000
        assert topic.partitions & (topic.partitions - 1) == 0, "a shard would have two consumers"
        assert topic.partitions <= 64
    else:
        assert topic.cleanup == "compact"
        assert config["retention.ms"] == "-1"


@every_topic
@pytest.mark.parametrize(("brokers", "in_sync"), [(1, "1"), (2, "1"), (3, "2"), (9, "2")])
def test_acknowledged_means_two_of_three_copies(
    topic: Declaration, brokers: int, in_sync: str
) -> None:
    config = topic.config(brokers)
    assert config["min.insync.replicas"] == in_sync
    assert config["unclean.leader.election.enable"] == "false"


def test_a_dead_letter_has_room_for_the_longest_record_and_why() -> None:
    for topic in CANONICAL:
        longest = int(topic.config(1)["max.message.bytes"])
        assert int(topics.dead_letters(topic).config(1)["max.message.bytes"]) > longest + 100_000


def test_nobody_carries_an_unknown_type() -> None:
    with pytest.raises(KeyError):
        topics.topics_of("fi.hel.kokemus.kiosk.pressed.v2")


@pytest.mark.parametrize(
    ("event_type", "example", "key"),
    [
        ("kiosk.pressed.v1", "smiley", "terveysasema-kallio"),
        ("kiosk.misused.v1", "marked-afterwards", "terveysasema-kallio"),
        ("feedback.answered.v1", "final", "terveysasemat"),
        ("survey.defined.v1", "probability-sample", "terveysasemakysely"),
        ("participation.method-reported.v1", "proposals-counted", "perhe-ja-sosiaalipalvelut"),
        ("observation.withdrawn.v1", "contact", "terveys-ja-paihdepalvelut"),
        ("entity.defined.v1", "city", "entity/helsinki"),
        ("device.placed.v1", "one-place", "device/happyornot/4711"),
        ("question.defined.v1", "overall", "question/q-overall"),
        ("series.broken.v1", "new-supplier", "break/supplier-2018"),
        ("source.polled.v1", "went-well", "happyornot"),
        ("metrics.changed.v1", "a-late-week", "device.happyornot.4711"),
        ("release.published.v1", "published", "public-monthly.2026-10.1"),
    ],
)
def test_the_key_of_an_event(event_type: str, example: str, key: str) -> None:
    full = f"fi.hel.kokemus.{event_type}"
    raw = examples.of(full)[example]
    assert topics.key_of(wire.decode(raw, (topics.EVENT_TYPES[full],))) == key


@pytest.mark.parametrize(
    ("key", "hashed"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_keys_hash_as_in_java(key: bytes, hashed: int) -> None:
    """The values that Apache Kafka's own tests expect of its partitioner's hash."""
    assert (murmur2(key) ^ 0x80000000) - 0x80000000 == hashed
