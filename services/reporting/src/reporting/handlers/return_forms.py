"""One form of a division: shown, saved, submitted, approved, sent back, opened again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kokemus.errors import Unavailable
from reporting.domain.forms import Fault, Form, about_people, faults, filled
from reporting.domain.languages import Code
from reporting.domain.people import MAY_APPROVE, MAY_FILL
from reporting.domain.return_events import Approved, events_of, prefilled, refusals
from reporting.domain.return_forms import FORM_KINDS, FORMS, REPEATED, FormKind
from reporting.domain.return_wording import (
    done_words,
    fault_words,
    refused_words,
    state_words,
    summary,
    told,
)
from reporting.domain.returns import (
    STEPS,
    Key,
    Return,
    ReturnRefusedError,
    Round,
    Step,
    Taken,
    after,
    asked_of,
    may_begin,
    may_fill,
    may_see,
)
from reporting.handlers.signing_in import Door, Visit
from reporting.parts import Parts
from reporting.round_reading import organisation_of

UNKNOWN = "-"
"""The id of a form that nobody has begun: nothing is ever sent of one."""


@dataclass(frozen=True)
class _Asked:
    """The form that a request is about; `form` is as yet unsaved where its id is `UNKNOWN`."""

    form: Return
    round: Round

    @property
    def key(self) -> Key:
        return self.form.key


class FormViews:
    """The views of one form; each takes a visit and answers with a page."""

    def __init__(self, parts: Parts, door: Door) -> None:
        self._parts = parts
        self._door = door

    async def show(self, visit: Visit) -> Response:
        """The form, to be filled in by whoever may and else to be read."""
        asked = await self._asked(visit)
        if isinstance(asked, Response):
            return asked
        form, answers = asked.form, asked.form.answers
        try:
            begun = {} if form.state else await self._last_year(form.key)
        except Unavailable as error:
            return self._door.page(visit, "away.html", 503, why=str(error))
        if form.state is not None:
            await self._parts.audit.note(visit.person.user, "return.seen", form.key.path)
        return await self._page(visit, asked, answers or begun, [], prefilled=bool(begun))

    async def fill_in(self, visit: Visit) -> Response:
        """Saves the draft, and submits it where that was asked and nothing is wrong with it."""
        asked = await self._asked(visit)
        if isinstance(asked, Response):
            return asked
        key = asked.key
        form = self._form(key, visit.language)
        given = filled(form, visit.form)
        personal = about_people(form, given)  # neither kept nor shown again
        answers = {name: given[name] for name in given.keys() - {one.field for one in personal}}
        taken = Taken("draft", visit.person.user, self._parts.now())
        try:
            if not may_fill(visit.person, asked.form.division, asked.form.delegate):
                raise ReturnRefusedError("forbidden")  # noqa: TRY301 - said as the store says it
            if self._parts.here().date() < asked.round.opens:
                raise ReturnRefusedError("not_open")  # noqa: TRY301
            saved = await self._parts.returns.save(
                key, asked.form.division, answers, _version(visit), taken
            )
        except ReturnRefusedError as error:
            return self._refused(visit, key, error)
        if personal:
            return await self._page(visit, _Asked(saved, asked.round), answers, personal, code=422)
        if visit.form.get("do") != "submit":
            return RedirectResponse(f"{key.path}?done=saved", 303)
        wrong = faults(form, answers) or refusals(self._approved(saved), form, self._parts.codes)
        if wrong:
            return await self._page(visit, _Asked(saved, asked.round), answers, wrong, code=422)
        return await self._take(visit, saved, "submit", saved.version)

    async def step(self, visit: Visit) -> Response:
        """Approves, sends back or opens again."""
        asked = await self._asked(visit)
        if isinstance(asked, Response):
            return asked
        wanted = visit.request.path_params["step"]
        if wanted == "resend":
            return await self._resend(visit, asked.form)
        step: Step | None = next((one for one in STEPS if one == wanted != "submit"), None)
        if step is None:
            return self._door.refusal(visit.language, "missing", 404)
        return await self._take(visit, asked.form, step, _version(visit))

    async def _resend(self, visit: Visit, form: Return) -> Response:
        if not visit.person.may(MAY_FILL | MAY_APPROVE, form.division):
            return self._door.refusal(visit.language, "forbidden", 403)
        if form.approvals:
            await self._parts.returns.resend(form, visit.person.user)
        return RedirectResponse(f"{form.key.path}?done=resend", 303)

    async def delegate(self, visit: Visit) -> Response:
        """Hands the form to another person, or takes it back."""
        asked = await self._asked(visit)
        if isinstance(asked, Response):
            return asked
        user = visit.form.get("user") or None
        if not visit.person.may(MAY_FILL, asked.form.division):
            return self._door.refusal(visit.language, "forbidden", 403)
        if user is not None and self._parts.people.get(user) is None:
            return self._door.refusal(visit.language, "missing", 404)
        await self._parts.returns.delegate(asked.key, asked.form.division, user, visit.person.user)
        return RedirectResponse(f"{asked.key.path}?done=delegate", 303)

    async def _take(self, visit: Visit, form: Return, step: Step, version: int) -> Response:
        now = self._parts.now()
        try:
            state = after(form, step, visit.person, version)
            made = events_of(self._approved(form), self._parts.codes) if state == "approved" else ()
            await self._parts.returns.take_step(form, Taken(state, visit.person.user, now), made)
        except ReturnRefusedError as error:
            if error.code != "forbidden":  # that the door tells
                await self._parts.audit.note(
                    visit.person.user, "refused", form.key.path, error.code
                )
            return self._refused(visit, form.key, error)
        return RedirectResponse(f"{form.key.path}?done={step}", 303)

    def _approved(self, form: Return) -> Approved:
        """The form as it would be approved now, later than it was before."""
        last = max((one.at for one in form.steps), default=self._parts.now())
        return Approved(
            form.id,
            form.key.kind,
            form.key.entity,
            form.key.year,
            form.approvals + 1,
            max(self._parts.now(), last + timedelta(milliseconds=2)),
            form.answers,
        )

    async def _asked(self, visit: Visit) -> _Asked | Response:
        """The form of the address, where this person may see it; else the page that says why."""
        key = _key(visit.request)
        rounds = {one.year: one for one in await self._parts.returns.rounds()}
        if key is None or key.year not in rounds:
            return self._door.refusal(visit.language, "missing", 404)
        form = await self._parts.returns.form(key)
        if form is None:
            try:
                form = await self._unbegun(key)
            except Unavailable as error:
                return self._door.page(visit, "away.html", 503, why=str(error))
        if form is None:
            return self._door.refusal(visit.language, "missing", 404)
        if not may_see(visit.person, form.division, form.delegate):
            return self._door.refusal(visit.language, "forbidden", 403)
        return _Asked(form, rounds[key.year])

    async def _unbegun(self, key: Key) -> Return | None:
        """A form that nobody has begun, of an entity that is asked for it."""
        organisation = await organisation_of(self._parts, key.year)
        entity = organisation.entities.get(key.entity)
        division = organisation.division_of(key.entity)
        if entity is None or division is None or not asked_of(key.kind, entity):
            return None
        if not may_begin(key, await self._parts.returns.forms(key.year)):
            return None
        return Return(UNKNOWN, key, division, None, {}, 0, ())

    async def _last_year(self, key: Key) -> dict[str, str]:
        """What last year's return says, for the one that begins."""
        if key.kind != "method":
            return {}
        live = await self._parts.metrics.participation(key.year - 1)
        return next(
            (prefilled(one.methods) for one in live.service_entities if one.entity == key.entity),
            {},
        )

    def _form(self, key: Key, language: Code) -> Form:
        return FORMS[key.kind](self._parts.words(language))

    async def _names(self, form: Return) -> Mapping[str, object]:
        """The names of the form's entity and division; none while the metrics API is away."""
        try:
            organisation = await organisation_of(self._parts, form.key.year)
        except Unavailable:
            return {}
        return {one.id: one.names for one in organisation.entities.values()}

    async def _page(  # noqa: PLR0913 - what a page shows
        self,
        visit: Visit,
        asked: _Asked,
        answers: Mapping[str, str],
        wrong: Sequence[Fault],
        *,
        prefilled: bool = False,
        code: int = 200,
    ) -> Response:
        parts, form = self._parts, asked.form
        language = parts.languages[visit.language]
        fields = self._form(asked.key, visit.language)
        words = fault_words(list(wrong), language)
        fills = may_fill(visit.person, form.division, form.delegate)
        return self._door.page(
            visit,
            "return_form.html",
            code,
            form=fields,
            kept=form,
            round=asked.round,
            answers=answers,
            faults=words,
            summary=summary(fields, words),
            told=told(fields, answers, language),
            prefilled=prefilled,
            opens_later=parts.here().date() < asked.round.opens,
            editable=fills and form.state in (None, "draft"),
            contact=visit.person.may(MAY_FILL, form.division),
            head=visit.person.may(MAY_APPROVE, form.division),
            own=bool(form.steps) and form.steps[-1].by == visit.person.user,
            state=state_words(form.shown, language),
            done=done_words(visit.request.query_params.get("done"), language),
            names=await self._names(form),
            people=parts.people.everybody(),
            person_names={one.user: one.name for one in parts.people.everybody()},
            outgoing=await parts.returns.outgoing(form) if form.approvals else None,
        )

    def _refused(self, visit: Visit, key: Key, error: ReturnRefusedError) -> Response:
        why = refused_words(error.code, self._parts.languages[visit.language])
        status = 403 if error.code == "forbidden" else 409
        return self._door.page(visit, "return_refused.html", status, why=why, back=key.path)


def _key(request: Request) -> Key | None:
    given = request.path_params
    kind: FormKind | None = next((one for one in FORM_KINDS if one == given["kind"]), None)
    if kind is None or given["number"] < 1 or (kind not in REPEATED and given["number"] > 1):
        return None
    return Key(given["year"], kind, given["entity"], given["number"])


def _version(visit: Visit) -> int:
    written = visit.form.get("version", "")
    return int(written) if written.isdecimal() else -1
