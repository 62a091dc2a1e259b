"""Nothing about a person gets past the edge in any field of what sources send."""

import json
from datetime import UTC, datetime
from typing import Any

from contracts.test_examples import every_example
from kokemus.contracts import codes, topics, wire
from kokemus.errors import Refused
from support.spoiled import spoiled

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CODES = codes.CodeLists.load()
SENT = {"ingest-kiosk", "ingest-feedback", "complaints"}


def at_the_edge(event_type: str, event: Any) -> Refused | bytes:
    """Why an event is refused at the edge, or what goes on of it."""
    try:
        read = wire.decode(json.dumps(event).encode(), (topics.EVENT_TYPES[event_type],))
        CODES.check(read)
    except Refused as refused:
        return refused
    return wire.check_all([read], NOW).get(0) or wire.encode(read)


@every_example
def test_whatever_is_about_a_person_is_refused_or_dropped_and_not_repeated(
    event_type: str, raw: bytes
) -> None:
    carriers = topics.topics_of(event_type)
    if not any(topic.owner in SENT and topic.name != "sources.v1" for topic in carriers):
        return  # services tell it of themselves
    event = json.loads(raw)
    assert isinstance(at_the_edge(event_type, event), bytes)
    for data, text in spoiled(event["data"]):
        answer = at_the_edge(event_type, {**event, "data": data})
        told = answer.decode() if isinstance(answer, bytes) else f"{answer.detail}{answer.pointer}"
        assert text not in told
