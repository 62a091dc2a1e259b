"""Asks the vendor's customer API v2. Only what is counted: no demographics, texts or contacts."""

import itertools
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, TypeVar

import httpx
import msgspec

from ingest_kiosk.happyornot.pace import Pace, Timing, back_off, retry_after
from ingest_kiosk.happyornot.windows import Window
from kokemus.contracts import wire
from kokemus.errors import Unavailable

BUTTON_FEEDBACKS: Final = "results/button-feedbacks.json"
FOLLOW_UP_FEEDBACKS: Final = "results/follow-up-feedbacks.json"
SURVEYS: Final = "surveys.json"
EXPERIENCE_POINTS: Final = "experience-points.json"
SMILEYS: Final = "smileys.json"

TOKEN_HEADER: Final = "X-HON-API-Token"  # noqa: S105 - the header's name
MORE_HEADER: Final = "X-More-Available"

LARGEST_PAGE: Final = 10_000
"""The vendor's own limit."""

ATTEMPTS: Final = 6
"""Half a minute of trying; whoever is away for longer is asked again at the next poll."""


T = TypeVar("T")


class TokenRefused(Exception):  # noqa: N818 - named by the reaction, not by the mechanism
    """The vendor will not have this token: raise the alarm, and wait for a person."""


def token_in(file: Path) -> str:
    """The token as it stands in its file now.

    Raises:
        TokenRefused: the file holds nothing that could be a token.
    """
    try:
        token = file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        token = ""
    if not token.isprintable() or not token:
        raise TokenRefused("the token file holds no token")
    return token


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
        self._http = http
        self._token = token
        self._pace = Pace(rate, timing)
        self._timing = timing

    async def all_of(self, path: str, kind: type[T]) -> list[T]:
        """Everything under a path that has no pages, but what is not as its description says.

        Raises:
            TokenRefused: 401 or 403.
            Unavailable: the vendor is away, or does not answer as it should.
        """
        return list(readable(_rows(await self._get(path, {}), path), kind))

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
            response = await self._get(
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

    async def _get(self, path: str, params: dict[str, str]) -> httpx.Response:
        for attempt in itertools.count(1):
            await self._pace.turn()
            wait = back_off(attempt, self._timing.dice)
            try:
                response = await self._http.get(
                    path, params=params, headers={TOKEN_HEADER: self._token()}
                )
            except httpx.RequestError as error:
                problem = f"{path}: {type(error).__name__}"
            else:
                if response.status_code == httpx.codes.OK:
                    return response
                problem = f"{path}: answered {response.status_code}"
                if response.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
                    raise TokenRefused(problem)
                if response.status_code != httpx.codes.TOO_MANY_REQUESTS and (
                    not response.is_server_error
                ):
                    raise Unavailable(problem)
                asked = retry_after(response.headers.get("Retry-After"), self._timing.now())
                wait = wait if asked is None else asked + self._timing.dice.uniform(0, 1)
            if attempt == ATTEMPTS:
                break
            await self._timing.sleep(wait)
        raise Unavailable(problem)


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
