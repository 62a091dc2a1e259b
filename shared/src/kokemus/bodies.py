"""Request bodies within bounds: so many bytes each, so many together, so many seconds."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from starlette.types import Receive

from kokemus.metric_names import BYTES_IN_FLIGHT, OVERLOADED
from kokemus.problems import Problem, unavailable
from kokemus.telemetry import Meters

BODY_SECONDS: Final = 30.0
"""How long a client may take to send its body."""


class BytesInFlight:
    """Bounds the memory of the bodies of all requests to a route: beyond it, the answer is 503."""

    def __init__(self, meters: Meters, *, each: int, together: int) -> None:
        self.each = each
        self._together = together
        self._meters = meters
        self._held = 0

    @contextmanager
    def body(self) -> Iterator["Body"]:
        """An empty body, whose bytes count until the block is left."""
        body = Body(self)
        try:
            yield body
        finally:
            self._held -= body.size
            self._meters.add(BYTES_IN_FLIGHT, -body.size)

    def hold(self, size: int) -> None:
        """Counts so many bytes more.

        Raises:
            Problem: 503, there is no room.
        """
        if self._held + size > self._together:
            self._meters.add(OVERLOADED)
            raise unavailable("too much is being taken in at once; send all of it again", 2)
        self._held += size
        self._meters.add(BYTES_IN_FLIGHT, size)

    def too_large(self) -> Problem:
        """413: a body has more bytes than one may have."""
        return Problem(413, f"a body may have {self.each} bytes at most")


class Body:
    """A request's body, chunk by chunk."""

    def __init__(self, in_flight: BytesInFlight) -> None:
        self.size = 0
        self._in_flight = in_flight
        self._chunks: list[bytes] = []

    async def fill(
        self, headers: Mapping[str, str], receive: Receive, seconds: float = BODY_SECONDS
    ) -> None:
        """Reads all of a request's body.

        Raises:
            Problem: 400, 408, 413 or 503.
        """
        announced = headers.get("content-length", "0")
        if announced.isdecimal() and int(announced[:20]) > self._in_flight.each:
            raise self._in_flight.too_large()
        try:
            async with asyncio.timeout(seconds):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Problem(400, "the request ended before its body")
                    self._add(message.get("body", b""))
                    more = message.get("more_body", False)
        except TimeoutError:
            raise Problem(408, "the body took too long", headers={"Connection": "close"}) from None

    def take(self) -> bytes:
        """All of it, once."""
        chunks, self._chunks = self._chunks, []
        return b"".join(chunks)

    def _add(self, chunk: bytes) -> None:
        if self.size + len(chunk) > self._in_flight.each:
            raise self._in_flight.too_large()
        self._in_flight.hold(len(chunk))
        self.size += len(chunk)
        self._chunks.append(chunk)
