"""Figures on foreign pages while the service is away, and once a release is withdrawn."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, Route

from support.fake_metrics_api import serving
from support.foreign_page import Between, foreign_page
from support.reporting_browsing import violations
from support.reporting_service import Reporting

VALUE = "88"
GONE = "Luku ei ole saatavilla"
KEPT = """async () => {
    const cache = await caches.open('kokemus-embeds');
    const files = [...document.querySelectorAll('link[rel=stylesheet]')].map(one => one.href);
    const all = [location.href, ...files];
    const kept = async () => (await Promise.all(all.map(one => cache.match(one)))).every(Boolean);
    while (!(await kept())) await new Promise(requestAnimationFrame);
}"""
"""Ends once the browser has kept the page and its style."""
OLD = "Palveluun ei saada yhteyttä"


class Answers:
    """What the browser is told when it asks for figures: a status, 0 for no answer, None: truth."""

    def __init__(self, page: Page) -> None:
        self.status: int | None = None
        page.route("**/embed/data/**", self._answer)

    def _answer(self, route: Route) -> None:
        if self.status is None:
            route.continue_()
        elif self.status == 0:
            route.abort()
        else:
            route.fulfill(
                status=self.status, headers={"Access-Control-Allow-Origin": "*"}, body="{}"
            )


@pytest.fixture
def foreign(reporting: Reporting) -> Iterator[str]:
    """The address of somebody else's page."""
    with serving(foreign_page(reporting.url)) as url:
        yield url


@pytest.fixture
def between(reporting: Reporting) -> Iterator[tuple[Between, str]]:
    """Something that stands between the browser and the service, and its address."""
    proxy = Between(reporting.url)
    with serving(proxy.app()) as url:
        yield proxy, url


@pytest.mark.parametrize("away", [0, 503])
def test_the_component_keeps_its_figure_while_the_service_is_away_and_says_that_it_is_old(
    page: Page, foreign: str, away: int
) -> None:
    answers = Answers(page)
    figure = page.locator("kokemus-figure section").first
    page.goto(foreign)
    figure.wait_for()
    assert VALUE in figure.inner_text()
    assert OLD not in figure.inner_text()
    answers.status = away
    page.goto(foreign)
    figure.wait_for()
    assert VALUE in figure.inner_text()
    assert OLD in figure.inner_text()


def test_the_component_drops_a_withdrawn_figure_at_once_and_for_good(
    page: Page, foreign: str
) -> None:
    answers = Answers(page)
    figure = page.locator("kokemus-figure section").first
    for status, told in ((None, VALUE), (410, GONE), (0, GONE)):
        answers.status = status
        page.goto(foreign)
        figure.wait_for()
        assert told in figure.inner_text(), status


def test_a_page_that_stays_open_looks_again_and_forgets_after_a_day(
    page: Page, foreign: str
) -> None:
    answers = Answers(page)
    page.clock.install()
    page.goto(foreign)
    figure = page.locator("kokemus-figure section").first
    figure.get_by_text(VALUE, exact=True).wait_for()
    answers.status = 0
    page.clock.fast_forward("11:00")
    figure.get_by_text(OLD).wait_for()
    page.clock.fast_forward("23:00:00")
    assert VALUE in figure.inner_text()
    page.clock.fast_forward("01:00:00")
    figure.get_by_text(GONE).wait_for()


def test_an_open_page_drops_a_figure_that_is_withdrawn(page: Page, foreign: str) -> None:
    answers = Answers(page)
    page.clock.install()
    page.goto(foreign)
    figure = page.locator("kokemus-figure section").first
    figure.get_by_text(VALUE, exact=True).wait_for()
    answers.status = 410
    page.clock.fast_forward("11:00")
    figure.get_by_text(GONE).wait_for()


def test_looking_again_takes_nobodys_place_away(page: Page, foreign: str) -> None:
    page.clock.install()
    page.goto(foreign)
    page.locator("kokemus-figure section").first.wait_for()
    page.keyboard.press("Tab")
    focused = "document.activeElement.shadowRoot?.activeElement?.href ?? ''"
    assert page.evaluate(focused).endswith("/fi/kallio")
    with page.expect_response("**/embed/data/**"):
        page.clock.fast_forward("11:00")
    page.wait_for_load_state("networkidle")
    assert page.evaluate(focused).endswith("/fi/kallio")


