"""Who gets in where: every route has its row here, and each row is held against the service."""

import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route

from kokemus.telemetry import Meters
from reporting.app import build
from reporting.settings import ReportingSettings
from support.reporting_service import PASSWORDS, Reporting, enter

PUBLIC: Final = None
"""Whoever asks."""
OPEN_FORM: Final = "open form"
"""A form that no sign-in guards; a token in its address or in the form does."""
EVERYBODY: Final = frozenset(PASSWORDS)
"""Whoever is signed in; what they may do there hangs on what it is about."""
APPROVERS: Final = frozenset({"aino", "eero"})
ADMINISTRATORS: Final = frozenset({"ilona"})
HOUSE: Final = APPROVERS | ADMINISTRATORS
FORM: Final = "/desk/returns/{year:int}/{kind}/{entity}/{number:int}"
ROUND: Final = "/desk/rounds/{year:int}"
STATEMENTS: Final = ("/fi/saavutettavuus", "/sv/tillganglighet", "/en/accessibility")
LANGUAGES: Final = ("fi", "sv", "en")
Who = frozenset[str] | str | None

TABLE: Final[Mapping[tuple[str, str], Who]] = {
    **{
        ("GET", path): PUBLIC
        for path in (
            "/health/live", "/health/ready", "/asyncapi.json", "/openapi.json",
            "/v1/releases", "/v1/releases/{release_id}", "/", "/robots.txt", "/sitemap.xml",
            "/static/{name}", "/embed/kokemus.js", "/embed/worker.js", "/unsubscribe/{token}",
            *(f"/print/{one}/{{entity:path}}.pdf" for one in (*LANGUAGES, "fi-sv")),
            *(f"/print/committee-{one}/{{entity:path}}.pdf" for one in LANGUAGES),
            *(f"/embed/{one}/{{entity:path}}" for one in LANGUAGES),
            *(f"/embed/data/{one}/{{entity:path}}" for one in LANGUAGES),
            *(f"/{one}" for one in LANGUAGES),
            *(f"/{one}/" for one in LANGUAGES),
            *(f"/{one}/{{entity:path}}" for one in LANGUAGES),
            *STATEMENTS,
            "/open-data", "/open-data/", "/open-data/{dataset}", "/open-data/{release}/{file}",
            *(f"/open-data/{one}" for one in LANGUAGES),
            "/desk/sign-in",
            "/desk/embed",  # a frame in which only those who are signed in see figures
        )
    },
    ("POST", "/unsubscribe/{token}"): OPEN_FORM,
    ("POST", "/desk/sign-in"): OPEN_FORM,
    ("POST", "/desk/sign-out"): EVERYBODY,
    **{
        ("GET", path): EVERYBODY
        for path in (
            "/desk", "/desk/figures.csv", "/desk/version", "/desk/freshness", "/desk/releases",
            "/desk/alerts", "/desk/months", "/desk/voices", "/desk/participation", "/desk/drivers",
            "/desk/weeks",
            "/desk/notes", "/desk/embeds", "/desk/returns", "/desk/returns/new",
            "/desk/returns/table", "/desk/returns/template/{kind}.xlsx", FORM, "/v1/rounds",
        )
    },
    **{
        ("POST", path): EVERYBODY
        for path in (
            "/desk/alerts/{id:int}", "/desk/notes", "/desk/notes/{id:int}/remove",
            "/desk/embeds", "/desk/embeds/{id:int}/remove", "/desk/returns/table",
            FORM, f"{FORM}/delegate", f"{FORM}/{{step}}",
        )
    },
    ("POST", "/desk/returns"): ADMINISTRATORS,
    ("POST", "/desk/releases"): HOUSE,
    ("GET", "/desk/releases/{id}"): HOUSE,
    ("POST", "/desk/releases/{id}/{step}"): APPROVERS,
    ("GET", "/desk/audit"): HOUSE,
    ("GET", "/desk/audit.csv"): HOUSE,
    ("GET", "/desk/rounds"): EVERYBODY,
    ("GET", ROUND): EVERYBODY,
    ("GET", f"{ROUND}/{{name}}"): EVERYBODY,
    ("GET", f"{ROUND}/drafts/{{release}}/{{name}}"): HOUSE,
    ("POST", f"{ROUND}/draft"): HOUSE,
    ("POST", f"{ROUND}/days"): ADMINISTRATORS,
    ("POST", f"{ROUND}/steps"): ADMINISTRATORS,
    ("GET", f"{ROUND}/meters/{{meter}}"): ADMINISTRATORS,
    ("POST", f"{ROUND}/meters/{{meter}}"): ADMINISTRATORS,
}  # fmt: skip
"""Who passes the door of each method and path."""

