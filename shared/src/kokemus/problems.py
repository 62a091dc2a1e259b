"""Errors over HTTP as RFC 9457 problem documents, made in one place.

No problem repeats what was sent: a refused value may be personal data.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import JSONResponse

MEDIA_TYPE: Final = "application/problem+json"


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """A request that is answered with an error.

    Attributes:
        status: the HTTP status.
        detail: one sentence for the sender, without any value that was sent.
        more: further members of the document.
        headers: further response headers, such as `Retry-After`.
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.more = more or {}
        self.headers = headers or {}


def unauthorized(detail: str = "a valid key is required") -> Problem:
    """401: nobody whom we know."""
    return Problem(401, detail, headers={"WWW-Authenticate": "Bearer"})


def unavailable(detail: str, retry_after: int = 5) -> Problem:
    """503: nothing is wrong with the request; send all of it again."""
    return Problem(503, detail, headers={"Retry-After": str(retry_after)})


def response(problem: Problem) -> JSONResponse:
    """The problem as a response."""
    return JSONResponse(
        {
            "type": "about:blank",
            "title": HTTPStatus(problem.status).phrase,
            "status": problem.status,
            "detail": problem.detail,
            **problem.more,
        },
        status_code=problem.status,
        headers=dict(problem.headers),
        media_type=MEDIA_TYPE,
    )


SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
    },
}
"""JSON Schema of a problem document, for the OpenAPI documents."""


def described(description: str, schema: Mapping[str, Any] = SCHEMA) -> dict[str, Any]:
    """An OpenAPI response object for a problem."""
    return {"description": description, "content": {MEDIA_TYPE: {"schema": dict(schema)}}}
