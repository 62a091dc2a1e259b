"""Answers that need no computing: what was served before, and is still true.

The memory holds no bodies. For a question it knows the ETag that the answer had, and the version
of data, registry and definitions (and the local day) that the answer was true for.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from kokemus import problems
from kokemus.keys import Keys
from kokemus.problems import Problem

MOST_ANSWERS: Final = 20_000
"""Questions remembered by a process: about 10 MB."""

Question = tuple[str, bytes, bool]
"""Path, query string and whether CSV is wanted."""


def strong_etag(body: bytes) -> str:
    """A strong hash of a body, quoted as HTTP wants it."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def wants_csv(accept: str | None) -> bool:
    """Whether CSV is named by `Accept`, and JSON is not."""
    return accept is not None and "text/csv" in accept and "json" not in accept


def matches(etag: str, if_none_match: str | None) -> bool:
    """Whether the reader already has this body."""
    if not if_none_match:
        return False
    known = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return etag in known or "*" in known


class Memory:
    """Which ETag each question had, and for which state of the data."""

    def __init__(self) -> None:
        self._answers: OrderedDict[Question, tuple[str, str]] = OrderedDict()

    def keep(self, question: Question, state: str, etag: str) -> None:
        """Remember an answer; the oldest are forgotten."""
        self._answers[question] = state, etag
        self._answers.move_to_end(question)
        if len(self._answers) > MOST_ANSWERS:
            self._answers.popitem(last=False)

    def etag(self, question: Question, state: str) -> str | None:
        """The ETag of the answer, where it is true of this state."""
        known = self._answers.get(question)
        return known[1] if known and known[0] == state else None


class Unchanged:
    """Answers 304 before any routing, where the reader's ETag is that of the answer still true."""

    def __init__(
        self, app: ASGIApp, memory: Memory, state: Callable[[], str | None], keys: Keys
    ) -> None:
        self._app = app
        self._memory = memory
        self._state = state
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: answer 304, or pass the request on."""
        etag = self._unchanged(scope) if scope["type"] == "http" else None
        if etag is None:
            await self._app(scope, receive, send)
            return
        try:
            self._keys.reader(Headers(scope=scope).get("authorization"))
        except Problem as problem:
            await problems.response(problem)(scope, receive, send)
            return
        headers = [(b"etag", etag.encode()), (b"vary", b"Accept"), (b"cache-control", b"no-cache")]
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _unchanged(self, scope: Scope) -> str | None:
        state = self._state()
        if state is None or scope["method"] not in {"GET", "HEAD"}:
            return None
        headers = Headers(scope=scope)
        theirs = headers.get("if-none-match")
        if theirs is None:
            return None
        question = scope["path"], scope["query_string"], wants_csv(headers.get("accept"))
        etag = self._memory.etag(question, state)
        return etag if etag is not None and matches(etag, theirs) else None
