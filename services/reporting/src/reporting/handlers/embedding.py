"""The desk's picker of embeds: what to show, in which language, the code to paste, where it is."""

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from reporting.domain import embeds, finding
from reporting.domain.desk import answers_for
from reporting.domain.drafting import METRICS, NPS_SHARES
from reporting.domain.editions import Edition
from reporting.domain.people import MAY_EMBED
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts, language_of

_METRICS = tuple(one for one in METRICS if one not in NPS_SHARES)
LONGEST_QUERY = 100


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the routes of the picker."""
    views = _Picker(parts, door)
    app.add_route("/desk/embeds", door.guarded(views.picker), methods=["GET"])
    app.add_route("/desk/embeds", door.guarded(views.keep), methods=["POST"])
    app.add_route("/desk/embeds/{id:int}/remove", door.guarded(views.remove), methods=["POST"])


class _Picker:
    """The picker; each view takes a visit and answers with a page."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def picker(self, visit: Visit) -> Response:
        """Entities by name; one that was picked with its preview and its code."""
        query = visit.request.query_params
        return await self._page(visit, dict(query))

    async def keep(self, visit: Visit) -> Response:
        """Keeps where an embed stands."""
        wanted = embeds.Wanted(
            visit.form.get("address", "").strip(),
            visit.form.get("entity", ""),
            language_of(visit.form.get("language")),
            visit.form.get("mail", "").strip(),
        )
        edition = (await self._parts.shelf.current()).edition
        if not _may(visit, wanted.entity, edition):
            return self._door.refusal(visit.language, "forbidden", 403)
        wrong = embeds.faults(wanted, edition)
        if wrong:
            return await self._page(visit, dict(visit.form), wrong)
        await self._parts.embeds.keep(wanted, visit.person.user, self._parts.now())
        return RedirectResponse("/desk/embeds#used", 303)

    async def remove(self, visit: Visit) -> Response:
        """Forgets an embed that is no longer in use."""
        id_ = visit.request.path_params["id"]
        kept = next((one for one in await self._parts.embeds.embeds() if one.id == id_), None)
        if kept is None:
            return self._door.refusal(visit.language, "missing", 404)
        if not _may(visit, kept.entity, (await self._parts.shelf.current()).edition):
            return self._door.refusal(visit.language, "forbidden", 403)
        await self._parts.embeds.remove(id_, visit.person.user)
        return RedirectResponse("/desk/embeds#used", 303)

    async def _page(
        self, visit: Visit, asked: dict[str, str], wrong: list[embeds.FaultCode] | None = None
    ) -> Response:
        parts, own = self._parts, self._parts.languages[visit.language]
        edition = (await parts.shelf.current()).edition
        name = asked.get("q", "").strip()[:LONGEST_QUERY]
        language = language_of(asked.get("language") or visit.language)
        metric = asked.get("metric", "")
        metric = metric if metric in _METRICS else "happy_index"
        picked = edition.entities.get(asked.get("entity", "")) if edition else None
        used = [one for one in await parts.embeds.embeds() if _may(visit, one.entity, edition)]
        return self._door.page(
            visit,
            "embeds.html",
            422 if wrong else 200,
            edition=edition,
            asked=asked,
            name=name,
            found=finding.matching(edition, name, own) if edition and name else [],
            picked=picked,
            may_tell=picked is not None and _may(visit, picked.id, edition),
            chosen=language,
            metric=metric,
            metrics=_METRICS,
            snippets=embeds.snippets(
                parts.settings.base_url,
                picked.id,
                metric,
                language,
                f"{parts.languages[language].of(picked.names)}: "
                + parts.languages[language].say("asiakaskokemus"),
            )
            if picked
            else None,
            wrong=wrong or [],
            used=used,
            ended={one.id for one in embeds.ended(used, edition)} if edition else set(),
        )


def _may(visit: Visit, entity: str, edition: Edition | None) -> bool:
    """Whether the visitor may have mail sent to the editors of pages that embed an entity."""
    return answers_for(visit.person, MAY_EMBED, entity, edition.entities if edition else {})
