"""No more mail: the link of a letter asks a person, and takes a mail program's word (RFC 8058)."""

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from reporting.domain.languages import N_
from reporting.parts import Parts, language_of
from reporting.rendering import private


def register(app: FastAPI, parts: Parts) -> None:
    """Adds the routes; following a link only asks, since programs that look for viruses do it too.

    The token in the address says whose mail it is, so no sign-in is needed and no form token.
    """

    def page(request: Request, title: str, text: str, status: int = 200, *, ask: bool) -> Response:
        code = language_of(request.query_params.get("lang"))
        say = parts.languages[code].say
        values = {"title": say(title), "text": say(text), "ask": ask}
        return private(parts.templates.render("unsubscribe.html", code, **values), status)

    async def asked(request: Request) -> Response:
        if parts.signer.stopped(request.path_params["token"]) is None:
            return unknown(request)
        return page(
            request,
            N_("Peru viestit"),
            N_("Et saa enää tällaisia viestejä, kun painat nappia."),
            ask=True,
        )

    async def stop(request: Request) -> Response:
        found = parts.signer.stopped(request.path_params["token"])
        if found is None:
            return unknown(request)
        await parts.mail.stop(*found, "asked", parts.now())
        title, told = N_("Viestit on peruttu"), N_("Et saa enää tällaisia viestejä.")
        return page(request, title, told, ask=False)

    def unknown(request: Request) -> Response:
        title, told = N_("Sivua ei löydy"), N_("Osoitteessa ei ole mitään.")
        return page(request, title, told, 404, ask=False)

    app.add_route("/unsubscribe/{token}", asked, methods=["GET"])
    app.add_route("/unsubscribe/{token}", stop, methods=["POST"])