EVIL: Final = "evil.example.invalid"
POISON: Final = {
    "X-Forwarded-Host": EVIL, "X-Forwarded-Proto": "javascript", "X-Forwarded-Prefix": f"/{EVIL}",
    "X-Original-URL": "/desk/audit", "X-Rewrite-URL": "/desk/audit", "X-Forwarded-For": EVIL,
    "Forwarded": f"host={EVIL};proto=https", "X-HTTP-Method-Override": "POST", "Origin": EVIL,
    "X-Host": EVIL, "Referer": f"https://{EVIL}/",
}  # fmt: skip
"""What caches do not keep pages apart by."""
TRICKS: Final = (
    "/desk/./audit", "//desk/audit", "/fi/../desk/audit", "/embed/../desk/audit", "/desk%2faudit",
    "/DESK/audit", "/desk/audit/", "/desk/audit%00", "/desk/audit%20", "/desk;x=1/audit",
    "/desk/audit;x=1", "/desk\\audit", "/desk/%61udit", "/%64esk/audit", "/desk/audit?lang=fi",
    "/fi/..%2fdesk%2faudit", "/embed/fi/..%2f..%2fdesk%2faudit", "/desk/%c0%ae%c0%ae/desk/audit",
    "/desk/audit/..", "/static/..%2f..%2fsettings.py", "/static/../settings.py", "/desk/audit%2f",
    f"/fi/{'a' * 20_000}", "/desk/audit#x", "http://desk/desk/audit", "/print/fi/..%2fdesk.pdf",
)  # fmt: skip
GOOD: Final = {
    "year": "2026", "kind": "game", "entity": "sote", "number": "1", "step": "approve", "id": "1",
    "name": "kokemus.css", "token": "x.y", "release_id": "none",
    "release": "none", "dataset": "none", "file": "none", "meter": "1",
}  # fmt: skip


@pytest.fixture(scope="module")
def clients(published: Reporting) -> Iterator[Mapping[str, httpx.Client]]:
    """Everybody, signed in, by user; each with the token of their forms. A round is open."""
    with ExitStack() as stack:
        found = {}
        for user, password in PASSWORDS.items():
            client = stack.enter_context(httpx.Client(base_url=published.url, timeout=30))
            client.headers["X-Token"] = enter(client, user, password)
            found[user] = client
        found["ilona"].post(
            "/desk/returns",
            data={"token": found["ilona"].headers["X-Token"], "year": "2026",
                  "opens": "2026-01-01", "due": "2026-11-20"},
        )  # fmt: skip
        yield found


@pytest.fixture
def stranger(published: Reporting) -> Iterator[httpx.Client]:
    """Somebody who is signed out."""
    with httpx.Client(base_url=published.url, timeout=30) as client:
        yield client


def address(template: str) -> str:
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: GOOD[found[1]], template)


def rows(method: str, *, private: bool) -> list[str]:
    return [
        path
        for (one, path), who in TABLE.items()
        if one == method and isinstance(who, frozenset) == private
    ]


