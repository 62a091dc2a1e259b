"""The desk: freshness, and releases on their way."""

import asyncio
from calendar import monthrange
from datetime import date, timedelta

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from kokemus.contracts.wire import names_a_person
from kokemus.errors import Unavailable
from reporting.domain.languages import CODES
from reporting.domain.people import MAY_APPROVE, MAY_DRAFT
from reporting.domain.releases import PUBLIC, WAITING, State, StepRefusedError, Text
from reporting.domain.review import SHOWN_DIFFERENCES, compare, in_words
from reporting.handlers import desk_chapters, desk_figures, desk_weeks, provider_sign_in
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts

_STEPS: dict[str, State] = {
    "approve": "approved",
    "publish": "published",
    "withdraw": "withdrawn",
}
_DAY = timedelta(days=1)


def register(app: FastAPI, parts: Parts) -> Door:
    """Adds the routes of the desk; returns its door, through which other pages go too."""
    door = Door(parts)
    views = _Desk(parts, door)
    if parts.provider is None:
        app.add_route("/desk/sign-in", door.form, methods=["GET"])
        app.add_route("/desk/sign-in", door.sign_in, methods=["POST"])
        app.add_route("/desk/sign-out", door.guarded(door.sign_out), methods=["POST"])
    else:
        provider_sign_in.register(app, parts, door, parts.provider)
    app.add_route("/desk/freshness", door.guarded(views.freshness), methods=["GET"])
    app.add_route("/desk/releases", door.guarded(views.releases), methods=["GET"])
    app.add_route("/desk/releases", door.guarded(views.draft, MAY_DRAFT), methods=["POST"])
    app.add_route("/desk/releases/{id}", door.guarded(views.release, MAY_DRAFT), methods=["GET"])
    app.add_route(
        "/desk/releases/{id}/{step}", door.guarded(views.step, MAY_APPROVE), methods=["POST"]
    )
    desk_figures.register(app, parts, door)
    desk_chapters.register(app, parts, door)
    desk_weeks.register(app, parts, door)
    return door


class _Desk:
    """The desk's views; each takes a visit and answers with a page."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def freshness(self, visit: Visit) -> Response:
        """What has come from each source and topic, and what nobody can place."""
        try:
            metrics = self._parts.metrics
            status, sources, unplaced = await asyncio.gather(
                metrics.status(), metrics.sources(), metrics.unplaced()
            )
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        return self._door.page(
            visit, "freshness.html", status=status, sources=sources, unplaced=unplaced
        )

    async def releases(self, visit: Visit) -> Response:
        """Every release with its state; those that wait only for who works on them."""
        may_draft = visit.person.may(MAY_DRAFT)
        last = _last_whole_month(self._parts.here().date())
        current = await self._parts.store.current("public-monthly")
        return self._door.page(
            visit,
            "releases.html",
            releases=[
                one
                for one in await self._parts.store.releases()
                if may_draft or one.state not in WAITING
            ],
            first=current.period_start if current else date(last.year - 1, 1, 1),
            last=last,
            may_draft=may_draft,
        )

    async def draft(self, visit: Visit) -> Response:
        """Makes a draft and shows it."""
        try:
            span = (
                date.fromisoformat(visit.form.get("first", "")),
                date.fromisoformat(visit.form.get("last", "")),
            )
        except ValueError:
            return self._refused(visit, "period", 400)
        if span[1] < span[0]:
            return self._refused(visit, "period", 400)
        reason = [visit.form.get(f"reason_{code}", "").strip()[:500] or None for code in CODES]
        if any(map(names_a_person, filter(None, reason))):
            return self._refused(visit, "personal", 422)
        correction = Text(reason[0] or "", *reason[1:]) if any(reason) else None
        try:
            id_ = await self._parts.editor.draft(
                span, visit.person.user, self._parts.here(), correction
            )
        except StepRefusedError as error:
            return self._refused(visit, error.code, 409)
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        return RedirectResponse(f"/desk/releases/{id_}", 303)

    async def release(self, visit: Visit) -> Response:
        """A release as the approver judges it: contents, findings, differences, steps."""
        parts = self._parts
        found = await parts.store.release(visit.request.path_params["id"])
        if found is None:
            return self._door.refusal(visit.language, "missing", 404)
        if found.state not in PUBLIC:
            await parts.audit.note(visit.person.user, "release.seen", found.id)
        content, report, current, before, wrong = await parts.editor.review(found)
        names = {one.id: one.names for one in content.entities} if content else {}
        differences = compare(before, content) if content else compare(None, None)
        return self._door.page(
            visit,
            "release.html",
            release=found,
            content=content,
            findings=wrong,
            report=report,
            before=current,
            differences=differences,
            told=in_words(differences, names, parts.languages[visit.language]),
            shown=SHOWN_DIFFERENCES,
            own=found.drafted_by == visit.person.user,
            may_approve=visit.person.may(MAY_APPROVE),
            names=names,
        )

    async def step(self, visit: Visit) -> Response:
        """Approves, publishes or withdraws."""
        id_ = visit.request.path_params["id"]
        state = _STEPS.get(visit.request.path_params["step"])
        reason = visit.form.get("reason", "").strip()[:500] or None
        if state is None:
            return self._door.refusal(visit.language, "missing", 404)
        if state == "withdrawn" and reason is None:
            return self._refused(visit, "reason", 400)
        if reason is not None and names_a_person(reason):
            return self._refused(visit, "personal", 422)
        now = self._parts.here()
        try:
            await self._parts.editor.step(id_, state, visit.person.user, now, reason)
        except KeyError:
            return self._door.refusal(visit.language, "missing", 404)
        except StepRefusedError as error:
            await self._parts.audit.note(visit.person.user, "refused", id_, error.code)
            return self._refused(visit, error.code, 409)
        return RedirectResponse(f"/desk/releases/{id_}", 303)

    def _refused(self, visit: Visit, why: str, status: int) -> Response:
        return self._door.page(visit, "refused.html", status, why=why)


def _last_whole_month(day: date) -> date:
    before = day.replace(day=1) - _DAY
    return before.replace(day=monthrange(before.year, before.month)[1])
