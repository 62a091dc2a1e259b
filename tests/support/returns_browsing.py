"""What browser tests of divisions' returns do again and again."""

from playwright.sync_api import Browser, Page

from support.reporting_browsing import sign_in, too_wide, violations
from support.reporting_service import Reporting

FORM = "/desk/returns/2026/method/terveys/1"
LAST_YEAR = {
    "entity": "terveys",
    "returned": True,
    "levels": [{"level": 1, "methods": [{"method": "kyselyt", "volume": 12}]}],
}


def as_user(browser: Browser, service: Reporting, user: str, *, scripts: bool = True) -> Page:
    """A tab of a browser of somebody's own."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, java_script_enabled=scripts
    )
    page = context.new_page()
    sign_in(page, service, user)
    return page


def look(page: Page) -> None:
    """Holds a page against axe and the width of a narrow window."""
    assert violations(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert too_wide(page) <= 0
    page.set_viewport_size({"width": 1280, "height": 800})


def open_round(browser: Browser, service: Reporting) -> None:
    page = as_user(browser, service, "ilona")
    page.goto(f"{service.url}/desk/returns")
    page.fill("#year", "2026")
    page.fill("#opens", "2026-01-01")
    page.fill("#due", "2026-11-20")
    page.get_by_role("button", name="Tallenna kierros").click()
    page.get_by_role("heading", name="Palautukset 2026").wait_for()
    page.context.close()


def submit(page: Page, service: Reporting) -> None:
    """Fills in the form with one way, one volume, and nothing else, and sends it."""
    page.goto(service.url + FORM)
    page.get_by_label("Määrä: kyselyt").fill("4")
    for level in (2, 3, 4):
        group = page.get_by_role("group", name=f"Taso {level}")
        group.get_by_label("Tällä tasolla ei ole mitään käytössä").check()
        group.get_by_label(f"Kommentti tasosta {level}").fill("Aloitetaan ensi vuonna.")
    page.get_by_role("button", name="Lähetä hyväksyttäväksi").click()
    page.get_by_text("Lähetetty hyväksyttäväksi.").wait_for()


def approve(page: Page, service: Reporting) -> None:
    page.goto(service.url + FORM)
    page.get_by_role("button", name="Hyväksy ja lukitse").click()
    page.get_by_text("Lomake on lukittu.").wait_for()
