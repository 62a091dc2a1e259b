"""Asks a source over HTTP, politely: one request at a time, at a bounded rate, with patience."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import httpx

from kokemus.errors import Unavailable
from kokemus.polling.pace import Pace, Timing, back_off, retry_after

ATTEMPTS: Final = 6
"""Half a minute of trying; whoever is away for longer is asked again at the next poll."""


LARGEST_ANSWER: Final = 64 * 1024 * 1024
"""Ten thousand rows of the vendor that tells most take a sixth of it."""


class TokenRefused(Exception):  # noqa: N818 - named by the reaction, not by the mechanism
    """The source will not have this token: raise the alarm, and wait for a person."""


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


class Asking:
    """A source's address, asked at most so often.

    Args:
        http: a client whose base address is the source's and that follows no redirects, so that a
            token never leaves for another host.
        headers: gives those that authorise a request, as they are now.
        rate: requests a second at most.
        timing: clocks, sleeper and dice.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        headers: Callable[[], Mapping[str, str]],
        rate: float,
        timing: Timing,
    ) -> None:
        self._http = http
        self._headers = headers
        self._pace = Pace(rate, timing)
        self._timing = timing

    async def get(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        """A successful answer; waits and asks again where the source is busy or away for a while.

        Raises:
            TokenRefused: 401 or 403.
            Unavailable: it is away, or answers anything else.
        """
        for attempt in itertools.count(1):
            await self._pace.turn()
            wait = back_off(attempt, self._timing.dice)
            try:
                response = await self._bounded(path, params)
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

    async def _bounded(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        """An answer read whole, unpacked, but never more than fits in memory."""
        headers = self._headers()
        async with self._http.stream("GET", path, params=params, headers=headers) as response:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise Unavailable(f"{path}: answered more than {LARGEST_ANSWER} bytes")
            plain = [
                (name, value)
                for name, value in response.headers.items()
                if name not in ("content-encoding", "content-length")
            ]
            return httpx.Response(response.status_code, headers=plain, content=bytes(body))
