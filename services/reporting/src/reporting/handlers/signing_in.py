"""Local sign-in and sign-out, and who is asking on the desk."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from reporting.domain.audit import LONGEST
from reporting.domain.identity import Identity
from reporting.domain.languages import Code
from reporting.domain.people import MAY_AUDIT, Person, Role, matches
from reporting.domain.sessions import ANONYMOUS_LIFE, LIFE, PROVIDER_LIFE, Session
from reporting.handlers.posted import SMALL, Limits, form_of, upload_of
from reporting.parts import Parts, language_of
from reporting.rendering import private

COOKIE: Final = "kokemus_session"
ROUNDS_COOKIE: Final = "kokemus_rounds"
"""The same session for `/v1/rounds`, where the desk's own cookie does not go."""
LANGUAGE_COOKIE: Final = "kokemus_language"


@dataclass(frozen=True)
class Visit:
    """One request of somebody who is signed in."""

    request: Request
    person: Person
    session: Session
    language: Code
    form: Mapping[str, str]
    """Empty unless the request is a form whose token was the session's."""
    file: bytes = b""
    """What was uploaded with the form."""


SignedIn = Callable[[Visit], Awaitable[Response]]
Handler = Callable[[Request], Awaitable[Response]]


class Door:
    """Lets only those in who are signed in, and only forms that their own pages sent.

    Every way to sign in ends where `enter` begins: with a user who has proved who they are.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def guarded(
        self,
        handler: SignedIn,
        roles: frozenset[Role] | None = None,
        limits: Limits = SMALL,
        *,
        fresh: bool = True,
    ) -> Handler:
        """The handler behind the door.

        Args:
            handler: what is behind it.
            roles: only for those who have one of them everywhere; None: for all.
            limits: of its forms.
            fresh: whether a provider's old word takes no form in until the provider is asked again.
        """

        async def guard(request: Request) -> Response:
            language = language_of(request.query_params.get("lang") or request.cookies.get(
                LANGUAGE_COOKIE))  # fmt: skip
            known = await self.known(request, stale_too=request.method == "POST")
            if known is None:
                return RedirectResponse(f"/desk/sign-in?next={request.url.path}", 303)
            session, person = known
            visit = Visit(request, person, session, language, {})
            if roles is not None and not person.may(roles):
                answer = self.refusal(language, "forbidden", 403)
            else:
                answer = await self._passed(visit, handler, limits, fresh=fresh)
            await self._tell(visit, answer)
            if "lang" in request.query_params:
                self._keep(answer, LANGUAGE_COOKIE, language, LIFE)
            return answer

        return guard

    async def _passed(
        self, visit: Visit, handler: SignedIn, limits: Limits, *, fresh: bool
    ) -> Response:
        form: dict[str, str] = {}
        file = b""
        if visit.request.method == "POST":
            if limits.file:
                form, file = await upload_of(visit.request, limits)
            else:
                form = await form_of(visit.request, limits)
            if not self._parts.signer.is_form_token(visit.session, form.get("token", "")):
                return self.refusal(visit.language, "form", 403)
            if fresh and visit.session.is_stale(self._parts.now()):
                return self.page(visit, "renew.html", 409, form=form, resend=not limits.file)
        return await handler(replace(visit, form=form, file=file))

    async def _tell(self, visit: Visit, answer: Response) -> None:
        """Tells the audit log who was turned away, and who took a file away."""
        url, user = visit.request.url, visit.person.user
        if answer.status_code == 403:
            await self._parts.audit.note(user, "refused", url.path[:LONGEST], visit.request.method)
        elif "content-disposition" in answer.headers:
            await self._parts.audit.note(user, "exported", url.path[:LONGEST], url.query[:LONGEST])

    async def known(
        self, request: Request, *, stale_too: bool = False
    ) -> tuple[Session, Person] | None:
        """Who is asking; None: nobody who is signed in, or who has to show it anew."""
        session = await self._session(request)
        if session is None or not session.user:
            return None
        if not stale_too and session.is_stale(self._parts.now()):
            return None
        provider = self._parts.provider
        if (provider is None) != (session.identity is None):
            return None  # signed in by a way that no longer is one
        person = (
            provider.person(session.identity)
            if provider and session.identity
            else self._parts.people.get(session.user)
        )
        return (session, person) if person else None

    def page(self, visit: Visit, template: str, code: int = 200, /, **values: object) -> Response:
        """A page of the desk."""
        return private(
            self._parts.templates.render(
                f"desk/{template}",
                visit.language,
                visit=visit,
                token=self._parts.signer.form_token(visit.session),
                zone=self._parts.settings.time_zone,
                may_audit=visit.person.may(MAY_AUDIT),
                **values,
            ),
            code,
        )

    async def form(self, request: Request) -> Response:
        """The sign-in form, with a session of its own so that its token is bound to a browser."""
        language = language_of(
            request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        )
        session = await self._session(request) or self._new("", ANONYMOUS_LIFE)
        answer = self._form(session, language, safe_next(request.query_params.get("next")))
        self._keep(answer, COOKIE, self._parts.signer.cookie(session), ANONYMOUS_LIFE)
        if "lang" in request.query_params:
            self._keep(answer, LANGUAGE_COOKIE, language, LIFE)
        return answer

    async def sign_in(self, request: Request) -> Response:
        """Checks user and password; a wrong one waits, and so does whoever tries too often."""
        language = language_of(request.cookies.get(LANGUAGE_COOKIE))
        session = await self._session(request)
        sent = await form_of(request)
        if session is None or not self._parts.signer.is_form_token(session, sent.get("token", "")):
            return self.refusal(language, "form", 403)
        user, onward = sent.get("user", ""), safe_next(sent.get("next"))
        address = request.client.host if request.client else ""
        by_user, by_address = self._parts.attempts_by_user, self._parts.attempts_by_address
        now = self._parts.now()
        if wait := by_user.wait(user, now) or by_address.wait(address, now):
            answer = self._form(session, language, onward, problem="wait", status=429)
            answer.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
            return answer
        by_user.failed(user, now)
        by_address.failed(address, now)
        person = self._parts.people.get(user)
        if not await asyncio.to_thread(matches, person, sent.get("password", "")) or not person:
            await self._parts.audit.note("unknown", "sign-in.failed", "desk")
            return self._form(session, language, onward, problem="wrong", status=401)
        by_user.forgive(user, now)
        by_address.forgive(address, now)
        return await self.enter(self._new(person.user, LIFE), LIFE, onward)

    async def vouched(self, request: Request, identity: Identity, onward: str) -> Response:
        """Opens a session for whom a provider vouches for.

        Somebody who only had to show it anew keeps theirs, so that open forms can still be sent.
        """
        session = self._new(identity.user, PROVIDER_LIFE)
        before = await self._session(request)
        if before is not None and before.identity and before.user == identity.user:
            session = msgspec.structs.replace(session, id=before.id)
        session = msgspec.structs.replace(session, identity=identity)
        return await self.enter(session, PROVIDER_LIFE, onward)

    async def enter(self, session: Session, life: timedelta, onward: str) -> Response:
        """Gives a browser the session of somebody who has proved who they are."""
        await self._parts.audit.note(session.user, "sign-in", "desk")
        answer = RedirectResponse(onward, 303)
        cookie = self._parts.signer.cookie(session)
        self._keep(answer, COOKIE, cookie, life)
        self._keep(answer, ROUNDS_COOKIE, cookie, life, "/v1/rounds")
        return answer

    async def sign_out(self, visit: Visit) -> Response:
        """Ends the session for good: its cookie opens nothing any more."""
        await self._parts.sessions.end(visit.session.id, self._parts.now() + LIFE)
        await self._parts.audit.note(visit.person.user, "sign-out", "desk")
        answer = RedirectResponse("/desk/sign-in", 303)
        answer.delete_cookie(COOKIE, path="/desk")
        answer.delete_cookie(ROUNDS_COOKIE, path="/v1/rounds")
        return answer

    def refusal(self, language: Code, why: str, status: int) -> Response:
        """A page that says why not."""
        say = self._parts.languages[language].say
        told = {
            "forbidden": (say("Ei oikeutta"), say("Roolisi ei riitä tähän.")),
            "form": (say("Lomake on vanhentunut"), say("Avaa sivu uudelleen ja yritä sitten.")),
            "unasked": (say("Ei tältä"), say("Tällaista lomaketta ei pyydetä tältä yksiköltä.")),
            "too_long": (
                say("Ei mahdu sivulle"),
                say(
                    "Mittarin tekstit ovat yhtä sivua pidemmät. Lyhennä niitä ja tee uusi luonnos."
                ),
            ),
            "missing": (say("Sivua ei löydy"), say("Osoitteessa ei ole mitään.")),
        }[why]
        return private(
            self._parts.templates.render(
                "desk/message.html", language, title=told[0], text=told[1], visit=None, token=""
            ),
            status,
        )

    async def _session(self, request: Request) -> Session | None:
        cookie = request.cookies.get(COOKIE) or request.cookies.get(ROUNDS_COOKIE)
        session = self._parts.signer.session(cookie, self._parts.now())
        if session is None or await self._parts.sessions.ended(session.id):
            return None
        return session

    def _new(self, user: str, life: timedelta) -> Session:
        return Session(secrets.token_urlsafe(24), user, self._parts.now() + life)

    def _form(
        self,
        session: Session,
        language: Code,
        onward: str,
        problem: str | None = None,
        status: int = 200,
    ) -> Response:
        values: dict[str, Any] = {
            "visit": None,
            "token": self._parts.signer.form_token(session),
            "next": onward,
            "problem": problem,
        }
        return private(
            self._parts.templates.render("desk/sign_in.html", language, **values), status
        )

    def _keep(
        self, answer: Response, name: str, value: str, life: timedelta, path: str = "/desk"
    ) -> None:
        answer.set_cookie(
            name,
            value,
            max_age=int(life.total_seconds()),
            path=path,
            httponly=True,
            samesite="lax",
            secure=self._parts.settings.base_url.startswith("https:"),
        )


def safe_next(value: str | None) -> str:
    """A path of the desk to go on to; anything else, another site above all, is the desk."""
    if value and (value == "/desk" or value.startswith("/desk/")) and "\\" not in value:
        return value if value.isprintable() and "//" not in value else "/desk"
    return "/desk"
