"""The round of the strategy's meters in a browser: days, texts that are too long, and a draft."""

import re

from playwright.sync_api import Browser, expect

from support.reporting_service import Reporting
from support.returns_browsing import as_user, look, open_round


def test_a_round_is_followed_written_and_drafted_without_scripts(
    browser: Browser, service: Reporting
) -> None:
    open_round(browser, service)
    page = as_user(browser, service, "ilona")
    page.goto(f"{service.url}/desk/rounds")
    expect(page.get_by_role("heading", level=1)).to_have_text("Strategiamittarit 2026")
    look(page)
    step = "Merkitse tehdyksi Dia mittarista, Asukasosallisuuden toteutuminen toimialoilla"
    page.get_by_role("button", name=step).click()
    expect(page.locator(".stage-done")).to_have_text("✓ tehty")

    page.get_by_role("link", name="Asukasosallisuuden toteutuminen toimialoilla").click()
    look(page)
    group = page.get_by_role("group", name="Lähtötaso")
    group.get_by_label("Suomeksi").fill("Aivan liian pitkä selitys lähtötasosta. " * 20)
    page.get_by_role("button", name="Tallenna tekstit").click()
    told = page.get_by_role("alert")
    expect(told).to_contain_text("Lähtötaso (Suomeksi): teksti ei mahdu sivulle. Lyhennä sitä.")
    look(page)
    group.get_by_label("Suomeksi").fill("Viiden suurimman kaupungin kartoitus.")
    page.get_by_role("button", name="Tallenna tekstit").click()
    page.wait_for_url(re.compile("/desk/rounds/2026"))
    page.get_by_role("button", name="Tee luonnos kierroksen julkaisuksi").click()
    page.wait_for_url(re.compile("/desk/releases/round-yearly"))
