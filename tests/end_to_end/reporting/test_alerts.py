"""Alerts and the end of mail, as people meet them in a browser."""

from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser

from reporting.domain.sessions import Signer
from support.reporting_browsing import sign_in, too_wide, violations
from support.reporting_service import Reporting

ALERTS = """
INSERT INTO alert (rule, signal, "limit", entity, channel, scale, day, value, n, opened_at,
                   cleared_at, acknowledged_by, acknowledged_at, comment)
VALUES ('negatives-40', 'negatives', 40, 'kallio', 'kiosk', 'smiley4', '2026-11-22', 46, 212,
        '2026-11-22 09:00Z', NULL, NULL, NULL, NULL),
       ('silence-4', 'silence', 4, 'aaninen', 'kiosk', '', '2026-11-21', 4, 90,
        '2026-11-21 09:00Z', NULL, 'sanna', '2026-11-21 10:00Z', 'Laite on huollossa.'),
       ('overdue-1', 'overdue', 1, 'terveys', 'web_feedback', '', '2026-11-20', 2, NULL,
        '2026-11-20 09:00Z', '2026-11-21 09:00Z', NULL, NULL, NULL)
"""


@pytest.fixture(params=[(320, "light"), (320, "dark"), (1280, "light")], ids=str)
def look(request: pytest.FixtureRequest) -> tuple[int, str]:
    found: tuple[int, str] = request.param
    return found


def ring(reporting: Reporting) -> None:
    """Makes one new alert, one that is acknowledged, and one that has cleared."""
    address = reporting.environment["KOKEMUS_DATABASE_URL"].replace("+psycopg", "")
    with psycopg.connect(address) as connection:
        connection.execute("DELETE FROM alert")
        connection.execute(ALERTS)


def test_alerts_are_read_and_acknowledged_without_scripts(
    browser: Browser, reporting: Reporting, look: tuple[int, str]
) -> None:
    ring(reporting)
    width, scheme = look
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=False,
    )
    page = context.new_page()
    sign_in(page, reporting, "sanna")
    page.goto(f"{reporting.url}/desk/alerts")
    assert "2 hälytystä on auki." in page.locator(".lead").inner_text()
    assert "Vastaamatta yli määräajan: <\N{NO-BREAK SPACE}3." in page.locator("main").inner_text()
    page.get_by_label("Kommentti").fill("Jono on purettu.")
    page.get_by_role("button", name="Kuittaa: Kallion terveysasema").click()
    main = page.locator("main").inner_text()
    assert "Jono on purettu." in main
    assert "Kuitannut Sanna" in main
    assert page.get_by_role("button", name="Kuittaa").count() == 0
    context.close()


def test_axe_finds_nothing_on_alerts_or_on_the_end_of_mail(
    browser: Browser, reporting: Reporting, look: tuple[int, str]
) -> None:
    ring(reporting)
    width, scheme = look
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page = context.new_page()
    secret = Path(reporting.environment["KOKEMUS_SESSION_KEY_FILE"]).read_bytes().strip()
    token = Signer(secret).stop_token("reeta", "weekly")
    found = {}
    sign_in(page, reporting, "sanna")
    for path in ("/desk/alerts", f"/unsubscribe/{token}", "/unsubscribe/x"):
        page.goto(reporting.url + path)
        found[path] = [*violations(page), *(["too wide"] if too_wide(page) > 0 else [])]
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
    page.goto(f"{reporting.url}/unsubscribe/{token}")
    page.get_by_role("button", name="Peru viestit").click()
    assert "Viestit on peruttu" in page.locator("h1").inner_text()
    context.close()