def raw(url: str, target: str, cookie: str = "") -> bytes:
    """The answer to a request whose target goes out exactly as it stands."""
    parts = httpx.URL(url)
    with socket.create_connection((parts.host, parts.port or 80), timeout=10) as opened:
        head = f"GET {target} HTTP/1.1\r\nHost: desk\r\nConnection: close\r\nCookie: {cookie}\r\n"
        opened.sendall(f"{head}\r\n".encode())
        return b"".join(iter(lambda: opened.recv(65536), b""))


def test_every_route_has_its_row(tmp_path: Path) -> None:
    (tmp_path / "people.json").write_text("[]")
    (tmp_path / "key").write_text("k" * 32)
    settings = ReportingSettings.model_validate(
        {
            "kafka_bootstrap": "127.0.0.1:1",
            "database_url": "postgresql+psycopg://nobody@127.0.0.1:1/none",
            "metrics_url": "http://127.0.0.1:1",
            "metrics_key_file": tmp_path / "key",
            "feedback_url": "http://127.0.0.1:1",
            "feedback_key_file": tmp_path / "key",
            "people_file": tmp_path / "people.json",
            "session_key_file": tmp_path / "key",
            "public_base_url": "http://127.0.0.1:1",
        }
    )
    app = build(settings, Meters())
    served = {
        (method, route.path)
        for route in app.routes
        if isinstance(route, Route | APIRoute)
        for method in (route.methods or {"GET"}) - {"HEAD"}
    }
    assert served - TABLE.keys() == set(), sorted(served - TABLE.keys())
    assert TABLE.keys() - served == set(), "rows without a route"


def test_whoever_is_signed_out_gets_nothing_but_the_way_to_sign_in(published: Reporting) -> None:
    for method in ("GET", "HEAD", "POST"):
        for template in rows("GET" if method == "HEAD" else method, private=True):
            answer = httpx.request(method, published.url + address(template))
            if template == "/v1/rounds":
                assert answer.status_code in (401, 405), method
            else:
                assert answer.status_code == 303, (method, template)
                assert answer.headers["location"].startswith("/desk/sign-in?next=/desk")
                assert answer.content == b""
    frame = httpx.get(f"{published.url}/desk/embed").text
    assert re.search(r"<(?:td|dd|svg|li)\b", frame) is None


def test_a_forged_cookie_is_as_good_as_none(
    published: Reporting, clients: Mapping[str, httpx.Client]
) -> None:
    good = clients["ilona"].cookies.get("kokemus_session", path="/desk") or ""
    head, payload, mark = good.split(".")
    forged = (
        f"{head}.{payload}.",
        f"{head}.{payload}.{mark[:-4]}AAAA",
        f"eyJhbGciOiJub25lIn0.{payload}.",
        f"{head}.{mark}.{payload}",
        good[:-1],
    )
    for cookie in forged:
        headers = {"Cookie": f"kokemus_session={cookie}"}
        assert httpx.get(f"{published.url}/desk/audit", headers=headers).status_code == 303


def test_a_wrong_role_is_turned_away_and_a_right_one_is_not(
    clients: Mapping[str, httpx.Client],
) -> None:
    for (method, template), who in TABLE.items():
        if not isinstance(who, frozenset) or who == EVERYBODY:
            continue
        for user, client in clients.items():
            form = {"token": client.headers["X-Token"]} if method == "POST" else None
            status = client.request(method, address(template), data=form).status_code
            assert (status == 403) == (user not in who), (method, template, user, status)


