"""The desk's first screen and its notes, as people meet them in a browser."""

import pytest
from playwright.sync_api import Browser

from support.reporting_browsing import sign_in, too_wide, violations
from support.reporting_service import Reporting


@pytest.mark.parametrize("width", [320, 1280])
def test_a_note_is_written_without_scripts_and_axe_finds_nothing(
    browser: Browser, reporting: Reporting, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    sign_in(page, reporting, "sanna")
    found = {}
    for path in ("/desk?entity=sote", "/desk/notes?entity=kallio", "/desk/embed"):
        page.goto(reporting.url + path)
        found[path] = [*violations(page), *(["too wide"] if too_wide(page) > 0 else [])]
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    context.close()
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, reporting, "sanna")
    page.goto(f"{reporting.url}/desk/notes?entity=kallio")
    page.get_by_label("Mitä kirjoitat").select_option("handled")
    page.get_by_label("Teksti suomeksi").fill("Johtoryhmä kävi luvut läpi.")
    page.get_by_role("button", name="Tallenna").click()
    assert "Johtoryhmä kävi luvut läpi." in page.locator("main").inner_text()
    page.get_by_role("button", name="Poista: Käsitelty kokouksessa").first.click()
    assert "Johtoryhmä kävi luvut läpi." not in page.locator("main").inner_text()
    context.close()
