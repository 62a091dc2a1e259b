"""Events of which one text after the other says something about an invented person."""

import itertools
from collections.abc import Iterator
from typing import Any, Final

NAMED: Final = ("Testinen Esimerkki", "Keksittytie 5 A 12")
"""A name and an address: no check knows them from other words, only from ids and codes."""
MARKED: Final = ("Testinen 010190-123A", "testinen@example.org", "soita 040 1234567")
"""An identity code, an e-mail and a phone number, recognisable wherever they stand."""
OWN_WORDS: Final = {"fi", "sv", "en", "source_document"}
"""Fields for the city's own words, in which a name can't be told from any other word."""


def spoiled(value: Any, field: str = "") -> Iterator[tuple[Any, str]]:
    """`value` with something about a person in the place of one of its texts, and that text."""
    match value:
        case str():
            yield from ((text, text) for text in MARKED)
            if field not in OWN_WORDS:
                yield from ((text, text) for text in NAMED)
        case dict():
            for name, inner in value.items():
                yield from (({**value, name: odd}, text) for odd, text in spoiled(inner, name))
        case list():
            for index, inner in enumerate(value):
                yield from (
                    ([*value[:index], odd, *value[index + 1 :]], text)
                    for odd, text in spoiled(inner, field)
                )
        case _:
            yield from ((text, text) for text in NAMED)


def spoiled_events(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every way to spoil the data of an event, and its envelope, each under an id of its own."""
    numbers = itertools.count()
    for data, _ in spoiled(event["data"]):
        yield {**event, "id": f"spoiled-{next(numbers)}", "data": data}
    for text in (*NAMED, *MARKED):
        for name in ("id", "subject", "source", "time", "traceparent", "extension"):
            yield {**event, "id": f"spoiled-{next(numbers)}", name: text}
        data = {**event["data"], "message": text}
        yield {**event, "id": f"spoiled-{next(numbers)}", "data": data}
