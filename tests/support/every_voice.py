"""Events of every type that is counted, made from the contracts' examples and varied."""

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from kokemus import contracts
from kokemus.contracts import events, topics, wire

UNITS: Final = ("kallio", "oodi", "neuvola", "hoiva")

_ALL: Final = tuple(topics.EVENT_TYPES.values())
_MADE_OF: Final = {"press_id", "original_id"}
"""Fields that name another event, which is made in the same round."""
_MERGED_BY: Final = {"feedback_id", "case_id", "response_id", "game_id"}
"""Fields that several rounds share, so that what they tell meets."""
_OF_THEMSELVES: Final = ("entity.", "device.", "question.", "series.", "survey.defined", "source.")
"""Types of which the subject says what is meant."""


def every_voice(rounds: int, seed: int) -> list[events.Event]:
    """So many variations of each example, shuffled, with a tenth of them sent twice."""
    chance = random.Random(seed)
    made: list[events.Event] = []
    for example in sorted((Path(contracts.__file__).parent / "examples").glob("*/*.json")):
        told = example.read_bytes()
        if "metrics" in topics.topic_of(wire.decode(told, _ALL)).consumers:
            made += [_varied(json.loads(told), number, chance) for number in range(rounds)]
    made += chance.sample(made, len(made) // 10)
    chance.shuffle(made)
    return made


def _varied(told: dict[str, Any], number: int, chance: random.Random) -> events.Event:
    data = told["data"]
    told["id"] = f"{told['id'][:100]}.{number}"
    moment = datetime.fromisoformat(told["time"]) + timedelta(minutes=chance.randrange(60_000))
    told["time"] = moment.isoformat()
    for name in data.keys() & _MADE_OF:
        data[name] = f"{data[name][:100]}.{number}"
    for name in data.keys() & _MERGED_BY:
        data[name] = f"{data[name][:100]}.{number % 5}"
    if isinstance(data.get("volume"), int):
        data["volume"] = chance.randrange(100)
    if not any(part in told["type"] for part in _OF_THEMSELVES):
        told["subject"] = UNITS[number % len(UNITS)]
    return wire.decode(json.dumps(told).encode(), _ALL)