def test_where_the_browser_keeps_nothing_the_component_still_shows_its_figure(
    page: Page, foreign: str
) -> None:
    page.add_init_script("Object.defineProperty(window, 'localStorage', {get() { throw 1; }})")
    answers = Answers(page)
    page.clock.install()
    page.goto(foreign)
    figure = page.locator("kokemus-figure section").first
    figure.get_by_text(VALUE, exact=True).wait_for()
    answers.status = 0
    page.clock.fast_forward("11:00")
    figure.get_by_text(OLD).wait_for()
    assert VALUE in figure.inner_text()


def test_axe_finds_nothing_in_the_component_whatever_it_shows(page: Page, foreign: str) -> None:
    answers = Answers(page)
    for status in (None, 0, 410):
        answers.status = status
        page.goto(foreign)
        page.locator("kokemus-figure section").first.wait_for()
        assert violations(page, "kokemus-figure") == [], status


def test_the_frame_keeps_its_page_while_the_service_is_away_and_drops_it_once_withdrawn(
    context: BrowserContext, between: tuple[Between, str]
) -> None:
    proxy, url = between
    page = context.new_page()
    with serving(foreign_page(url)) as foreign:
        page.goto(foreign)
        frame = page.frame_locator("iframe")
        frame.locator("h1", has_text="Kallion terveysasema").wait_for()
        assert not frame.locator(".old").is_visible()
        page.frames[1].evaluate(KEPT)
        proxy.status = 503
        page.goto(foreign)
        frame.locator("h1", has_text="Kallion terveysasema").wait_for()
        frame.get_by_text(OLD).wait_for()
        assert frame.locator("body").evaluate("e => getComputedStyle(e).margin") == "0px"
        proxy.status = 410
        page.goto(foreign)
        frame.locator("h1", has_text="410").wait_for()
        proxy.status = 503
        page.goto(foreign)
        frame.locator("h1", has_text="503").wait_for()


def test_the_frame_forgets_its_page_after_a_day(
    context: BrowserContext, between: tuple[Between, str]
) -> None:
    proxy, url = between
    page = context.new_page()
    address = f"{url}/embed/fi/kallio"
    page.goto(address)
    page.evaluate(KEPT)
    page.evaluate(
        """async () => {
            const cache = await caches.open('kokemus-embeds');
            const found = await cache.match(location.href);
            const headers = new Headers(found.headers);
            headers.set('Kokemus-Kept-At', Date.now() - 24 * 60 * 60 * 1000 - 1);
            await cache.put(location.href, new Response(await found.blob(), { headers }));
        }"""
    )
    proxy.status = 503
    page.goto(address)
    assert page.locator("h1").inner_text() == "503"


def test_a_frame_that_stays_open_says_that_it_is_old_and_goes_after_a_day(
    context: BrowserContext, between: tuple[Between, str]
) -> None:
    proxy, url = between
    page = context.new_page()
    page.clock.install()
    page.goto(f"{url}/embed/fi/kallio")
    page.locator(".tile").first.wait_for()
    proxy.status = 503
    page.clock.fast_forward("11:00")
    page.locator(".old").wait_for()
    assert page.locator(".tile").first.is_visible()
    page.clock.fast_forward("24:00:00")
    page.locator(".tile").first.wait_for(state="detached")
    assert page.locator("h1").inner_text() == "Kallion terveysasema"


def test_the_frame_is_made_as_tall_as_its_content(page: Page, foreign: str) -> None:
    page.goto(foreign)
    inside = page.frame_locator("iframe")
    inside.locator(".tile").first.wait_for()
    frame = page.locator("iframe").element_handle()

    def fits() -> None:
        tall = inside.locator("body").evaluate("e => e.scrollHeight")
        page.wait_for_function(
            "([one, tall]) => Math.abs(one.clientHeight - tall) < 40", arg=[frame, tall]
        )

    fits()
    inside.locator("summary").press("Enter")
    inside.locator("table").wait_for()
    fits()


def test_what_is_not_there_is_said_in_the_frame_without_the_sites_own_navigation(
    page: Page, reporting: Reporting
) -> None:
    answer = page.goto(f"{reporting.url}/embed/sv/ei-ole")
    assert answer is not None
    assert answer.status == 404
    assert page.locator("nav").count() == 0
    assert violations(page) == []
