"""The form of a dead letter."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus import dead_letters
from kokemus.dead_letters import Record
from kokemus.errors import Reason, Refused

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)

headers = st.lists(st.tuples(st.text(max_size=20), st.none() | st.binary(max_size=20)), max_size=5)
records = st.builds(
    Record,
    topic=st.from_regex(r"[a-z][a-z.-]{0,20}\.v1", fullmatch=True),
    partition=st.integers(0, 1000),
    offset=st.integers(0, 2**62),
    key=st.none() | st.binary(max_size=50),
    value=st.none() | st.binary(max_size=200),
    headers=headers,
)
refusals = st.builds(Refused, st.sampled_from(Reason), st.text(max_size=50), st.just("/data/value"))


def letter(record: Record, refused: Refused | None = None) -> dead_letters.Letter:
    refused = refused or Refused(Reason.NOT_JSON, "not valid JSON")
    return dead_letters.letter(record, refused, service="metrics", time=NOW)


def record(**fields: Any) -> Record:
    return Record("kokemus.feedback.v1", 3, 17, b"unit.1", b"{]", ())._replace(**fields)


@given(records, refusals)
def test_a_letter_gives_its_record_and_its_refusal_back(given: Record, refused: Refused) -> None:
    written = letter(given, refused)
    read = dead_letters.read(written.value, written.headers)
    assert read.record == given._replace(headers=list(given.headers))
    assert (read.reason, read.error, read.pointer) == (
        refused.reason,
        refused.detail,
        "/data/value",
    )
    assert read.time == NOW
    assert read.key == written.key.decode()


def test_a_letter_lies_beside_its_topic_under_the_place_of_its_record() -> None:
    written = letter(record())
    assert written.topic == "kokemus.feedback.v1.dead"
    assert written.key == b"kokemus.feedback.v1/3/17"
    assert written.value == b"{]"


def test_a_record_without_a_value_does_not_become_a_tombstone() -> None:
    written = letter(record(value=None))
    assert written.value == b""
    assert dead_letters.read(written.value, written.headers).record.value is None


def test_a_record_that_was_put_back_and_refused_again_is_a_later_attempt() -> None:
    first = letter(record(headers=[("traceparent", b"00-1")]))
    back = dead_letters.redriven(dead_letters.read(first.value, first.headers))
    assert back == [("traceparent", b"00-1"), ("kokemus-attempt", b"2")]
    second = letter(record(offset=18, headers=back))
    again = dead_letters.read(second.value, second.headers)
    assert again.attempt == 2
    assert dead_letters.redriven(again)[-1] == ("kokemus-attempt", b"3")


@pytest.mark.parametrize("nonsense", [None, b"", b"-1", b"two", b"9" * 5000])
def test_a_forged_attempt_counts_as_the_first(nonsense: bytes | None) -> None:
    written = letter(record(headers=[("kokemus-attempt", nonsense)]))
    assert dead_letters.read(written.value, written.headers).attempt == 1


def test_headers_of_the_record_cannot_pass_for_those_of_the_letter() -> None:
    written = letter(record(headers=[("reason", b"forged"), ("origin-topic", b"forged")]))
    read = dead_letters.read(written.value, written.headers)
    assert read.reason == "not_json"
    assert read.record.topic == "kokemus.feedback.v1"


def test_a_letter_is_bounded_whatever_its_detail() -> None:
    written = letter(record(), Refused(Reason.INVALID, "ä" * 100_000, "/" + "x" * 100_000))
    assert sum(len(name) + len(value or b"") for name, value in written.headers) < 3000


def test_a_record_that_is_no_letter_is_said_to_be_none() -> None:
    with pytest.raises(ValueError, match="origin-topic"):
        dead_letters.read(b"{}", [])
