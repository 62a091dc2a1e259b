"""Somebody else's page with a strict policy of its own, and our embeds on it."""

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route


def foreign_page(service: str) -> Starlette:
    """The page as an application."""
    policy = f"default-src 'none'; script-src {service}; connect-src {service}; frame-src {service}"
    html = f"""<!doctype html><html lang="fi"><title>Muu sivu</title>
<h1>Muu sivu</h1>
<kokemus-figure entity="kallio" metric="happy_index" lang="fi"></kokemus-figure>
<iframe src="{service}/embed/fi/kallio" title="Asiakaskokemus"></iframe>
<script src="{service}/embed/kokemus.js"></script>"""

    async def page(_request: Request) -> Response:
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    return Starlette(routes=[Route("/", page)])


class Between:
    """Passes requests on to the service until a status is put in its way."""

    def __init__(self, service: str) -> None:
        self._service = service
        self.status: int | None = None

    def app(self) -> Starlette:
        """The application."""
        return Starlette(routes=[Route("/{path:path}", self._answer)])

    async def _answer(self, request: Request) -> Response:
        if self.status is not None:
            return HTMLResponse(f"<h1>{self.status}</h1>", self.status)
        async with httpx.AsyncClient(base_url=self._service) as client:
            found = await client.get(request.url.path, params=request.query_params)
        kept = ("content-type", "content-security-policy", "etag", "cache-control")
        headers = {name: found.headers[name] for name in kept if name in found.headers}
        return Response(found.content, found.status_code, headers)