def test_another_divisions_contact_and_head_reach_nothing_of_a_division(
    clients: Mapping[str, httpx.Client],
) -> None:
    client = clients["kaisa"]
    form = {
        "token": client.headers["X-Token"], "entity": "sote", "user": "kaisa", "version": "0",
        "kind": "done", "text_fi": "x", "do": "submit",
    }  # fmt: skip
    other = address(FORM).replace("sote", "terveys")
    assert clients["sanna"].get(other).status_code == 200
    assert client.get(other).status_code in (403, 404)
    for path in (other, f"{other}/delegate", f"{other}/approve", f"{other}/reopen", "/desk/notes"):
        assert client.post(path, data=form).status_code in (403, 404), path
    rounds = client.get("/v1/rounds").json()["rounds"]
    assert [one for round_ in rounds for one in round_["divisions"]] == []
    rounds = clients["sanna"].get("/v1/rounds").json()["rounds"]
    assert {one["division"] for round_ in rounds for one in round_["divisions"]} == {"sote"}


def test_no_form_is_taken_from_another_page(clients: Mapping[str, httpx.Client]) -> None:
    foreign = clients["reeta"].headers["X-Token"]
    for (method, template), who in TABLE.items():
        if method != "POST" or not isinstance(who, frozenset):
            continue
        client = clients[min(who)]
        for form in ({}, {"token": ""}, {"token": "x"}, {"token": foreign}):
            if foreign == client.headers["X-Token"] and form.get("token") == foreign:
                continue
            sent = {"files": {"file": b"x"}} if template == "/desk/returns/table" else {}
            status = client.post(address(template), data=form, **sent).status_code  # type: ignore[arg-type]  # httpx's files
            assert status == 403, (template, form)
            answer = client.request("GET", address(template), params=form)
            assert answer.status_code != 201
    assert clients["reeta"].get("/desk").status_code == 200


def test_whoever_signs_in_leaves_the_session_behind_that_their_browser_came_with(
    published: Reporting,
) -> None:
    with httpx.Client(base_url=published.url) as thief, httpx.Client(base_url=published.url) as own:
        for planted in ("anonymous", "the thief's"):
            if planted != "anonymous":
                enter(thief, "ville", PASSWORDS["ville"])
            thief.get("/desk/sign-in")
            cookie = thief.cookies.get("kokemus_session", path="/desk") or ""
            own.cookies.clear()
            own.cookies.set("kokemus_session", cookie, domain="127.0.0.1", path="/desk")
            enter(own, "ilona", PASSWORDS["ilona"])
            assert own.get("/desk/audit").status_code == 200
            assert own.cookies.get("kokemus_session", path="/desk") != cookie
            assert thief.get("/desk/audit").status_code in (303, 403), planted


def test_a_release_that_waits_is_named_to_who_works_on_it_alone(
    published: Reporting, clients: Mapping[str, httpx.Client]
) -> None:
    span = ("--from", "2016-01-01", "--to", "2031-01-31")
    draft = published.run("release", "draft", "--by", "somebody", *span)
    for user, client in clients.items():
        assert (draft in client.get("/desk/releases").text) == (user in HOUSE), user


def test_the_open_forms_need_their_own_tokens(published: Reporting) -> None:
    form = {"user": "ilona", "password": PASSWORDS["ilona"], "token": "x"}
    assert httpx.post(f"{published.url}/desk/sign-in", data=form).status_code == 403
    assert httpx.post(f"{published.url}/unsubscribe/x.y").status_code == 404


def test_nothing_leads_to_another_site(
    stranger: httpx.Client, clients: Mapping[str, httpx.Client]
) -> None:
    onward = dict.fromkeys(("next", "lang", "q", "entity", "back", "url"), f"//{EVIL}")
    for method, template in TABLE:
        for client in (stranger, clients["ilona"]):
            if template == "/desk/sign-out":
                continue
            form = {**onward, "token": client.headers.get("X-Token", "")}
            answer = client.request(
                method,
                address(template),
                params=onward,
                data=form if method == "POST" else None,
                headers={**POISON, "Host": EVIL},
            )
            location = answer.headers.get("location", "/")
            assert re.match(r"/(?![/\\])", location), (method, template, location)
            assert EVIL not in location.partition("?")[0]


