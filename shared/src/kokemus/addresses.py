"""Refuses addresses with control characters: nothing is called so, and no database keeps a NUL."""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from starlette.types import ASGIApp, Receive, Scope, Send

from kokemus import problems
from kokemus.problems import Problem

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


class PlainAddresses:
    """404 for a path with a control character, 422 for a query with a NUL; an ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        answer: ASGIApp = self._app
        if scope["type"] == "http":
            if _CONTROL.search(scope["path"]):
                answer = problems.response(Problem(404, "nothing is called so"))
            elif b"\0" in unquote_to_bytes(scope["query_string"]):
                answer = problems.response(Problem(422, "the query holds a NUL"))
        await answer(scope, receive, send)
