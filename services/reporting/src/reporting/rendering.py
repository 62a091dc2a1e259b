"""Templates, static files and the headers that every page carries."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reporting.domain.guidance import STATEMENTS
from reporting.domain.languages import CODES, Code, Language
from reporting.shelf import Rendered

PUBLIC_CACHE: Final = "public, max-age=60, stale-if-error=240"
"""At most five minutes after a withdrawal, no cache holds a page any more."""
NO_CACHE: Final = "no-store"
_MEDIA: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
)


@dataclass(frozen=True)
class StaticFile:
    """A file of the package, served as it is."""

    content: Rendered
    media_type: str


def static_files() -> dict[str, StaticFile]:
    """Every static file by its name."""
    files = {}
    for file in (resources.files("reporting") / "static").iterdir():
        body = file.read_bytes()
        media = _MEDIA[file.name.rpartition(".")[2]]
        etag = f'"{sha256(body).hexdigest()[:16]}"'
        files[file.name] = StaticFile(Rendered(body, etag), media)
    return files


class Templates:
    """The templates in the three languages."""

    def __init__(
        self,
        languages: Mapping[Code, Language],
        files: Mapping[str, StaticFile],
        base_url: str,
        root: str,
    ) -> None:
        self._environments = {
            code: _environment(language, files, base_url, root, languages)
            for code, language in languages.items()
        }

    def render(self, template: str, language: Code, /, **values: Any) -> str:
        """A page as text."""
        return self._environments[language].get_template(template).render(**values)


def _environment(
    language: Language,
    files: Mapping[str, StaticFile],
    base_url: str,
    root: str,
    languages: Mapping[Code, Language],
) -> Environment:
    environment = Environment(
        loader=PackageLoader("reporting"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]  # by the extension
        language.translations, newstyle=True
    )
    environment.globals |= {
        "language": language,
        "languages": [languages[code] for code in CODES],
        "base_url": base_url,
        "root": root,
        "statements": STATEMENTS,
        "static": {
            name: f"/static/{name}?v={file.content.etag.strip(chr(34))[:8]}"
            for name, file in files.items()
        },
    }
    return environment


def cached(request: Request, page: Rendered, status: int = 200) -> Response:
    """A public page, or 304 where the reader has it already."""
    headers = {"ETag": page.etag, "Cache-Control": PUBLIC_CACHE}
    if status == 200 and holds(request, page.etag):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(page.body, status, headers)


def download(
    request: Request, file: Rendered, name: str, media_type: str, cache: str = PUBLIC_CACHE
) -> Response:
    """A file to keep, or 304 where the reader has it already."""
    headers = {"ETag": file.etag, "Cache-Control": cache}
    if holds(request, file.etag):
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(file.body, media_type=media_type, headers=headers)


def private(body: str, status: int = 200) -> HTMLResponse:
    """A page for one person, kept by no cache."""
    return HTMLResponse(body, status, {"Cache-Control": NO_CACHE})


def holds(request: Request, etag: str) -> bool:
    """Whether the reader already has what this ETag names."""
    given = request.headers.get("if-none-match", "")
    return any(one.strip().removeprefix("W/") in (etag, "*") for one in given.split(","))


class PageHeaders:
    """Adds what guards a page in its browser.

    Only embeds may stand in foreign frames, the desk's own on the sites that the settings name.
    """

    def __init__(self, app: ASGIApp, *, over_https: bool, desk_ancestors: str = "'none'") -> None:
        self._app = app
        self._desk_ancestors = desk_ancestors
        self._over_https = over_https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        embedded = scope["path"].startswith("/embed/")
        ancestors = "*" if embedded else "'none'"
        if scope["path"] == "/desk/embed":
            ancestors = self._desk_ancestors

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = _POLICY.format(ancestors=ancestors)
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
                headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
                headers["Cross-Origin-Resource-Policy"] = (
                    "cross-origin" if embedded else "same-origin"
                )
                if not embedded:
                    headers["Cross-Origin-Opener-Policy"] = "same-origin"
                if self._over_https:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
            await send(message)

        await self._app(scope, receive, guarded)