@pytest.mark.parametrize("onward", ["/\\" + EVIL, f"https://{EVIL}", f"/desk/..//{EVIL}", "/fi/"])
def test_after_signing_in_one_stays_on_the_desk(published: Reporting, onward: str) -> None:
    with httpx.Client(base_url=published.url) as client:
        page = client.get("/desk/sign-in").text
        token = re.search(r'name="token" value="([^"]+)"', page)
        assert token is not None
        form = {"user": "reeta", "password": PASSWORDS["reeta"], "next": onward, "token": token[1]}
        answer = client.post("/desk/sign-in", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk")


def test_no_cache_can_be_made_to_keep_what_somebody_sent_it(
    published: Reporting, clients: Mapping[str, httpx.Client]
) -> None:
    asked = 0
    for template in rows("GET", private=False):
        for path in (address(template), address(template).replace("sote", "kallio")):
            plain = httpx.get(published.url + path)
            answer = clients["ilona"].get(path, headers={**POISON, "Host": EVIL})
            if "public" not in plain.headers.get("cache-control", ""):
                continue
            asked += 1
            assert answer.content == plain.content, path
            assert answer.status_code == plain.status_code
            assert EVIL not in answer.text
            assert EVIL not in str(answer.headers)
            assert "set-cookie" not in answer.headers, path
            more = httpx.get(published.url + path, params={"lang": "sv", "utm": EVIL})
            assert more.content == plain.content, path
    assert asked > 20


def test_what_is_for_one_person_is_kept_by_no_cache(clients: Mapping[str, httpx.Client]) -> None:
    for template in (*rows("GET", private=True), "/desk/sign-in", "/unsubscribe/{token}"):
        answer = clients["ilona"].get(address(template), params={"lang": "sv"})
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert answer.headers["cache-control"] == "no-store", template
        assert "public" not in answer.headers.get("cache-control", "")


@pytest.mark.parametrize("target", TRICKS, ids=lambda value: value[:30])
def test_no_trick_of_an_address_opens_the_log(
    published: Reporting, clients: Mapping[str, httpx.Client], target: str
) -> None:
    answer = raw(published.url, target)
    assert not answer.startswith(b"HTTP/1.1 5"), answer[:200]
    assert b"<td>" not in answer
    assert b"BaseSettings" not in answer
    cookie = "kokemus_session=" + (
        clients["ilona"].cookies.get("kokemus_session", path="/desk") or ""
    )
    known = raw(published.url, target, cookie)
    assert not known.startswith(b"HTTP/1.1 5")
    if b"frame-ancestors *" in known:
        assert b"release." not in known
    if b"public, max-age" in known:
        assert b"sign-in" not in known


def test_every_answer_carries_a_strict_policy(
    stranger: httpx.Client, clients: Mapping[str, httpx.Client]
) -> None:
    others = [("GET", "/nothing"), ("DELETE", "/fi/"), ("GET", "/fi/nothing"), ("PUT", "/desk")]
    for method, template in (*TABLE, *others):
        if template == "/desk/sign-out":
            continue
        for client in (stranger, clients["ilona"]):
            answer = client.request(method, address(template))
            policy = answer.headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
            assert "unsafe" not in policy
            assert ("frame-ancestors *" in policy) == template.startswith("/embed/"), template
            assert answer.headers["x-content-type-options"] == "nosniff"


def test_pages_are_small_and_an_unchanged_one_is_not_sent_again(published: Reporting) -> None:
    for path in ("/fi/", "/sv/", "/en/", "/fi/kallio", "/embed/fi/kallio", *STATEMENTS):
        page = httpx.get(published.url + path)
        wanted = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text)
        parts = {one: len(httpx.get(published.url + one).content) for one in wanted}
        assert len(page.content) + sum(parts.values()) < 100_000, (path, len(page.content), parts)
        head = httpx.head(published.url + path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["etag"] == page.headers["etag"]
        again = httpx.get(published.url + path, headers={"If-None-Match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == page.headers["etag"]
