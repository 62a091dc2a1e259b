"""Divisions' forms for everybody: without scripts, by the keyboard alone, on narrow windows."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from kokemus import keys
from support.fake_metrics_api import FakeMetricsApi
from support.ingest_service import IngestService
from support.reporting_browsing import too_wide, violations
from support.reporting_service import Reporting
from support.returns_browsing import FORM, approve, as_user, open_round, submit

OTHERS = ("game/terveys/1", "practice/terveys/1", "reported/sote/1")


def text(page: Page) -> str:
    return page.get_by_role("main").inner_text()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def test_a_return_walks_its_whole_way_without_scripts(browser: Browser, service: Reporting) -> None:
    open_round(browser, service)
    sanna, ville, heikki = (
        as_user(browser, service, user, scripts=False) for user in ("sanna", "ville", "heikki")
    )
    ville.goto(service.url + FORM)
    assert "Roolisi ei riitä tähän." in text(ville)
    sanna.goto(service.url + FORM)
    sanna.get_by_label("Määrä: kyselyt").fill("4")
    sanna.get_by_label("Kommentti tasosta 2").fill("Kysy: keksitty@example.invalid")
    press(sanna, "Tallenna luonnos")
    alert = sanna.get_by_role("alert")
    assert "Taso 2: vuorovaikutus, Kommentti tasosta 2" in alert.inner_text()
    assert "keksitty" not in sanna.content(), "it is neither kept nor shown again"
    assert sanna.get_by_label("Määrä: kyselyt").input_value() == "4", "all else is kept"
    sanna.get_by_label("Kenelle").select_option("ville")
    press(sanna, "Vaihda vastuuhenkilö")
    assert "Vastuuhenkilö on vaihdettu." in text(sanna)

    ville.goto(f"{service.url}/desk/returns?year=2026")
    ville.get_by_role("link", name="Osallisuuden tavat: Terveyspalvelut").click()
    press(ville, "Lähetä hyväksyttäväksi")
    alert = ville.get_by_role("alert")
    assert alert.locator("li").count() == 3
    assert ville.title().startswith("3 kohtaa täytyy korjata: Osallisuuden tavat")
    alert.get_by_role("link").first.click()
    assert ville.locator(":target").get_attribute("name") == "none.2"
    submit(ville, service)
    assert ville.get_by_role("textbox").count() == 0, "what waits for approval is read, not filled"

    heikki.goto(service.url + FORM)
    assert "kyselyt, määrä: 4" in text(heikki).lower()
    assert "Kommentti tasosta 3: Aloitetaan ensi vuonna." in text(heikki)
    press(heikki, "Palauta täydennettäväksi")
    assert "luonnos" in heikki.locator(".lead").inner_text()
    submit(ville, service)
    approve(heikki, service)
    ville.goto(service.url + FORM)
    assert "Lomake on lukittu." in text(ville)
    assert ville.get_by_role("button", name="Avaa korjattavaksi").count() == 0

    sanna.goto(service.url + FORM)
    press(sanna, "Avaa korjattavaksi")
    sanna.get_by_label("Määrä: kyselyt").fill("6")
    press(sanna, "Lähetä hyväksyttäväksi")
    approve(heikki, service)
    assert "korjattu" in heikki.locator(".lead").inner_text()
    steps = heikki.locator(".steps li").all_inner_texts()
    assert [step.rpartition(" ")[2] for step in steps] == [
        "luonnos", "lähetetty", "luonnos", "lähetetty", "hyväksytty",
        "luonnos", "lähetetty", "hyväksytty",
    ]  # fmt: skip
    assert steps[1].endswith("Ville: lähetetty")


@pytest.mark.usefixtures("worker")
def test_what_the_counting_refused_is_told_with_what_helps_and_goes_again(
    browser: Browser, service: Reporting, feedback: IngestService, environment: dict[str, str]
) -> None:
    feedback.start()
    key_file = Path(environment["KOKEMUS_FEEDBACK_KEY_FILE"])
    key_file.write_text(keys.create("nobody", types=[], sources=[])[0])
    open_round(browser, service)
    submit(as_user(browser, service, "sanna", scripts=False), service)
    heikki = as_user(browser, service, "heikki", scripts=False)
    approve(heikki, service)
    _reload_until(heikki, "Laskenta ei ottanut vastaan 5 tietoa")
    assert "401 a valid key is required" in text(heikki)
    heikki.goto(f"{service.url}/desk/returns")
    assert "Laskenta ei ottanut vastaan näiden tietoja" in text(heikki)
    key_file.write_text(feedback.token)
    heikki.goto(service.url + FORM)
    press(heikki, "Lähetä tiedot uudelleen")
    _reload_until(heikki, "Kaikki tiedot on otettu vastaan laskentaan.")


def _reload_until(page: Page, words: str) -> None:
    for _ in range(40):
        if words in text(page):
            return
        page.wait_for_timeout(timedelta(milliseconds=500).total_seconds() * 1000)
        page.reload()
    raise AssertionError(text(page))


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the element has the focus; what has it can always be seen."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert focused.count() == 1, f"the keyboard does not reach {selector}"
        assert focused.evaluate("e => getComputedStyle(e).outlineWidth") == "3px"
        assert focused.bounding_box() is not None
        if focused.evaluate("(e, selector) => e.matches(selector)", selector):
            return
    raise AssertionError(f"the keyboard does not reach {selector}")


def test_the_keyboard_alone_fills_in_submits_and_approves(
    browser: Browser, service: Reporting
) -> None:
    open_round(browser, service)
    page = as_user(browser, service, "sanna")
    page.goto(f"{service.url}/desk/returns")
    tab_to(page, "a[href$='/method/terveys/1']")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Osallisuuden tavat").wait_for()
    tab_to(page, "[name='volume.kyselyt']")
    page.keyboard.type("4")
    tab_to(page, "button[value=submit]")
    page.keyboard.press("Enter")
    page.get_by_role("alert").wait_for()
    assert page.locator(":focus").get_attribute("role") == "alert", "faults come first"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator(":focus").get_attribute("name") == "none.2", "a fault leads to its field"
    for level in (2, 3, 4):
        if level > 2:
            tab_to(page, f"[name='none.{level}']")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.type("Aloitetaan ensi vuonna.")
    tab_to(page, "button[value=submit]")
    page.keyboard.press("Enter")
    page.get_by_text("Lähetetty hyväksyttäväksi.").wait_for()
    page.context.close()
    head = as_user(browser, service, "heikki")
    head.goto(service.url + FORM)
    tab_to(head, "form[action$=approve] button")
    head.keyboard.press("Enter")
    head.get_by_text("Lomake on lukittu.").wait_for()


@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_on_any_form_filled_in_or_faulty(
    browser: Browser, service: Reporting, metrics_api: FakeMetricsApi, width: int
) -> None:
    assert metrics_api.returns
    open_round(browser, service)
    page = as_user(browser, service, "sanna")
    page.set_viewport_size({"width": width, "height": 800})
    found = {}
    for path in (FORM, *(f"/desk/returns/2026/{one}" for one in OTHERS)):
        page.goto(service.url + path)
        found[path] = [*violations(page), *(["too wide"] if too_wide(page) > 0 else [])]
        press(page, "Lähetä hyväksyttäväksi")
        page.get_by_role("alert").wait_for()
        found[f"{path} faulty"] = [
            *violations(page),
            *(["too wide"] if too_wide(page) > 0 else []),
        ]
    submit(page, service)
    found["read"] = [*violations(page), *(["too wide"] if too_wide(page) > 0 else [])]
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
