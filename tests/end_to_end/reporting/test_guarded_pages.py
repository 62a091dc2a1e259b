import re

import httpx
from playwright.sync_api import Page

from support.fake_metrics_api import serving
from support.foreign_page import foreign_page
from support.reporting_browsing import DESK, EMBEDS, PUBLIC, sign_in
from support.reporting_service import Reporting

POLICY_BROKEN = re.compile("Content Security Policy", re.IGNORECASE)


def test_no_page_breaks_its_policy_or_asks_anybody_else(page: Page, reporting: Reporting) -> None:
    said: list[str] = []
    asked: set[str] = set()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(f"Content Security Policy? {error}"))
    page.on("request", lambda request: asked.add(request.url))
    sign_in(page, reporting, "aino")
    for path in (*PUBLIC, *EMBEDS, *DESK):
        page.goto(reporting.url + path)
        page.wait_for_load_state("networkidle")
        assert page.locator("[style], style, script:not([src]), [onclick]").count() == 0, path
    assert [one for one in said if POLICY_BROKEN.search(one)] == []
    assert {url for url in asked if not url.startswith(reporting.url)} == set()


def test_the_policy_is_strict_and_only_embeds_may_stand_in_frames(reporting: Reporting) -> None:
    for path in (*PUBLIC, *EMBEDS, "/desk/sign-in", "/v1/releases", "/static/kokemus.css"):
        headers = httpx.get(reporting.url + path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "nonce" not in policy
        frames = "*" if path.startswith("/embed/") else "'none'"
        assert f"frame-ancestors {frames}" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert "referrer-policy" in headers


def test_the_policy_would_stop_a_foreign_script(page: Page, reporting: Reporting) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"{reporting.url}/fi/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')")
    page.wait_for_function("true")
    assert any(POLICY_BROKEN.search(one) for one in said)


def test_the_figure_stands_on_a_plain_foreign_page_under_that_pages_strict_policy(
    page: Page, reporting: Reporting
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    with serving(foreign_page(reporting.url)) as url:
        page.goto(url)
        value = page.locator("kokemus-figure .value").first
        value.wait_for()
        assert value.inner_text() == "88"
        frame = page.frame_locator("iframe")
        assert frame.locator("h1").inner_text() == "Kallion terveysasema"
        assert frame.locator("[data-metric=happy_index] dd").inner_text() == "88"
    assert [one for one in said if POLICY_BROKEN.search(one)] == []


def test_page_frame_component_and_release_show_the_same_figures(
    page: Page, reporting: Reporting
) -> None:
    (release,) = [
        one
        for one in httpx.get(f"{reporting.url}/v1/releases").json()["releases"]
        if one["state"] == "published"
    ]
    content = httpx.get(release["url"]).json()
    newest = {
        one["metric"]: one["value"]
        for one in content["figures"]
        if one["entity"] == "kallio" and one["period"]["from"] == "2026-10-01"
    }
    assert len(newest) == 4
    page.goto(f"{reporting.url}/en/kallio")
    shown = {
        str(tile.get_attribute("data-metric")): tile.locator("dd").inner_text()
        for tile in page.locator(".tile").all()
    }
    last_row = page.locator("table").first.locator("tbody tr").last.inner_text().split("\t")
    page.goto(f"{reporting.url}/embed/en/kallio")
    framed = {
        str(tile.get_attribute("data-metric")): tile.locator("dd").inner_text()
        for tile in page.locator(".tile").all()
    }
    assert framed == shown
    for metric, value in newest.items():
        embedded = httpx.get(
            f"{reporting.url}/embed/data/en/kallio", params={"metric": metric}
        ).json()
        assert embedded["value"] == shown[metric]
        assert embedded["value"] in last_row
        assert int(re.sub(r"[,%]", "", shown[metric])) == value
