"""What reads topics beside `wire`: the counting path of metrics refuses and takes just the same."""

import json
from zoneinfo import ZoneInfo

from contracts.test_examples import every_example, spoiled, topic_of
from kokemus.contracts import examples, topics, wire
from metrics.domain.batches import Batch, BatchDecoder
from metrics.domain.local_time import LocalHours
from metrics.domain.presses import PressReader

UNREAD = {"datacontenttype", "traceparent"}
"""What counting a press has no use for, so that it doesn't look at it."""


class Message:
    """A message as Kafka's client has it."""

    def __init__(self, topic: str, offset: int, value: bytes) -> None:
        self._topic, self._offset, self._value = topic, offset, value

    def topic(self) -> str:
        return self._topic

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes:
        return b"key"

    def value(self) -> bytes:
        return self._value

    def headers(self) -> None:
        return None

    def timestamp(self) -> tuple[int, int]:
        return (1, 0)


def counted(topic: topics.Declaration, raw: list[bytes]) -> Batch:
    reader = PressReader(LocalHours(ZoneInfo("Europe/Helsinki")))
    messages = [Message(topic.name, offset, value) for offset, value in enumerate(raw)]
    return BatchDecoder(topic, reader).decode(messages)


@every_example
def test_metrics_reads_every_example_of_its_topics(event_type: str, raw: bytes) -> None:
    topic = topic_of(event_type, raw)
    if "metrics" in topic.consumers:
        batch = counted(topic, [raw])
        assert batch.refused == {}
        assert len(batch.presses) + len(batch.others) == 1


@every_example
def test_metrics_refuses_just_what_the_contracts_refuse(event_type: str, raw: bytes) -> None:
    topic = topic_of(event_type, raw)
    if "metrics" not in topic.consumers:
        return
    read = {name: value for name, value in json.loads(raw).items() if name not in UNREAD}
    changed = [json.dumps(event).encode() for event in spoiled(read)]
    expected = {
        index: refusal.reason for index, refusal in wire.decode_many(changed, topic).refused
    }
    refused = {index: refusal.reason for index, refusal in counted(topic, changed).refused.items()}
    differing = {
        changed[index]: (expected.get(index), refused.get(index))
        for index in {*expected, *refused}
        if expected.get(index) != refused.get(index)
    }
    assert differing == {}
    assert expected


def test_metrics_refuses_a_withdrawal_of_what_belongs_to_another_topic() -> None:
    answer = examples.of("fi.hel.kokemus.observation.withdrawn.v1")["survey-answer"]
    batch = counted(topics.declarations()["kiosk-presses.v1"], [answer])
    assert batch.refused[0].pointer == "/data/original/type"
