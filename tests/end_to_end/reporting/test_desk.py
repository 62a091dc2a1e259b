from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Browser, Page

from support.fake_metrics_api import FakeMetricsApi
from support.reporting_browsing import sign_in
from support.reporting_service import PASSWORDS, Reporting

Visitors = Callable[[], httpx.Client]


@pytest.fixture
def visitors(reporting: Reporting) -> Iterator[Visitors]:
    """Makes browsers without a screen, each with cookies of its own."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(httpx.Client(base_url=reporting.url))


@pytest.fixture
def client(visitors: Visitors) -> httpx.Client:
    return visitors()


def token(page: str) -> str:
    return page.partition('name="token" value="')[2].partition('"')[0]


def enter(client: httpx.Client, user: str) -> httpx.Client:
    form = client.get("/desk/sign-in").text
    values = {"token": token(form), "user": user, "password": PASSWORDS[user], "next": "/desk"}
    answer = client.post("/desk/sign-in", data=values)
    assert answer.status_code == 303, answer.text
    return client


def draft(client: httpx.Client, last: str) -> str:
    """The address of a new draft."""
    values = {
        "token": token(client.get("/desk/releases").text),
        "first": "2016-01-01",
        "last": last,
    }
    answer = client.post("/desk/releases", data=values)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_whoever_is_signed_out_sees_the_sign_in_only(client: httpx.Client) -> None:
    for path in ("/desk", "/desk/releases", "/desk/freshness", "/desk/audit", "/desk/releases/x"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (
            303,
            f"/desk/sign-in?next={path}",
        )
    assert client.post("/desk/releases", data={}).status_code == 303


def test_the_desk_follows_the_live_figures_and_says_that_they_are_live(
    signed_in: Page, reporting: Reporting, metrics_api: FakeMetricsApi
) -> None:
    signed_in.goto(f"{reporting.url}/desk?entity=terveysasemat")
    told = signed_in.locator(".live").inner_text()
    assert "Reaaliaikaiset luvut Ei julkaistavaksi." in told
    assert "Kaikki saapunut on laskettu." in told
    row = signed_in.locator("table").first.locator("tr", has_text="Hymiöindeksi")
    assert "83" in row.inner_text()
    assert "+2, parempi" in row.inner_text()
    before = metrics_api.figures
    metrics_api.figures = [
        one | {"rounded": 71} if one["period"]["grain"] == "total" else one for one in before
    ]
    try:
        signed_in.reload()
        assert "71" in row.inner_text()
    finally:
        metrics_api.figures = before


def test_the_page_says_when_there_are_new_figures_and_moves_nothing(
    signed_in: Page, metrics_api: FakeMetricsApi
) -> None:
    link = signed_in.locator("#fresh")
    assert not link.is_visible()
    before, metrics_api.as_of = metrics_api.as_of, "2026-11-22T11:00:00+02:00"
    try:
        signed_in.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        link.wait_for()
        assert link.inner_text() == "Uusia lukuja: päivitä sivu"
    finally:
        metrics_api.as_of = before


def test_the_desk_works_without_javascript(browser: Browser, reporting: Reporting) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, reporting, "reeta")
    below = page.get_by_role("navigation", name="Tähän kuuluvat")
    below.get_by_role("link", name="Sosiaali- ja terveystoimiala").click()
    page.locator("h1", has_text="Sosiaali- ja terveystoimiala").wait_for()
    page.get_by_role("link", name="Ajantasaisuus").click()
    page.locator("code", has_text="device.vendor.77").wait_for()
    page.get_by_role("button", name="Kirjaudu ulos").click()
    page.wait_for_url("**/desk/sign-in")
    context.close()


def test_metrics_being_away_is_said(client: httpx.Client, metrics_api: FakeMetricsApi) -> None:
    enter(client, "reeta")
    metrics_api.away = True
    try:
        answer = client.get("/desk")
    finally:
        metrics_api.away = False
    assert answer.status_code == 503
    assert "Luvut eivät ole nyt saatavilla" in answer.text


def test_a_release_takes_two_people(reporting: Reporting, visitors: Visitors) -> None:
    aino = enter(visitors(), "aino")
    eero = enter(visitors(), "eero")
    address = draft(aino, "2026-12-31")
    own = aino.get(address).text
    assert "Teit tämän luonnoksen itse." in own
    assert "/approve" not in own
    refused = aino.post(f"{address}/approve", data={"token": token(own)})
    assert refused.status_code == 409
    assert "Omaa luonnostaan ei voi hyväksyä" in refused.text

    form = {"token": token(eero.get(address).text)}
    assert eero.post(f"{address}/publish", data=form).status_code == 409
    assert eero.post(f"{address}/approve", data=form).status_code == 303
    assert aino.post(f"{address}/publish", data={"token": token(own)}).status_code == 303
    reporting.await_release(address.rpartition("/")[2])
    log = eero.get("/desk/audit").text
    for action in ("release.drafted", "release.approved", "release.published", "own_draft"):
        assert action in log


def test_a_reader_may_neither_draft_nor_approve_nor_read_the_log(visitors: Visitors) -> None:
    reeta = enter(visitors(), "reeta")
    aino = enter(visitors(), "aino")
    address = draft(aino, "2027-01-31")
    form = {"token": token(reeta.get("/desk/releases").text)}
    dates = {"first": "2016-01-01", "last": "2026-07-31"}
    assert reeta.post("/desk/releases", data=form | dates).status_code == 403
    assert reeta.post(f"{address}/approve", data=form).status_code == 403
    assert reeta.get(address).status_code == 403
    assert reeta.get("/desk/audit").status_code == 403


def test_a_form_without_its_token_or_with_anothers_changes_nothing(visitors: Visitors) -> None:
    aino = enter(visitors(), "aino")
    eero = enter(visitors(), "eero")
    address = draft(aino, "2027-02-28")
    for stolen in ({}, {"token": ""}, {"token": token(aino.get("/desk").text)}):
        assert eero.post(f"{address}/approve", data=stolen).status_code == 403
    assert eero.post("/desk/sign-out", data={}).status_code == 403
    assert eero.get("/desk").status_code == 200


def test_signing_in_needs_the_form_of_ones_own_browser(visitors: Visitors) -> None:
    foreign = token(visitors().get("/desk/sign-in").text)
    client = visitors()
    values = {"token": foreign, "user": "reeta", "password": PASSWORDS["reeta"]}
    assert client.post("/desk/sign-in", data=values).status_code == 403
    client.get("/desk/sign-in")
    assert client.post("/desk/sign-in", data=values).status_code == 403


def test_a_session_that_was_ended_opens_nothing_any_more(client: httpx.Client) -> None:
    enter(client, "reeta")
    cookie = client.cookies["kokemus_session"]
    client.post("/desk/sign-out", data={"token": token(client.get("/desk").text)})
    replayed = httpx.get(f"{client.base_url}/desk", headers={"Cookie": f"kokemus_session={cookie}"})
    assert replayed.status_code == 303


def test_a_forged_cookie_opens_nothing(client: httpx.Client) -> None:
    enter(client, "reeta")
    header, payload, signature = client.cookies["kokemus_session"].split(".")
    for forged in (f"{header}.{payload}.", f"{header}.{payload}.{signature[::-1]}", "x.y.z"):
        answer = httpx.get(
            f"{client.base_url}/desk", headers={"Cookie": f"kokemus_session={forged}"}
        )
        assert answer.status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(client: httpx.Client) -> None:
    given = client.get("/desk/sign-in").headers["set-cookie"].lower()
    assert "httponly" in given
    assert "samesite=lax" in given
    assert "path=/desk" in given


def test_desk_pages_are_kept_by_no_cache(client: httpx.Client) -> None:
    enter(client, "reeta")
    for path in ("/desk", "/desk/freshness", "/desk/version", "/desk/releases"):
        assert client.get(path).headers["cache-control"] == "no-store"


def test_signing_in_never_leads_to_another_site(client: httpx.Client) -> None:
    form = client.get("/desk/sign-in", params={"next": "https://evil.example"}).text
    assert "evil" not in form
    values = {"token": token(form), "user": "reeta", "password": PASSWORDS["reeta"]}
    answer = client.post("/desk/sign-in", data=values | {"next": "//evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/desk")


def test_the_desk_speaks_the_language_that_one_chose(client: httpx.Client) -> None:
    enter(client, "reeta")
    assert "Live figures" in client.get("/desk", params={"lang": "en"}).text
    assert "Live figures" in client.get("/desk").text
    assert "Siffror i realtid" in client.get("/desk", params={"lang": "sv"}).text


def test_five_wrong_passwords_make_even_the_right_one_wait(client: httpx.Client) -> None:
    form = token(client.get("/desk/sign-in").text)
    wrong = {"token": form, "user": "ville", "password": "väärä"}
    statuses = [client.post("/desk/sign-in", data=wrong).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]
    right = client.post("/desk/sign-in", data=wrong | {"password": PASSWORDS["ville"]})
    assert right.status_code == 429
    assert int(right.headers["retry-after"]) > 0


def test_wrong_passwords_sent_at_once_are_no_more_than_five(client: httpx.Client) -> None:
    form = token(client.get("/desk/sign-in").text)
    wrong = {"token": form, "user": "nobody", "password": "väärä"}

    def guess(_number: int) -> int:
        return client.post("/desk/sign-in", data=wrong).status_code

    with ThreadPoolExecutor(12) as threads:
        statuses = sorted(threads.map(guess, range(12)))
    assert statuses == [401] * 5 + [429] * 7
