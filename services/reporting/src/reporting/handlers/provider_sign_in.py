"""Sign-in at the city's OpenID provider: there, back again, and out."""

import hmac
import secrets
from typing import Final

import structlog
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kokemus.errors import Unavailable
from reporting.domain.identity import Attempt, SignInRefusedError
from reporting.domain.languages import N_
from reporting.domain.sessions import ATTEMPT_LIFE
from reporting.handlers.signing_in import LANGUAGE_COOKIE, Door, Visit, safe_next
from reporting.identity_provider import IdentityProvider
from reporting.parts import Parts, language_of
from reporting.rendering import private

COOKIE: Final = "kokemus_attempt"
BACK: Final = "/desk/signed-in"
"""Where the provider sends a browser back to; to be registered there."""
OUT: Final = "/desk/signed-out"
"""The same after signing out."""

_log = structlog.get_logger()


def register(app: FastAPI, parts: Parts, door: Door, provider: IdentityProvider) -> None:
    """Adds the routes, in place of those of the local sign-in."""
    views = _ProviderSignIn(parts, door, provider)
    app.add_route("/desk/sign-in", views.start, methods=["GET"])
    app.add_route(BACK, views.back, methods=["GET"])
    app.add_route(OUT, views.out, methods=["GET"])
    app.add_route("/desk/sign-out", door.guarded(views.sign_out, fresh=False), methods=["POST"])


class _ProviderSignIn:
    """Each sign-in has a state, which only its browser's cookie has too, and is good for once."""

    def __init__(self, parts: Parts, door: Door, provider: IdentityProvider) -> None:
        self._parts = parts
        self._door = door
        self._provider = provider
        self._base = parts.settings.base_url

    async def start(self, request: Request) -> Response:
        """Sends the browser to the provider."""
        now = self._parts.now()
        onward = safe_next(request.query_params.get("next"))
        attempt = Attempt(secrets.token_urlsafe(24), onward, now + ATTEMPT_LIFE)
        secret = self._parts.signer.secrets_of(attempt)
        try:
            address = await self._provider.way_in(attempt, secret, self._base + BACK, now)
        except Unavailable:
            return self._away(request)
        answer = RedirectResponse(address, 303, {"Cache-Control": "no-store"})
        answer.set_cookie(
            COOKIE,
            self._parts.signer.attempt_cookie(attempt),
            max_age=int(ATTEMPT_LIFE.total_seconds()),
            path=BACK,
            httponly=True,
            samesite="lax",
            secure=self._base.startswith("https:"),
        )
        return answer

    async def back(self, request: Request) -> Response:
        """Opens a session for whom the provider vouches for; each state opens one at most."""
        parts, query, now = self._parts, request.query_params, self._parts.now()
        attempt = parts.signer.attempt(request.cookies.get(COOKIE), now)
        try:
            if attempt is None or not _same(query.get("state", ""), attempt.state):
                raise SignInRefusedError("not a sign-in of this browser")  # noqa: TRY301 - one place tells
            if not await parts.sessions.begin(attempt.state, attempt.expires_at):
                raise SignInRefusedError("a sign-in that was already used")  # noqa: TRY301
            if "code" not in query:
                raise SignInRefusedError("the provider lets nobody in")  # noqa: TRY301
            secret = parts.signer.secrets_of(attempt)
            found = await self._provider.identity(query["code"], secret, self._base + BACK, now)
        except Unavailable:
            return self._away(request)
        except SignInRefusedError as error:
            _log.warning("sign-in refused", why=str(error))
            if attempt is not None:  # else anybody could fill the log
                await parts.audit.note("unknown", "sign-in.failed", "desk", str(error))
            title, told = N_("Kirjautuminen ei onnistunut"), N_("Yritä kirjautua uudelleen.")
            return self._told(request, title, told, 403)
        if self._provider.person(found) is None:
            await parts.audit.note(found.user, "sign-in.failed", "desk", "no role")
            told = N_("Sinulla ei ole roolia Kokemuksessa. Pyydä sitä pääkäyttäjältä.")
            return self._told(request, N_("Ei oikeutta"), told, 403)
        answer = await self._door.vouched(request, found, attempt.onward)
        answer.delete_cookie(COOKIE, path=BACK)
        return answer

    async def sign_out(self, visit: Visit) -> Response:
        """Ends the session here, then at the provider.

        A policy that lets forms go to this site only also holds for redirects after them, so the
        browser is told to go on by itself; where it does not, a link leads there.
        """
        answer = await self._door.sign_out(visit)
        try:
            address = await self._provider.way_out(self._base + OUT, self._parts.now())
        except Unavailable:
            address = None
        onward = address or OUT
        page = private(
            self._parts.templates.render("desk/signed_out.html", visit.language, onward=onward,
                                         visit=None, token="")
        )  # fmt: skip
        for name, value in answer.raw_headers:
            if name == b"set-cookie":
                page.raw_headers.append((name, value))
        page.headers["Refresh"] = f"0;url={onward}"
        return page

    async def out(self, request: Request) -> Response:
        """What those see who have signed out."""
        told = N_("Sulje selain, jos muutkin käyttävät tätä laitetta.")
        return self._told(request, N_("Olet kirjautunut ulos"), told, 200)

    def _away(self, request: Request) -> Response:
        told = N_("Kirjautumispalvelu ei vastaa. Yritä hetken päästä uudelleen.")
        answer = self._told(request, N_("Kirjautuminen ei onnistu nyt"), told, 503)
        answer.headers["Retry-After"] = "30"
        return answer

    def _told(self, request: Request, title: str, text: str, status: int) -> Response:
        language = language_of(
            request.query_params.get("lang") or request.cookies.get(LANGUAGE_COOKIE)
        )
        say = self._parts.languages[language].say
        values = {"title": say(title), "text": say(text), "visit": None, "token": ""}
        return private(
            self._parts.templates.render("desk/message.html", language, **values), status
        )


def _same(told: str, expected: str) -> bool:
    return hmac.compare_digest(told.encode(), expected.encode())
