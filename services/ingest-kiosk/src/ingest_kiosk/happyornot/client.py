"""Asks the vendor's customer API v2. Only what is counted: no demographics, texts or contacts."""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final, TypeVar

import httpx
import msgspec

from ingest_kiosk.happyornot.windows import Window
from kokemus.contracts import wire
from kokemus.errors import Unavailable
from kokemus.polling.asking import Asking
from kokemus.polling.pace import Timing

BUTTON_FEEDBACKS: Final = "results/button-feedbacks.json"
FOLLOW_UP_FEEDBACKS: Final = "results/follow-up-feedbacks.json"
SURVEYS: Final = "surveys.json"
EXPERIENCE_POINTS: Final = "experience-points.json"
SMILEYS: Final = "smileys.json"

TOKEN_HEADER: Final = "X-HON-API-Token"  # noqa: S105 - the header's name
MORE_HEADER: Final = "X-More-Available"

LARGEST_PAGE: Final = 10_000
"""The vendor's own limit."""

T = TypeVar("T")


class HappyOrNot:
    """The vendor's API, asked politely: one request at a time, at a bounded rate.

    Args:
        http: a client whose base address is the API's and that follows no redirects, so that the
            token never leaves for another host.
        token: gives the token as it is now, so that a new one needs no restart.
        rate: requests a second at most.
        timing: clocks, sleeper and dice.
    """

    def __init__(
        self, http: httpx.AsyncClient, token: Callable[[], str], rate: float, timing: Timing
    ) -> None:
        self._asking = Asking(http, lambda: {TOKEN_HEADER: token()}, rate, timing)

    async def all_of(self, path: str, kind: type[T]) -> list[T]:
        """Everything under a path that has no pages, but what is not as its description says.

        Raises:
            TokenRefused: 401 or 403.
            Unavailable: the vendor is away, or does not answer as it should.
        """
        return list(readable(_rows(await self._asking.get(path, {}), path), kind))

    async def pages(self, path: str, window: Window) -> AsyncGenerator[list[msgspec.Raw]]:
        """The rows of a window page by page, oldest first, marked misuse always included.

        Without the marked ones a mark that is set between two pages would move every later row
        forward by one, and the row at the edge would never be read.

        Raises:
            TokenRefused: 401 or 403.
            Unavailable: the vendor is away, or does not answer as it should.
        """
        offset = 0
        while True:
            response = await self._asking.get(
                path,
                {
                    "startDate": window.start.isoformat(),
                    "endDate": window.end.isoformat(),
                    "includeMisuse": "true",
                    "order": "asc",
                    "offset": str(offset),
                    "limit": str(LARGEST_PAGE),
                },
            )
            rows = _rows(response, path)
            yield rows
            if not rows or response.headers.get(MORE_HEADER, "").lower() == "false":
                return
            offset += len(rows)


def readable(rows: Iterable[msgspec.Raw], kind: type[T]) -> Iterator[T]:
    """Those rows that are as their description says."""
    decoder = msgspec.json.Decoder(kind)
    for raw in rows:
        with suppress(*wire.NOT_JSON):
            yield decoder.decode(raw)


def _rows(response: httpx.Response, path: str) -> list[msgspec.Raw]:
    try:
        return msgspec.json.decode(response.content, type=list[msgspec.Raw])
    except wire.NOT_JSON:
        raise Unavailable(f"{path}: answered no list") from None
