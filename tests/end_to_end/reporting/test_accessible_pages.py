from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from support.reporting_browsing import DESK, EMBEDS, PUBLIC, sign_in, too_wide, violations
from support.reporting_service import Reporting


@pytest.fixture(params=[320, 1280])
def width(request: pytest.FixtureRequest) -> int:
    found: int = request.param
    return found


@pytest.fixture(params=["light", "dark", "forced"])
def look(request: pytest.FixtureRequest, browser: Browser, width: int) -> Iterator[BrowserContext]:
    scheme = request.param
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        forced_colors="active" if scheme == "forced" else "none",
    )
    yield context
    context.close()


def test_axe_finds_nothing_on_any_page(look: BrowserContext, reporting: Reporting) -> None:
    page = look.new_page()
    found = {}
    for path in (*PUBLIC, *EMBEDS, "/desk/sign-in"):
        page.goto(reporting.url + path)
        found[path] = [*violations(page), *(["too wide"] if too_wide(page) > 0 else [])]
    sign_in(page, reporting, "aino")
    page.goto(f"{reporting.url}/desk/releases")
    release = page.locator("tbody a").first.get_attribute("href")
    for path in (*DESK, str(release)):
        page.goto(reporting.url + path)
        found[path] = [*violations(page), *(["too wide"] if too_wide(page) > 0 else [])]
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


def test_axe_would_find_something(page: Page, reporting: Reporting) -> None:
    page.goto(f"{reporting.url}/fi/kallio")
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert any("html-has-lang" in one for one in violations(page))


def test_text_of_twice_the_size_still_fits(page: Page, reporting: Reporting) -> None:
    page.set_viewport_size({"width": 640, "height": 800})
    for path in ("/fi/", "/fi/kallio", "/sv/terveys", "/sv/tillganglighet", "/embed/fi/kallio"):
        page.goto(reporting.url + path)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert too_wide(page) <= 0, path


def test_the_keyboard_alone_finds_a_unit_and_its_table(page: Page, reporting: Reporting) -> None:
    page.goto(f"{reporting.url}/fi/")
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Siirry sisältöön"
    assert page.locator(":focus").bounding_box()["x"] >= 0  # type: ignore[index]  # it is shown
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("kallion")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=kallion")
    page.get_by_role("link", name="Kallion terveysasema").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/fi/kallio")
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("role") == "region":
            break
    assert page.locator(":focus table").count() == 1


def test_focus_can_be_seen(page: Page, reporting: Reporting) -> None:
    page.goto(f"{reporting.url}/fi/kallio")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    outline = page.locator(":focus").evaluate("e => getComputedStyle(e).outlineWidth")
    assert outline == "3px"


def test_each_page_is_said_in_its_language_and_leads_to_the_others(
    page: Page, reporting: Reporting
) -> None:
    for language, name in (("fi", "Terveysasemat"), ("sv", "Hälsostationer")):
        page.goto(f"{reporting.url}/{language}/terveysasemat")
        assert page.locator("html").get_attribute("lang") == language
        assert page.locator("h1").inner_text() == name
        links = page.locator("link[rel=alternate]").evaluate_all(
            "all => Object.fromEntries(all.map(e => [e.hreflang, e.href]))"
        )
        for code in ("fi", "sv", "en"):
            assert links[code] == f"{reporting.url}/{code}/terveysasemat"
        canonical = page.locator("link[rel=canonical]").get_attribute("href")
        assert canonical == f"{reporting.url}/{language}/terveysasemat"
    page.get_by_role("link", name="In English").click()
    assert page.locator("h1").inner_text() == "Health stations"


def test_every_chart_has_a_name_and_its_values_stand_in_a_table(
    page: Page, reporting: Reporting
) -> None:
    page.goto(f"{reporting.url}/fi/kallio")
    charts = page.locator("svg.chart[role=img]")
    assert charts.count() == 2
    assert all("luvut ovat taulukossa" in str(one.get_attribute("aria-label"))
               for one in charts.all())  # fmt: skip
    months = page.locator("table").first.locator("tbody tr")
    assert months.count() == 14
    assert months.nth(5).inner_text().split("\t")[1] == "ei vastauksia jaksolla"
    assert page.locator(".breaks li").inner_text() == "1.4.2026: Uusi toimittaja."


def test_the_published_table_stands_on_the_page_above_its_services(
    page: Page, reporting: Reporting
) -> None:
    page.goto(f"{reporting.url}/en/sote")
    table = page.locator("table", has_text="Answers on feedback devices and smiley index")
    rows = [row.split("\t") for row in table.locator("tbody tr").all_inner_texts()]
    assert rows == [
        ["Dental clinics", "147,671", "89", "86,957", "89"],
        ["Emergency clinics", "17,595", "81", "14,076", "80"],
        ["Health stations", "120,725", "86", "132,308", "87"],
        ["Service centres", "10,938", "91", "32,591", "94"],
    ]
    table.get_by_role("link", name="Dental clinics").click()
    page.wait_for_url("**/en/hammashoitolat")
