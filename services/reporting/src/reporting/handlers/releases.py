"""Releases for machines: the list, and the bytes of each, without sign-in."""

from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from kokemus.problems import Problem, described
from reporting.domain.releases import FOR_THE_HOUSE, PUBLIC, Release
from reporting.parts import Parts
from reporting.rendering import PUBLIC_CACHE, holds

OPEN: Final = {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "ETag"}
"""Headers with which any page may read an answer."""


class PeriodOut(BaseModel):
    """Local days, both included."""

    from_: str = Field(serialization_alias="from")
    to: str


class ReleaseOut(BaseModel):
    """A release in the list. `hash` is the sha256 of the bytes that `url` answers with."""

    id: str
    kind: str
    state: str
    period: PeriodOut
    hash: str
    url: str
    published_at: str | None
    superseded_by: str | None
    withdrawn_at: str | None
    reason: str | None


class ReleasesOut(BaseModel):
    """Every release that was ever published, the newest first."""

    releases: list[ReleaseOut]


def register(app: FastAPI, parts: Parts) -> None:
    """Adds the routes of the releases."""

    @app.head("/v1/releases", include_in_schema=False)
    @app.get("/v1/releases", tags=["releases"], response_model=ReleasesOut)
    async def releases(request: Request) -> Response:
        """The releases, newest first; withdrawn ones with reason and date."""
        listed = [one for one in await parts.store.releases() if _is_open(one)]
        out = ReleasesOut(releases=[_listed(one, parts.settings.base_url) for one in listed])
        body = out.model_dump_json(by_alias=True).encode()
        return _answer(request, body, f'"{_fingerprint(listed)}"', {})

    @app.head("/v1/releases/{release_id}", include_in_schema=False)
    @app.get(
        "/v1/releases/{release_id}",
        tags=["releases"],
        response_class=Response,
        responses={
            200: {"description": "The canonical bytes", "content": {"application/json": {}}},
            404: described("No such release"),
            410: described("Withdrawn, with reason and date"),
        },
    )
    async def release(release_id: str, request: Request) -> Response:
        """A release's content: exactly the bytes that its hash was taken over."""
        found = await parts.store.release(release_id)
        if found is None or not _is_open(found):
            raise Problem(404, "no such release")
        body = await parts.store.body(found.hash) if found.state in PUBLIC else None
        if body is None:
            raise withdrawn(await parts.store.release(release_id) or found)
        return _answer(request, body, f'"{found.hash}"', {"Kokemus-State": found.state})


def _is_open(release: Release) -> bool:
    """Whether the public may know of it: it was published, and not for the house only."""
    return release.kind not in FOR_THE_HOUSE and release.when("published") is not None


def withdrawn(release: Release) -> Problem:
    """410 with reason and date."""
    at = release.when("withdrawn")
    more: dict[str, Any] = {
        "reason": release.steps[-1].reason,
        "withdrawn_at": at.isoformat() if at else None,
    }
    return Problem(410, "this release was withdrawn", more=more, headers=OPEN)


def _listed(release: Release, base_url: str) -> ReleaseOut:
    last = release.steps[-1]
    published, gone = release.when("published"), release.when("withdrawn")
    return ReleaseOut(
        id=release.id,
        kind=release.kind,
        state=release.state,
        period=PeriodOut(from_=str(release.period_start), to=str(release.period_end)),
        hash=release.hash,
        url=f"{base_url}/v1/releases/{release.id}",
        published_at=published.isoformat() if published else None,
        superseded_by=next(
            (one.reason for one in release.steps if one.state == "superseded"), None
        ),
        withdrawn_at=gone.isoformat() if gone else None,
        reason=last.reason if gone else None,
    )


def _fingerprint(releases: list[Release]) -> str:
    newest = max((one.steps[-1].at for one in releases), default=None)
    return f"{len(releases)}-{newest.timestamp() if newest else 0}"


def _answer(request: Request, body: bytes, etag: str, headers: dict[str, str]) -> Response:
    headers = {**headers, **OPEN, "ETag": etag, "Cache-Control": PUBLIC_CACHE}
    if holds(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")
