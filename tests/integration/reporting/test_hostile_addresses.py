"""Whatever stands in an address or a form, the answer is never a fault of the service."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from kokemus.telemetry import Meters
from reporting.app import build
from reporting.settings import ReportingSettings
from support.reporting_service import PASSWORDS, Reporting, enter

HOSTILE = (
    "%00", "a%00b", "%01", "%0d%0aX-A:%20b", "%ff%fe", "%ed%a0%80", "99999999999999999999", "-1",
    "2147483648", "..%2f..%2fetc", "%25s%25(x)s{}", "%22%3E%3Cb%3E" * 30,
)  # fmt: skip
"""Percent-encoded; each stands in for every part of an address in turn."""
GOOD = {
    "year": "2026", "kind": "game", "entity": "sote", "number": "1", "step": "approve",
    "id": "1", "name": "kokemus.css", "meter": "participation", "release": "latest",
    "dataset": "experience", "file": "experience.csv", "token": "none",
}  # fmt: skip
FIELDS = (
    "q", "lang", "entity", "metric", "from", "to", "year", "kind", "page", "before", "done", "next",
    "limit", "version", "do", "user", "reason", "opens", "due", "id", "step", "password",
)  # fmt: skip
"""Names that some query or form has."""


@pytest.fixture(scope="module")
def routes(published: Reporting) -> list[tuple[str, str]]:
    """Every method and path template that the service serves."""
    names = {name.lower(): value for name, value in published.environment.items()}
    given = {
        name.removeprefix("kokemus_"): value
        for name, value in names.items()
        if name.startswith("kokemus_")
    }
    app = build(ReportingSettings.model_validate(given), Meters())
    return [
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route | APIRoute)
        for method in sorted((route.methods or set()) & {"GET", "POST"})
        if route.path != "/desk/sign-out"
    ]


@contextmanager
def signed_in(published: Reporting, user: str) -> Iterator[httpx.Client]:
    """A client of somebody's own, with the token of its forms."""
    with httpx.Client(base_url=published.url, timeout=30) as opened:
        opened.headers["X-Token"] = enter(opened, user, PASSWORDS[user])
        yield opened


@pytest.fixture(scope="module", params=["ilona", "sanna"])
def client(request: pytest.FixtureRequest, published: Reporting) -> Iterator[httpx.Client]:
    """Somebody who is signed in: together, roles that open every door; a round is open."""
    with signed_in(published, request.param) as opened:
        opened.post(
            "/desk/returns",
            data={
                "token": opened.headers["X-Token"],
                "year": "2026",
                "opens": "2026-01-01",
                "due": "2026-11-20",
            },
        )
        yield opened


def addresses(template: str, hostile: str) -> Iterator[str]:
    """The template with the hostile value at one place, and good ones at the others."""
    places = re.findall(r"{(\w+)(?::\w+)?}", template)
    for chosen in places:
        yield re.sub(
            r"{(\w+)(?::\w+)?}",
            lambda found: hostile if found[1] == chosen else GOOD[found[1]],  # noqa: B023
            template,
        )
    if not places:
        yield template


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda value: value[:12])
def test_no_address_is_a_fault_of_the_service(
    client: httpx.Client, routes: list[tuple[str, str]], hostile: str
) -> None:
    assert len(routes) > 30
    query = "&".join(f"{name}={hostile}" for name in FIELDS)
    answers = [
        (path, client.get(f"{path}{more}").status_code)
        for method, template in routes
        if method == "GET"
        for path in addresses(template, hostile)
        for more in ("", f"?{query}")
    ]
    assert [one for one in answers if one[1] >= 500] == []


def test_an_address_with_a_control_character_is_no_address(published: Reporting) -> None:
    assert httpx.get(f"{published.url}/fi/%00").status_code == 404
    assert httpx.get(f"{published.url}/fi/?q=%00").status_code == 422
    assert httpx.get(f"{published.url}/fi/?q=a%09b").status_code == 200


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda value: value[:12])
def test_no_form_is_a_fault_of_the_service(
    client: httpx.Client, routes: list[tuple[str, str]], hostile: str
) -> None:
    token = client.headers["X-Token"]
    names = [*FIELDS, "metric", "channel", "value", "count.asiakaskokemus.kannattaa_kokeilla"]
    filled_in = "&".join(f"{name}={hostile}" for name in names if name != "password")
    for body in (filled_in, f"{filled_in}&do=submit&version=0"):
        answers = [
            (
                path,
                client.post(
                    path,
                    content=f"token={token}&{body}",
                    headers={"Content-Type": "application/x-www-form-urlencoded"},
                ).status_code,
            )
            for method, template in routes
            if method == "POST" and template != "/desk/sign-in"
            for path in addresses(template, hostile)
        ]
        assert [one for one in answers if one[1] >= 500] == []


def test_a_reason_about_a_person_is_refused_and_not_said_again(published: Reporting) -> None:
    reason = "kysy: keksitty@example.invalid"
    with signed_in(published, "aino") as client:
        form = {"token": client.headers["X-Token"], "reason": reason}
        answer = client.post("/desk/releases/none/withdraw", data=form)
    assert answer.status_code == 422
    assert "keksitty" not in answer.text
