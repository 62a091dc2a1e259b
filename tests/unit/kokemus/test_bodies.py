"""Request bodies within bounds, from clients that send as they like."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from starlette.types import Receive

from kokemus.bodies import BytesInFlight
from kokemus.problems import Problem
from kokemus.telemetry import Meters

Sent = tuple[dict[str, str], Receive]


def request(chunks: Sequence[bytes], *, ends: str = "done", length: str | None = None) -> Sent:
    """A request whose body comes in chunks and then is done, stops, or breaks off."""
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    if ends == "done":
        messages.append({"type": "http.request", "body": b"", "more_body": False})
    if ends == "breaks off":
        messages.append({"type": "http.disconnect"})

    async def receive() -> dict[str, Any]:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop(0)

    return ({} if length is None else {"content-length": length}), receive


async def refused(in_flight: BytesInFlight, sent: Sent) -> int:
    with in_flight.body() as body, pytest.raises(Problem) as caught:
        await body.fill(*sent, seconds=0.05)
    return caught.value.status


@pytest.fixture
def in_flight() -> BytesInFlight:
    return BytesInFlight(Meters(), each=10, together=15)


async def test_a_body_is_what_its_chunks_are(in_flight: BytesInFlight) -> None:
    with in_flight.body() as body:
        await body.fill(*request([b"0123", b"", b"456789"]))
        assert body.take() == b"0123456789"


async def test_a_slow_client_is_sent_away(in_flight: BytesInFlight) -> None:
    assert await refused(in_flight, request([b"0"], ends="stops")) == 408


async def test_a_client_that_breaks_off_is_no_error_of_ours(in_flight: BytesInFlight) -> None:
    assert await refused(in_flight, request([b"0"], ends="breaks off")) == 400


async def test_a_body_is_cut_off_where_it_grows_too_large(in_flight: BytesInFlight) -> None:
    endless = request([b"01234"] * 100, ends="stops")
    assert await refused(in_flight, endless) == 413


@pytest.mark.parametrize("length", ["11", "9" * 30, "٩" * 5])
async def test_an_announced_length_is_believed_or_ignored(
    in_flight: BytesInFlight, length: str
) -> None:
    assert await refused(in_flight, request([], ends="stops", length=length)) in (408, 413)


async def test_all_bodies_together_are_bounded_until_they_are_done(
    in_flight: BytesInFlight,
) -> None:
    with in_flight.body() as first:
        await first.fill(*request([b"01234567"]))
        assert await refused(in_flight, request([b"01234567"])) == 503
    with in_flight.body() as second:
        await second.fill(*request([b"01234567"]))
        assert second.size == 8
