"""The dead-letter tool against both brokers."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from typer.testing import CliRunner

from kokemus.contracts import examples, topics, wire
from kokemus.contracts.events import Event
from kokemus.errors import Reason
from kokemus_platform import database
from kokemus_platform.dead_letter_log import DeadLetterLog
from kokemus_platform.dead_letters import commands, resume
from kokemus_platform.kafka import Broker
from support.dead_letter_cluster import NOW, Cluster

pytestmark = pytest.mark.timeout(60)


def event(event_type: str, example: str, **fields: Any) -> Event:
    full = f"fi.hel.kokemus.{event_type}"
    read = wire.decode(examples.of(full)[example], (topics.EVENT_TYPES[full],))
    return msgspec.structs.replace(read, **fields)


def good() -> bytes:
    return wire.encode(event("kiosk.pressed.v1", "smiley"))


@pytest.fixture
def cluster(kafka: Broker, topic_prefix: str) -> Cluster:
    return Cluster(kafka, topic_prefix)


def keys(listed: Sequence[dict[str, Any]]) -> list[str]:
    return [entry["key"] for entry in listed]


def test_without_dead_letters_nothing_is_listed(cluster: Cluster) -> None:
    assert cluster.run("list") == (0, "No dead letters.\n")


def test_letters_are_counted_by_topic_reason_and_age_without_their_content(
    cluster: Cluster,
) -> None:
    cluster.bury(b"secret of Pertti", offset=1, time=NOW - timedelta(hours=3))
    cluster.bury(b"secret of Pertti", offset=2)
    other = cluster.bury(b"{}", topic="feedback.v1", reason=Reason.UNKNOWN_TYPE)
    code, output = cluster.run("list")
    assert code == 0
    assert "secret" not in output
    assert "Pertti" not in output
    (line,) = [line for line in output.splitlines() if " not_json " in line and " 3 h " in line]
    assert line.split()[:3] == [f"{cluster.prefix}kiosk-presses.v1", "not_json", "2"]
    assert other in output
    assert len(cluster.listed()) == 3
    assert cluster.run("list", "feedback.v1")[1].count(other) == 1
    assert "kiosk-presses" not in cluster.run("list", "feedback.v1")[1]
    assert cluster.run("list", "no-such-topic.v1")[0] == 2


def test_a_letter_that_was_written_twice_is_one(cluster: Cluster) -> None:
    assert cluster.bury(b"{]") == cluster.bury(b"{]")
    assert len(cluster.listed()) == 1


def test_show_prints_one_letter_with_its_bytes_escaped(cluster: Cluster) -> None:
    key = cluster.bury(b'{"id": \x1b[2J\xff"\nvalue: forged', headers=[("trace\n", b"\x07")])
    cluster.bury(b"another", offset=2)
    code, output = cluster.run("show", key)
    assert code == 0
    assert 'value: {"id": \\x1b[2J\\xff"\\nvalue: forged' in output
    assert "\x1b" not in output
    assert "\x07" not in output
    assert "another" not in output
    assert "reason: not_json" in output
    assert cluster.run("show", key + "9")[0] == 2


def test_show_raw_gives_the_record_byte_for_byte(cluster: Cluster) -> None:
    raw = bytes(range(256)) * 10
    key = cluster.bury(raw)
    where = ["--bootstrap", cluster.bootstrap, "--prefix", cluster.prefix]
    result = CliRunner().invoke(commands, ["show", key, "--raw", *where])
    assert result.stdout_bytes == raw


def test_a_record_goes_back_as_it_was_and_its_letter_is_gone(cluster: Cluster) -> None:
    cluster.bury(good(), reason=Reason.REFUSED_BY_DATABASE, headers=[("own", b"1")])
    assert cluster.run("redrive") == (0, "1 put back\n")
    (record,) = cluster.records("kiosk-presses.v1")
    assert (record.key, record.value) == (b"terveysasema-kallio", good())
    assert list(record.headers) == [("own", b"1"), ("kokemus-attempt", b"2")]
    assert cluster.listed() == []
    assert cluster.run("redrive") == (0, "0 put back\n")
    assert len(cluster.records("kiosk-presses.v1")) == 1


def test_what_the_contracts_still_refuse_stays_and_the_rest_goes_back(cluster: Cluster) -> None:
    cluster.bury(good(), offset=1)
    bad = cluster.bury(b"{]", offset=2)
    null = cluster.bury(None, offset=3)
    cluster.bury(good(), offset=4)
    code, output = cluster.run("redrive", "kiosk-presses.v1")
    assert code == 1
    assert "2 put back" in output
    assert f"stays: {bad}" in output
    assert keys(cluster.listed()) == [bad, null]


def test_mended_bytes_go_back_in_canonical_form_under_their_own_key(
    cluster: Cluster, tmp_path: Path
) -> None:
    key = cluster.bury(b"{]", key=b"wrong")
    mended = tmp_path / "mended.json"
    mended.write_bytes(msgspec.json.format(good(), indent=4))
    assert cluster.run("redrive", key, "--with", str(mended)) == (0, "1 put back\n")
    (record,) = cluster.records("kiosk-presses.v1")
    assert (record.key, record.value) == (b"terveysasema-kallio", good())
    assert cluster.listed() == []


def test_mended_bytes_that_are_still_bad_change_nothing(cluster: Cluster, tmp_path: Path) -> None:
    key = cluster.bury(b"{]")
    mended = tmp_path / "mended.json"
    mended.write_bytes(good().replace(b'"value":3', b'"value":7'))
    code, output = cluster.run("redrive", key, "--with", str(mended))
    assert (code, "/data/value" in output) == (1, True)
    assert keys(cluster.listed()) == [key]
    assert cluster.records("kiosk-presses.v1") == []


def test_one_file_mends_one_letter(cluster: Cluster, tmp_path: Path) -> None:
    cluster.bury(b"{]", offset=1)
    cluster.bury(b"{]", offset=2)
    mended = tmp_path / "mended.json"
    mended.write_bytes(good())
    assert cluster.run("redrive", "--with", str(mended))[0] == 2
    assert len(cluster.listed()) == 2


def test_a_letter_of_the_longest_record_is_kept_and_put_back(cluster: Cluster) -> None:
    padding = b" " * (topics.MAX_MESSAGE_BYTES - len(good()) - 500)
    cluster.bury(good() + padding)
    assert cluster.run("redrive") == (0, "1 put back\n")
    (record,) = cluster.records("kiosk-presses.v1")
    assert record.value == good() + padding


def test_a_redrive_that_is_cut_off_before_it_ticks_off_repeats_the_same_event(
    cluster: Cluster,
) -> None:
    cluster.bury(good(), offset=1)
    bad = cluster.bury(b"{]", offset=2)
    with DeadLetterLog.on(cluster.bootstrap, cluster.prefix) as log:
        outcomes = log.put_back(log.waiting(log.topics))
        assert next(outcomes).entry.key == bad, "the good one is sent by now, and not ticked off"
        outcomes.close()
    assert len(cluster.listed()) == 2
    assert cluster.run("redrive")[0] == 1
    assert keys(cluster.listed()) == [bad]
    assert {record.value for record in cluster.records("kiosk-presses.v1")} == {good()}


def test_an_older_state_never_comes_to_stand_after_a_newer_one(cluster: Cluster) -> None:
    newer = event("entity.defined.v1", "city", time=NOW)
    older = event("entity.defined.v1", "city", time=NOW - timedelta(days=1))
    registry = cluster.prefix + "registry.v1"
    cluster.publish(registry, b"entity/helsinki", wire.encode(newer))
    cluster.bury(wire.encode(older), topic="registry.v1", key=b"entity/helsinki")
    code, output = cluster.run("redrive")
    assert (code, "1 dropped" in output) == (0, True)
    assert [record.value for record in cluster.records("registry.v1")] == [wire.encode(newer)]
    assert cluster.listed() == []
    newest = event("entity.defined.v1", "city", time=NOW + timedelta(days=1))
    cluster.bury(wire.encode(newest), topic="registry.v1", key=b"entity/helsinki")
    assert cluster.run("redrive") == (0, "1 put back\n")
    assert cluster.records("registry.v1")[-1].value == wire.encode(newest)


def test_a_stranger_on_the_topic_does_not_stop_the_tool(cluster: Cluster) -> None:
    cluster.publish(cluster.prefix + "kiosk-presses.v1.dead", b"stranger", b"hello")
    key = cluster.bury(good())
    assert {entry["reason"] for entry in cluster.listed()} == {"unreadable", "not_json"}
    assert cluster.run("redrive", key)[0] == 0


SCHEMA = """
CREATE SCHEMA metrics;
CREATE TABLE metrics.partition_offsets (
    topic_id text, partition int, topic text, refused_in_a_row int, stopped_reason text,
    stopped_detail text, updated_at timestamptz
);
INSERT INTO metrics.partition_offsets VALUES
    ('a', 0, 'kokemus.feedback.v1', 50, 'too_many_refused', 'x', now()),
    ('a', 1, 'kokemus.feedback.v1', 50, 'too_many_refused', 'x', now()),
    ('a', 2, 'kokemus.feedback.v1', 3, NULL, NULL, now());
"""


def test_a_stopped_partition_is_resumed_alone_and_counts_anew(database_url: str) -> None:
    with psycopg.connect(database.plain(database_url), autocommit=True) as connection:
        connection.execute(SCHEMA)
        names = ["feedback.v1", "kokemus.feedback.v1"]
        assert resume(database_url, names, 1) == (True, True)
        assert resume(database_url, names, 1) == (False, True)
        assert resume(database_url, names, 7) == (False, False)
        left = connection.execute(
            "SELECT partition, stopped_reason, refused_in_a_row"
            " FROM metrics.partition_offsets ORDER BY partition"
        ).fetchall()
    assert left == [(0, "too_many_refused", 50), (1, None, 0), (2, None, 3)]


def test_a_database_that_is_away_is_one_clear_line() -> None:
    url = "postgresql://nobody@127.0.0.1:1/none"
    result = CliRunner().invoke(commands, ["resume", "feedback.v1", "0", "--database-url", url])
    assert result.exit_code == 1
    assert result.output.startswith("dead-letters: the database: ")
    assert len(result.output.splitlines()) == 1
