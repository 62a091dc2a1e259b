"""How a source is asked."""

import gzip
import random
from datetime import UTC, datetime

import httpx
import pytest
import respx

from kokemus.errors import Unavailable
from kokemus.polling import asking
from kokemus.polling.asking import LARGEST_ANSWER, Asking
from kokemus.polling.pace import Timing


async def no_time(_seconds: float) -> None:
    """Passes at once."""


def source(http: httpx.AsyncClient) -> Asking:
    timing = Timing(
        now=lambda: datetime(2026, 3, 1, tzinfo=UTC),
        monotonic=lambda: 0.0,
        sleep=no_time,
        dice=random.Random(1),
    )
    return Asking(http, lambda: {"Authorization": "Bearer t"}, 1_000_000, timing)


@respx.mock
async def test_a_packed_answer_is_given_unpacked() -> None:
    packed = gzip.compress(b'{"a": 1}')
    respx.get("http://source/page").respond(content=packed, headers={"Content-Encoding": "gzip"})
    async with httpx.AsyncClient(base_url="http://source") as http:
        answer = await source(http).get("page", {"limit": "1"})
    assert answer.json() == {"a": 1}
    assert answer.headers.get("x-more") is None


@respx.mock
async def test_an_answer_that_unpacks_to_more_than_fits_is_given_up() -> None:
    bomb = gzip.compress(b"0" * (LARGEST_ANSWER + 1))
    respx.get("http://source/page").respond(content=bomb, headers={"Content-Encoding": "gzip"})
    async with httpx.AsyncClient(base_url="http://source") as http:
        with pytest.raises(Unavailable, match="more than"):
            await source(http).get("page", {})


@respx.mock
async def test_a_busy_source_is_asked_again_and_its_headers_are_given() -> None:
    route = respx.get("http://source/page")
    route.side_effect = [
        httpx.Response(429, headers={"Retry-After": "1"}),
        httpx.Response(503),
        httpx.Response(200, headers={"X-More": "false"}, content=b"[]"),
    ]
    async with httpx.AsyncClient(base_url="http://source") as http:
        answer = await source(http).get("page", {})
    assert (answer.headers["x-more"], route.call_count) == ("false", 3)
    assert route.call_count < asking.ATTEMPTS
