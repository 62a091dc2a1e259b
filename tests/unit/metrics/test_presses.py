from collections import Counter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kokemus.contracts import events, wire
from kokemus.contracts.topics import declarations
from kokemus.errors import Reason
from metrics.domain.batches import REFUSALS_IN_A_ROW, BatchDecoder, Forgotten, first_too_many
from metrics.domain.corrections import Correction, moves, settled
from metrics.domain.local_time import LocalHours, day_of
from metrics.domain.presses import Columns, PressReader, tally
from support.counting import busy_days, count_by_hand, press

HELSINKI = ZoneInfo("Europe/Helsinki")
PRESSES = declarations()["kiosk-presses.v1"]


class Message:
    """A message as librdkafka gives it."""

    def __init__(self, value: bytes | None, key: bytes | None = None, offset: int = 0) -> None:
        self._value, self._key, self._offset = value, key, offset

    def topic(self) -> str:
        return "kokemus.kiosk-presses.v1"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def key(self) -> Any:
        return self._key

    def value(self) -> Any:
        return self._value

    def headers(self) -> Any:
        return None

    def timestamp(self) -> tuple[int, int]:
        return (1, 0)


def decoder(topic: str = "kiosk-presses.v1") -> BatchDecoder:
    return BatchDecoder(declarations()[topic], PressReader(LocalHours(HELSINKI)))


def columns_of(sent: list[events.Event]) -> Columns:
    batch = decoder().decode([Message(wire.encode(event)) for event in sent])
    assert not batch.refused
    hours = LocalHours(HELSINKI)
    corrections = [other for other in batch.others if isinstance(other, Correction)]
    standing = [how for how, _ in settled(corrections, set())]
    return batch.columns.extended(
        [
            move
            for one, how in zip(corrections, standing, strict=True)
            for move in moves(one, how, hours)
        ]
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_columns_sum_to_what_an_independent_count_says(seed: int) -> None:
    sent = busy_days(3_000, seed)
    columns = columns_of(sent)
    found: Counter[Any] = Counter()
    for stream, hour, value, marked, amount in zip(
        columns.stream.tolist(), columns.hour.tolist(), columns.value.tolist(),
        columns.marked.tolist(), columns.amount.tolist(), strict=True,
    ):  # fmt: skip
        s = columns.streams[stream]
        found[(s.entity, s.source, s.device, day_of(hour), s.channel, s.scale, s.question,
               s.touchpoint, value, marked)] += amount  # fmt: skip
    assert {cell: n for cell, n in found.items() if n} == count_by_hand(sent)


@given(st.data())
def test_a_tally_adds_up_whatever_the_order(data: st.DataObject) -> None:
    size = data.draw(st.integers(0, 60))

    def draw(top: int) -> NDArray[np.int64]:
        drawn = data.draw(st.lists(st.integers(0, top), min_size=size, max_size=size))
        return np.array(drawn, dtype=np.int64)

    rows, days, column, amount = draw(3), draw(3) + 700_000, draw(10), draw(3) - 1
    result = tally(rows, days, column, amount, 11)
    expected: Counter[Any] = Counter()
    for row, day, at, number in zip(rows, days, column, amount, strict=True):
        expected[int(row), int(day), int(at)] += int(number)
    found = {
        (row, day, at): number
        for (row, day), sums in zip(result.cells.tolist(), result.counts.tolist(), strict=True)
        for at, number in enumerate(sums)
    }
    assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}
    cells = [tuple(cell) for cell in result.cells.tolist()]
    assert cells == sorted({(row, day) for row, day, _ in expected})


BAD: dict[str, tuple[bytes, Reason]] = {
    "no JSON": (b"{", Reason.NOT_JSON),
    "empty": (b"", Reason.NOT_JSON),
    "no UTF-8": (b'{"type":"\xff"}', Reason.NOT_JSON),
    "deep nesting": (b"[" * 100_000, Reason.NOT_JSON),
    "no object": (b"[]", Reason.INVALID),
}


def changed(**fields: Any) -> bytes:
    whole: dict[str, Any] = msgspec.json.decode(wire.encode(press()))
    data = whole["data"] | fields.pop("data", {})
    return msgspec.json.encode(whole | fields | {"data": data})


BAD |= {
    "unknown type": (changed(type="fi.hel.kokemus.kiosk.licked.v1"), Reason.UNKNOWN_TYPE),
    "unknown version": (changed(type="fi.hel.kokemus.kiosk.pressed.v2"), Reason.UNKNOWN_TYPE),
    "value beyond its scale": (changed(data={"value": 4}), Reason.INVALID),
    "value as text": (changed(data={"value": "3"}), Reason.INVALID),
    "huge number": (changed().replace(b'"value":3', b'"value":1e400'), Reason.INVALID),
    "unknown channel": (changed(data={"channel": "fax"}), Reason.INVALID),
    "no offset": (changed(time="2026-03-02T10:00:00"), Reason.INVALID_TIME),
    "year 1": (changed(time="0001-01-01T00:00:00+00:00"), Reason.INVALID_TIME),
    "year 9999": (changed(time="9999-12-31T23:59:59Z"), Reason.INVALID_TIME),
    "e-mail for an id": (changed(id="someone@example.org"), Reason.INVALID_IDENTIFIER),
    "space in a device": (changed(data={"device_id": "a b"}), Reason.INVALID_IDENTIFIER),
    "identity code as subject": (changed(subject="131052-308T"), Reason.INVALID_IDENTIFIER),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_record_is_refused_with_its_reason_and_its_neighbours_are_read(name: str) -> None:
    raw, reason = BAD[name]
    good = wire.encode(press())
    batch = decoder().decode([Message(good), Message(raw), Message(good)])
    assert {index: refusal.reason for index, refusal in batch.refused.items()} == {1: reason}
    assert batch.at.tolist() == [0, 2]
    assert len(batch.columns.stream) == 2


def test_a_tombstone_is_forgotten_on_a_compacted_topic_and_refused_elsewhere() -> None:
    tombstone = Message(None, b"entity/helsinki")
    assert decoder("registry.v1").decode([tombstone]).others == [Forgotten("entity/helsinki")]
    assert decoder().decode([tombstone]).refused[0].reason == Reason.NOT_JSON


@given(st.lists(st.booleans(), max_size=200), st.integers(0, 49))
def test_a_run_of_refusals_is_found_where_it_reaches_the_limit(
    refused: list[bool], before: int
) -> None:
    run, stop = before, None
    for position, bad in enumerate(refused):
        run = run + 1 if bad else 0
        if run >= REFUSALS_IN_A_ROW:
            stop = position
            break
    positions = [position for position, bad in enumerate(refused) if bad]
    assert first_too_many(positions, len(refused), before) == (stop, run)
