"""What browser tests of reporting do again and again."""

from pathlib import Path
from typing import Any

import axe_playwright_python  # type: ignore[import-untyped]  # it has no types
from playwright.sync_api import Page

from support.reporting_service import PASSWORDS, Reporting

AXE = Path(axe_playwright_python.__file__).parent / "axe.min.js"
PUBLIC = (
    "/fi/",
    "/fi/?q=asema",
    "/fi/kallio",
    "/sv/terveysasemat",
    "/en/asema-pieni",
    "/en/sote",
    "/sv/terveys",
    "/fi/saavutettavuus",
    "/en/accessibility",
    "/fi/ei-ole",
    *(f"/open-data/{code}" for code in ("fi", "sv", "en")),
)
EMBEDS = ("/embed/fi/kallio", "/embed/sv/hammashoitolat")
DESK = (
    "/desk",
    "/desk?entity=terveysasemat",
    "/desk/months?entity=kallio",
    "/desk/voices",
    "/desk/participation?entity=terveysasemat",
    "/desk/drivers",
    "/desk/weeks?entity=kallio",
    "/desk/alerts",
    "/desk/freshness",
    "/desk/releases",
    "/desk/audit",
    "/desk/releases/none",
    "/desk/embeds?entity=kallio&language=sv",
    "/desk/returns",
    "/desk/returns/table",
)


def sign_in(page: Page, reporting: Reporting, user: str) -> None:
    """Signs a person in through the form."""
    page.goto(f"{reporting.url}/desk/sign-in")
    page.fill("#user", user)
    page.fill("#password", PASSWORDS[user])
    page.press("#password", "Enter")
    page.wait_for_url("**/desk")


def violations(page: Page, within: str = "html") -> list[str]:
    """What axe-core finds wrong with the page or a part of it, by rule and element.

    The page's own policy lets no foreign script in, so axe comes through the debugger.
    """
    session = page.context.new_cdp_session(page)
    session.send("Runtime.evaluate", {"expression": AXE.read_text()})
    answer: dict[str, Any] = session.send(
        "Runtime.evaluate",
        {
            "expression": f"axe.run('{within}', {{resultTypes: ['violations']}})"
            ".then(r => r.violations.flatMap(v => v.nodes.map(n => v.id + ': ' + n.html)))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    session.detach()
    found: list[str] = answer["result"]["value"]
    return found


def too_wide(page: Page) -> int:
    """How many pixels of the page lie beside the window."""
    pixels: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return pixels
