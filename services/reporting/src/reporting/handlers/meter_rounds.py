"""The strategy's meters on the desk: a year's round step by step, its texts, and its files."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

from fastapi import FastAPI
from starlette.responses import RedirectResponse, Response

from kokemus.contracts.wire import names_a_person
from kokemus.errors import Unavailable
from reporting.domain.editions import Edition
from reporting.domain.languages import CODES, Code, Language
from reporting.domain.meters import (
    FIELDS,
    METERS,
    Field,
    MeterCode,
    code_of,
    meter_table,
    meter_texts,
    version_of,
)
from reporting.domain.people import MAY_DRAFT, MAY_OPEN_ROUNDS
from reporting.domain.releases import Content, StepRefusedError, Text
from reporting.domain.return_wording import state_words
from reporting.domain.returns import may_follow
from reporting.domain.round_stages import deadlines, progress
from reporting.domain.round_wording import (
    STAGE_ICONS,
    TextFault,
    entity_icon,
    fault_words,
    field_name,
    stage_state_words,
    stage_words,
)
from reporting.handlers.meter_files import MeterFiles, file_names, rounds_of
from reporting.handlers.posted import Limits
from reporting.handlers.signing_in import Door, Visit
from reporting.outputs.meter_page import too_long
from reporting.parts import Parts
from reporting.round_reading import divisions_of

ROUND: Final = "/desk/rounds/{year:int}"
TEXTS: Final = Limits(fields=len(FIELDS) * len(CODES) + 5, size=128 * 1024)
LONGEST: Final = 4000
"""Characters of a text; far beyond what a page holds."""


def register(app: FastAPI, parts: Parts, door: Door) -> None:
    """Adds the routes of the rounds of the meters."""
    views, files = _Meters(parts, door), MeterFiles(parts, door)
    app.add_route("/desk/rounds", door.guarded(views.newest), methods=["GET"])
    app.add_route(ROUND, door.guarded(views.round), methods=["GET"])
    for path, view in (("days", views.move), ("steps", views.take)):
        app.add_route(f"{ROUND}/{path}", door.guarded(view, MAY_OPEN_ROUNDS), methods=["POST"])
    app.add_route(f"{ROUND}/draft", door.guarded(views.draft, MAY_DRAFT), methods=["POST"])
    texts = f"{ROUND}/meters/{{meter}}"
    app.add_route(texts, door.guarded(views.texts, MAY_OPEN_ROUNDS), methods=["GET"])
    app.add_route(texts, door.guarded(views.write, MAY_OPEN_ROUNDS, limits=TEXTS), methods=["POST"])
    app.add_route(
        f"{ROUND}/drafts/{{release}}/{{name}}",
        door.guarded(files.of_draft, MAY_DRAFT),
        methods=["GET"],
    )
    app.add_route(f"{ROUND}/{{name}}", door.guarded(files.published), methods=["GET"])


def beyond(
    content: Content, meters: Iterable[MeterCode], languages: Mapping[Code, Language]
) -> list[TextFault]:
    """Which texts need more than their place on a page, in any language."""
    edition = Edition("", content)
    return [
        TextFault(meter, field, code, "long")
        for meter in meters
        for code, language in languages.items()
        for field in too_long(edition, meter, language)
    ]


class _Meters:
    """The pages; each view takes a visit and answers with a page."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def newest(self, _visit: Visit) -> Response:
        """Leads to the newest round, or to where one is opened."""
        rounds = await self._parts.returns.rounds()
        onward = f"/desk/rounds/{rounds[0].year}" if rounds else "/desk/returns"
        return RedirectResponse(onward, 307)

    async def round(self, visit: Visit) -> Response:
        """The round of a year: steps and days, who has returned, texts, files."""
        return await self._round(visit)

    async def move(self, visit: Visit) -> Response:
        """Moves the days of the steps; an empty one is the usual day again."""
        year = await self._year(visit)
        if year is None:
            return self._door.refusal(visit.language, "missing", 404)
        try:
            days = {
                one.code: date.fromisoformat(given)
                for one in meter_table().stages
                if (given := visit.form.get(one.code, "").strip())
            }
        except ValueError:
            return self._door.page(visit, "refused.html", 400, why="period")
        usual = {one.stage: one.usual for one in deadlines(year, meter_table().stages, {})}
        moved = {stage: due for stage, due in days.items() if due != usual[stage]}
        await self._parts.meters.move(year, moved, visit.person.user)
        return RedirectResponse(f"/desk/rounds/{year}", 303)

    async def take(self, visit: Visit) -> Response:
        """Marks a step of a meter as taken, or takes that back."""
        year = await self._year(visit)
        meter = _meter(visit.form.get("meter"))
        stage = next(
            (one.code for one in meter_table().stages if one.code == visit.form.get("stage")), None
        )
        if year is None or meter is None or stage is None:
            return self._door.refusal(visit.language, "missing", 404)
        done = visit.form.get("done") == "yes"
        await self._parts.meters.take(year, meter, stage, visit.person.user, done=done)
        return RedirectResponse(f"/desk/rounds/{year}#steps", 303)

    async def texts(self, visit: Visit) -> Response:
        """The texts of a meter, to be changed."""
        year, meter = await self._year(visit), _meter(visit.request.path_params["meter"])
        if year is None or meter is None:
            return self._door.refusal(visit.language, "missing", 404)
        written = await self._parts.meters.texts(year)
        seen = version_of(written, meter)
        return self._texts(visit, year, meter, _shown(written, meter), (), seen)

    async def write(self, visit: Visit) -> Response:
        """Keeps the texts of a meter, if its page stays one page in every language."""
        parts = self._parts
        year, meter = await self._year(visit), _meter(visit.request.path_params["meter"])
        if year is None or meter is None:
            return self._door.refusal(visit.language, "missing", 404)
        given = {field: _given(visit.form, field) for field in FIELDS}
        seen = visit.form.get("seen", "")
        faults = [fault for field, one in given.items() for fault in _faults(meter, field, one)]
        if not faults:
            written = await parts.meters.texts(year)
            written |= {(meter, field): one for field, one in given.items()}
            try:
                content = await parts.editor.round_content(year, written, parts.here())
            except Unavailable as error:
                return self._door.page(visit, "away.html", 503, why=str(error))
            faults = await asyncio.to_thread(beyond, content, (meter,), parts.languages)
        if faults:
            return self._texts(visit, year, meter, given, faults, seen)
        if not await parts.meters.write(year, meter, given, visit.person.user, seen):
            written = await parts.meters.texts(year)
            now, kept = version_of(written, meter), _shown(written, meter)
            return self._texts(visit, year, meter, given, (), now, kept)
        return RedirectResponse(f"/desk/rounds/{year}#texts", 303)

    async def draft(self, visit: Visit) -> Response:
        """Drafts the round's release, unless a page of it would be more than one."""
        parts, year = self._parts, await self._year(visit)
        if year is None:
            return self._door.refusal(visit.language, "missing", 404)
        fi, sv = (visit.form.get(f"reason_{code}", "").strip()[:500] for code in ("fi", "sv"))
        if any(names_a_person(one) for one in (fi, sv)):
            return self._door.page(visit, "refused.html", 422, why="personal")
        reason = Text(fi, sv or None) if fi else None
        try:
            written = await parts.meters.texts(year)
            content = await parts.editor.round_content(year, written, parts.here(), reason)
            faults = await asyncio.to_thread(beyond, content, METERS, parts.languages)
            if faults:
                return await self._round(visit, faults)
            id_ = await parts.editor.keep(content, visit.person.user, parts.here())
        except StepRefusedError as error:
            return self._door.page(visit, "refused.html", 409, why=error.code)
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        return RedirectResponse(f"/desk/releases/{id_}", 303)

    async def _round(self, visit: Visit, faults: Sequence[TextFault] = ()) -> Response:
        parts, language = self._parts, self._parts.languages[visit.language]
        year = await self._year(visit)
        if year is None:
            return self._door.refusal(visit.language, "missing", 404)
        try:
            divisions, _ = await divisions_of(parts, year)
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        steps = deadlines(year, meter_table().stages, await parts.meters.moved(year))
        taken = await parts.meters.taken(year)
        releases = rounds_of(await parts.store.releases(), year)
        return self._door.page(
            visit,
            "round.html",
            422 if faults else 200,
            year=year,
            years=[one.year for one in await parts.returns.rounds()],
            meters=[(one.code, language.of(one.name)) for one in meter_table().meters],
            steps=progress(steps, taken, METERS, parts.here().date()),
            divisions=[
                one for one in divisions
                if visit.person.may(MAY_OPEN_ROUNDS) or may_follow(visit.person, one.division.id)
            ],
            releases=releases,
            published=next((one for one in releases if one.state == "published"), None),
            files=file_names(language),
            faults=[fault_words(one, parts.languages, language) for one in faults],
            stage_words=lambda code: stage_words(code, language),
            stage_state_words=lambda state: stage_state_words(state, language),
            stage_icons=STAGE_ICONS,
            entity_icon=entity_icon,
            state=lambda shown: state_words(shown, language),
            may_move=visit.person.may(MAY_OPEN_ROUNDS),
            may_draft=visit.person.may(MAY_DRAFT),
        )  # fmt: skip

    def _texts(  # noqa: PLR0913, PLR0917 - what the page shows
        self,
        visit: Visit,
        year: int,
        meter: MeterCode,
        texts: Mapping[Field, Text],
        faults: Sequence[TextFault],
        seen: str,
        kept: Mapping[Field, Text] | None = None,
    ) -> Response:
        """The page; with what somebody else has `kept` meanwhile beside what is not kept."""
        language = self._parts.languages[visit.language]
        return self._door.page(
            visit,
            "meter_texts.html",
            422 if faults else 200 if kept is None else 409,
            year=year,
            meter=meter,
            seen=seen,
            kept=kept,
            name=next(language.of(one.name) for one in meter_table().meters if one.code == meter),
            fields=[(field, field_name(field, language), texts[field]) for field in FIELDS],
            codes=[(code, self._parts.languages[code].own_name) for code in CODES],
            faults=[
                (fault_words(one, self._parts.languages, language), f"{one.field}.{one.language}")
                for one in faults
            ],
        )

    async def _year(self, visit: Visit) -> int | None:
        asked = visit.request.path_params["year"]
        rounds = await self._parts.returns.rounds()
        return next((one.year for one in rounds if one.year == asked), None)


def _meter(given: str | None) -> MeterCode | None:
    return next((one for one in METERS if one == given), None)


def _shown(written: Mapping[tuple[MeterCode, Field], Text], meter: MeterCode) -> dict[Field, Text]:
    shown = meter_texts(written)
    return {field: shown[code_of(meter, field)] for field in FIELDS}


def _given(form: Mapping[str, str], field: Field) -> Text:
    fi, sv, en = (
        form.get(f"{field}.{code}", "").replace("\r\n", "\n").strip()[:LONGEST] for code in CODES
    )
    return Text(fi, sv or None, en or None)


def _faults(meter: MeterCode, field: Field, text: Text) -> list[TextFault]:
    """Finnish and Swedish are obligatory, as in every release; nobody is named in a text."""
    found = []
    for code, words in zip(CODES, (text.fi, text.sv, text.en), strict=True):
        if not words and code != "en":
            found.append(TextFault(meter, field, code, "required"))
        if words and names_a_person(words):
            found.append(TextFault(meter, field, code, "personal"))
    return found
