"""The desk's page for a unit's manager: the weeks, the devices, and what was done about it."""

import asyncio

from fastapi import FastAPI
from starlette.responses import Response

from kokemus.errors import Unavailable
from reporting.domain import desk
from reporting.domain.going_with import going_with
from reporting.domain.letter_wording import below
from reporting.domain.notes import LONGEST
from reporting.domain.people import MAY_NOTE
from reporting.domain.present import discreet, edition_of_now, exact_for
from reporting.domain.unit_weeks import (
    OVERDUE,
    acts,
    devices_told,
    four_weeks,
    others,
    overdue,
    silent_after,
    weeks_told,
)
from reporting.domain.weekly_drafting import ANSWERS
from reporting.handlers.desk_frame import Frame
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts
from reporting.watching import policy_of

_GOING_WITH = ("reason_share", "driver_hour_difference")


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the route of the page.

    Raises:
        OSError: the city's own rules of alerts cannot be read.
        ValueError: they are none.
    """
    silent = silent_after(policy_of(parts.settings))
    frame = Frame(parts)

    async def page(visit: Visit) -> Response:
        wanted, ask, language = frame.wanted(visit), parts.metrics, parts.languages[visit.language]
        today = parts.here().date()
        try:
            (tree, status, catalogue), weeks, waiting, why, devices = await asyncio.gather(
                asyncio.gather(frame.tree(), ask.status(), ask.catalogue()),
                ask.figures(ANSWERS, [wanted], four_weeks(today), "week"),
                ask.figures((OVERDUE,), [wanted], (today, today)),
                ask.figures(_GOING_WITH, [wanted], frame.span()),
                ask.devices(wanted),
            )
        except Unavailable as error:
            return door.page(visit, "away.html", 503, why=str(error))
        if not desk.may_see(visit.person, wanted, tree):
            return door.refusal(visit.language, "forbidden", 403)
        exact = exact_for(visit.person, tree)
        shown = discreet([*weeks, *waiting], exact)
        edition = edition_of_now(shown, tree, catalogue.texts(), four_weeks(today))
        edition_shown = (await parts.shelf.current()).edition
        within = below(tree.values(), [wanted])
        return door.page(
            visit,
            "weeks.html",
            **frame.told(visit, wanted, tree, status),
            weeks=weeks_told(edition, wanted, language),
            overdue=overdue(edition, wanted, language),
            devices=devices_told(devices, today, silent, language),
            silent=silent,
            chapter=going_with(discreet(why, exact), language),
            acts=acts(await parts.notes.notes(sorted(within)), tree, language),
            others=others(visit.person.entities or (), wanted, tree, language),
            published=edition_shown is not None and wanted in edition_shown.entities,
            may_write=wanted in tree and desk.answers_for(visit.person, MAY_NOTE, wanted, tree),
            longest=LONGEST,
            today=today,
        )

    app.add_route("/desk/weeks", door.guarded(page), methods=["GET"])
