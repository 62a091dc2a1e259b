"""Somebody else's page with a strict policy of its own, and our embeds on it."""

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
