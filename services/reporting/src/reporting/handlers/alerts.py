"""Alerts on the desk: what needs an eye, who has seen it, and what they say."""

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from kokemus.contracts.wire import names_a_person
from kokemus.errors import Unavailable
from reporting.domain.alert_wording import about, said
from reporting.domain.desk import answers_for, entities_on, may_see
from reporting.domain.people import MAY_ACKNOWLEDGE
from reporting.domain.releases import Entity
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the routes of the alerts."""
    views = _Alerts(parts, door)
    app.add_route("/desk/alerts", door.guarded(views.listed), methods=["GET"])
    app.add_route("/desk/alerts/{id:int}", door.guarded(views.acknowledge), methods=["POST"])


class _Alerts:
    """The alerts; each view takes a visit and answers with a page."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def listed(self, visit: Visit) -> Response:
        """Open alerts of what the person may see first, then those that have cleared."""
        language = self._parts.languages[visit.language]
        tree = await self._tree()
        person = visit.person
        own = (
            None
            if person.entities is None
            else [one for one in {*tree, *person.entities} if may_see(person, one, tree)]
        )
        found = await self._parts.alerts.alerts(own)
        return self._door.page(
            visit,
            "alerts.html",
            open=[one for one in found if one.cleared_at is None],
            cleared=[one for one in found if one.cleared_at is not None],
            said=lambda one: said(one, language),
            about=lambda one: about(one, language),
            name=lambda id_: language.of(tree[id_].names) if id_ in tree else id_,
            people={one.user: one.name for one in self._parts.people.everybody()},
            may=lambda one: answers_for(visit.person, MAY_ACKNOWLEDGE, one.entity, tree),
        )

    async def acknowledge(self, visit: Visit) -> Response:
        """Keeps that somebody has seen an alert, with their comment."""
        alert = await self._parts.alerts.alert(visit.request.path_params["id"])
        if alert is None:
            return self._door.refusal(visit.language, "missing", 404)
        if not answers_for(visit.person, MAY_ACKNOWLEDGE, alert.entity, await self._tree()):
            return self._door.refusal(visit.language, "forbidden", 403)
        comment = visit.form.get("comment", "").strip()[:500] or None
        if comment is not None and names_a_person(comment):
            return self._door.page(visit, "refused.html", 422, why="personal")
        await self._parts.alerts.acknowledge(
            alert.id, visit.person.user, self._parts.now(), comment
        )
        return RedirectResponse("/desk/alerts", 303)

    async def _tree(self) -> dict[str, Entity]:
        """The tree of today; empty, so that ids are shown, while the metrics API is away."""
        try:
            return entities_on(await self._parts.metrics.entities(), self._parts.here().date())
        except Unavailable:
            return {}
