"""Bad records become dead letters, good neighbours count, and too many stop the partition."""

from typing import cast

import httpx
import msgspec
import pytest
from confluent_kafka import Consumer, TopicPartition

from kokemus import dead_letters
from kokemus.contracts import events, wire
from metrics.domain.batches import REFUSALS_IN_A_ROW
from support.counting import Counting, busy_days, press, wait_until


def letters_of(counting: Counting, count: int) -> list[dead_letters.DeadLetter]:
    consumer = Consumer({"bootstrap.servers": counting.bootstrap, "group.id": "letters"})
    consumer.assign([TopicPartition(counting.topic + dead_letters.SUFFIX, 0, 0)])
    found: list[dead_letters.DeadLetter] = []
    while len(found) < count:
        message = consumer.poll(10)
        assert message is not None, f"{len(found)} of {count} letters"
        found.append(
            dead_letters.read(
                message.value() or b"", cast("dead_letters.Headers", message.headers() or [])
            )
        )
    consumer.close()
    return found


def test_bad_records_are_kept_with_their_bytes_and_good_neighbours_count(
    counting: Counting,
) -> None:
    good = busy_days(300, seed=1)
    bad = [b"no json", b"", b"[" * 50_000, b"\xff\xfe", b'{"type":"x"}', b"1" * 1_040_000]
    records = [(b"k", wire.encode(event), counting.topic) for event in good]
    for index, raw in enumerate(bad):
        records.insert(index * 40, (b"key-%d" % index, raw, counting.topic))
    counting.start()
    counting.send_raw(records)
    assert counting.wait_for(len(records)) == (len(good), 0, len(bad))
    counting.assert_exact(good)
    letters = letters_of(counting, len(bad))
    kept = {letter.record.key: letter.record.value or b"" for letter in letters}
    assert kept == {b"key-%d" % index: raw for index, raw in enumerate(bad)}


def test_a_record_that_the_database_refuses_is_set_aside_alone(counting: Counting) -> None:
    def entity(name: str, text: str) -> tuple[bytes, bytes, str]:
        event = events.EntityDefined(
            specversion="1.0",
            id=name,
            source="registry",
            subject=name,
            time=press().time,
            data=events.EntityDefinition(
                kind="unit",
                validities=[
                    events.EntityValidity(
                        parent=None,
                        names=events.Translated(fi=text),
                        valid_from=press().time.date(),
                    )
                ],
            ),
        )
        return f"entity/{name}".encode(), wire.encode(event), counting.prefix + "registry.v1"

    poison = msgspec.json.decode(b'"nul \\u0000 byte"')
    names = [entity(f"unit-{index}", "hyvä") for index in range(9)]
    names.insert(4, entity("unit-poison", poison))
    counting.start()
    counting.send_raw(names)
    assert counting.wait_for(10) == (9, 0, 1)
    with counting.connect() as connection:
        rows = connection.execute("SELECT id FROM entities ORDER BY id").fetchall()
    assert [row[0] for row in rows] == [f"unit-{index}" for index in range(9)]


def test_too_much_that_is_bad_stops_the_partition_until_it_is_resumed(counting: Counting) -> None:
    good = wire.encode(press())
    flood = [(b"k", b"rubbish", counting.topic)] * (REFUSALS_IN_A_ROW + 25)
    counting.start()
    counting.send_raw([*flood, (b"k", good, counting.topic)])
    assert counting.wait_for(REFUSALS_IN_A_ROW) == (0, 0, REFUSALS_IN_A_ROW)
    wait_until(lambda: stopped(counting), 20)
    with pytest.raises(httpx.HTTPStatusError, match="503"):
        health(counting, "ready").raise_for_status()
    assert health(counting, "live").is_success

    counting.kill()
    counting.start()
    wait_until(lambda: "stopped" in health(counting, "ready").text, 30)
    assert counting.progress() == (0, 0, REFUSALS_IN_A_ROW)

    with counting.connect() as connection:
        connection.execute(
            "UPDATE partition_offsets SET stopped_reason = NULL, stopped_detail = NULL,"
            " refused_in_a_row = 0"
        )
    assert counting.wait_for(REFUSALS_IN_A_ROW + 26) == (1, 0, REFUSALS_IN_A_ROW + 25)
    wait_until(lambda: health(counting, "ready").is_success, 20)


def stopped(counting: Counting) -> bool:
    with counting.connect() as connection:
        rows = connection.execute(
            "SELECT stopped_reason FROM partition_offsets WHERE stopped_reason IS NOT NULL"
        ).fetchall()
    return rows == [("too_many_refused",)]


def health(counting: Counting, which: str) -> httpx.Response:
    try:
        return httpx.get(f"{counting.addresses[-1]}/health/{which}", timeout=5)
    except httpx.ConnectError:
        return httpx.Response(502, request=httpx.Request("GET", counting.addresses[-1]))
