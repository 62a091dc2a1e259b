"""Sign-in at an OpenID provider, from the browser's first request to its last."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from reporting.domain.identity import Identity
from reporting.domain.sessions import VOUCHED_FOR, Session, Signer
from support import fake_metrics_api, openid_provider, reporting_service
from support.fake_metrics_api import FakeMetricsApi
from support.openid_provider import CLIENT, SECRET, OpenIdProvider, left_half, new_key
from support.reporting_service import PASSWORDS, Reporting, form_token

GROUPS = {
    "groups": {
        "readers": {"roles": ["reader"]},
        "admins": {"roles": ["reader", "administrator"]},
        "sote": {"roles": ["reader", "division_contact"], "entities": ["sote"]},
    }
}


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    with openid_provider.running() as running:
        yield running


@pytest.fixture(scope="module")
def _service(
    provider: OpenIdProvider,
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Any,
    embedded_kafka: Any,
) -> Iterator[Reporting]:
    folder = tmp_path_factory.mktemp("openid")
    (folder / "secret").write_text(SECRET + "\n")
    (folder / "groups.json").write_text(json.dumps(GROUPS))
    more = {
        "KOKEMUS_OIDC_ISSUER": provider.url,
        "KOKEMUS_OIDC_CLIENT_ID": CLIENT,
        "KOKEMUS_OIDC_CLIENT_SECRET_FILE": str(folder / "secret"),
        "KOKEMUS_OIDC_GROUPS_FILE": str(folder / "groups.json"),
    }
    with (
        fake_metrics_api.running() as api,
        reporting_service.published(folder, postgres, embedded_kafka, api, more) as service,
    ):
        provider.back = service.url
        yield service


@pytest.fixture
def service(_service: Reporting, provider: OpenIdProvider) -> Iterator[Reporting]:
    """The service, with a provider that does what it should again afterwards."""
    yield _service
    fresh = OpenIdProvider(provider.url)
    provider.claims, provider.spoil = fresh.claims, None
    provider.away = provider.refuses = False
    provider.dies = ""


@contextmanager
def browser(service: Reporting) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=service.url, timeout=30, follow_redirects=True) as client:
        yield client


def is_open(client: httpx.Client, path: str = "/desk") -> bool:
    return client.get(path, follow_redirects=False).status_code == 200


def test_somebody_signs_in_at_the_provider_and_comes_back_to_where_they_were(
    service: Reporting,
) -> None:
    with browser(service) as client:
        page = client.get("/desk/releases")
        assert (page.status_code, page.url.path) == (200, "/desk/releases")
        assert "Kirsi Keksitty" in page.text
        cookies = [one for answer in page.history for one in answer.headers.get_list("set-cookie")]
    assert any(one.startswith("kokemus_session=") for one in cookies)
    assert all(
        "HttpOnly" in one and "SameSite=lax" in one for one in cookies if "Max-Age=0" not in one
    )


def test_roles_and_divisions_are_those_of_the_persons_groups(
    service: Reporting, provider: OpenIdProvider
) -> None:
    for groups, audit in ((["readers"], 403), (["admins"], 200), (["admins", "sote"], 403)):
        provider.claims = {"sub": "u-2", "groups": groups}
        with browser(service) as client:
            client.get("/desk")
            assert client.get("/desk/audit").status_code == audit, groups
    for none in (["strangers"], [], None, "readers"):
        provider.claims = {"sub": "u-3", "groups": none}
        with browser(service) as client:
            assert client.get("/desk").status_code == 403
            assert not is_open(client)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda at, claims: at.signed(claims | {"iss": "https://evil.example.invalid"}),
        lambda at, claims: at.signed(claims | {"aud": "other"}),
        lambda at, claims: at.signed(claims | {"exp": claims["iat"] - 3600}),
        lambda at, claims: at.signed(claims | {"nonce": "another"}),
        lambda at, claims: at.signed(claims | {"at_hash": left_half("stolen")}),
        lambda _at, claims: OpenIdProvider("", key=new_key()).signed(claims),
        lambda at, claims: at.signed(claims)[:-6] + "AAAAAA",
        lambda _at, _claims: "",
    ],
    ids=["issuer", "audience", "expired", "nonce", "at_hash", "foreign key", "changed", "none"],
)
def test_a_wrong_token_opens_nothing(
    service: Reporting, provider: OpenIdProvider, spoil: openid_provider.Spoil
) -> None:
    provider.spoil = spoil
    with browser(service) as client:
        answer = client.get("/desk")
        assert answer.status_code == 403
        assert not is_open(client)
    provider.spoil, provider.claims = None, {"sub": "u-5", "groups": ["admins"]}
    with browser(service) as client:
        assert "unknown,sign-in.failed,desk," in client.get("/desk/audit.csv").text.split("\r\n")[3]


def test_a_token_of_an_earlier_sign_in_opens_nothing(
    service: Reporting, provider: OpenIdProvider
) -> None:
    kept: list[str] = []

    def keep(at: OpenIdProvider, claims: dict[str, Any]) -> str:
        kept.append(at.signed({name: value for name, value in claims.items() if name != "at_hash"}))
        return kept[0]

    provider.spoil = keep
    with browser(service) as first, browser(service) as second:
        assert first.get("/desk").status_code == 200
        assert second.get("/desk").status_code == 403
    assert len(kept) == 2


def test_what_came_back_opens_one_session_in_one_browser(service: Reporting) -> None:
    with browser(service) as client, browser(service) as other:
        sent = client.get("/desk/sign-in", follow_redirects=False)
        there = client.get(sent.headers["location"], follow_redirects=False)
        back = there.headers["location"]
        cookie = client.cookies["kokemus_attempt"]
        assert other.get(back).status_code == 403
        assert client.get(back.replace("state=", "state=x")).status_code == 403
        assert client.get(back).status_code == 200
        again = {"Cookie": f"kokemus_attempt={cookie}"}
        assert other.get(back, headers=again).status_code == 403
        # Also with a code that was not used yet.
        fresh = client.get(sent.headers["location"], follow_redirects=False).headers["location"]
        assert other.get(fresh, headers=again).status_code == 403


def test_a_code_of_somebody_elses_sign_in_opens_nothing(service: Reporting) -> None:
    with browser(service) as client, browser(service) as thief:
        sent = client.get("/desk/sign-in", follow_redirects=False)
        there = client.get(sent.headers["location"], follow_redirects=False)
        own = thief.get("/desk/sign-in", follow_redirects=False)
        code = httpx.URL(there.headers["location"]).params["code"]
        state = httpx.URL(own.headers["location"]).params["state"]
        answer = thief.get("/desk/signed-in", params={"code": code, "state": state})
        assert answer.status_code == 403
        assert not is_open(thief)


def test_the_way_back_is_a_path_of_the_desk(service: Reporting) -> None:
    for onward in ("https://evil.example.invalid", "//evil.example.invalid", "/\\evil", "/fi/"):
        with browser(service) as client:
            page = client.get("/desk/sign-in", params={"next": onward})
            assert str(page.url) == f"{service.url}/desk"


def test_a_new_key_of_the_provider_is_taken_up_and_the_old_one_no_longer_holds(
    service: Reporting, provider: OpenIdProvider
) -> None:
    with browser(service) as client:
        client.get("/desk")
    old, asked = provider.key, provider.keys_asked
    provider.key = new_key()
    with browser(service) as client:
        assert client.get("/desk").status_code == 200
    assert provider.keys_asked == asked + 1
    provider.spoil = lambda at, claims: OpenIdProvider(at.url, key=old).signed(claims)
    with browser(service) as client:
        assert client.get("/desk").status_code == 403


def test_a_provider_that_lets_nobody_in_or_is_away_is_told(
    service: Reporting, provider: OpenIdProvider
) -> None:
    provider.refuses = True
    with browser(service) as client:
        answer = client.get("/desk")
        assert answer.status_code == 403
        assert "Kirjautuminen ei onnistunut" in answer.text


def test_signing_out_ends_the_session_here_and_at_the_provider(service: Reporting) -> None:
    with browser(service) as client:
        token = form_token(client, "/desk")
        kept = client.cookies["kokemus_session"]
        page = client.post("/desk/sign-out", data={"token": token})
        assert page.status_code == 200
        assert not is_open(client)
        onward = page.headers["refresh"].partition("url=")[2]
        assert onward.replace("&", "&amp;") in page.text
        last = client.get(onward)
        assert (last.status_code, last.url.path) == (200, "/desk/signed-out")
        headers = {"Cookie": f"kokemus_session={kept}"}
        assert client.get("/desk", headers=headers, follow_redirects=False).status_code == 303


def test_passwords_open_nothing_beside_a_provider(service: Reporting) -> None:
    form = {"user": "ilona", "password": PASSWORDS["ilona"], "next": "/desk"}
    with browser(service) as client:
        assert client.post("/desk/sign-in", data=form).status_code == 405
        assert not is_open(client)


def test_a_session_of_the_other_way_to_sign_in_opens_nothing(service: Reporting) -> None:
    signer = Signer(Path(service.environment["KOKEMUS_SESSION_KEY_FILE"]).read_bytes().strip())
    later = datetime.now(UTC) + timedelta(minutes=59)
    identity = Identity("ilona", "Ilona", ("readers",))
    for told, status in ((identity, 200), (None, 303)):
        cookie = signer.cookie(Session("s-1", "ilona", later, told))
        headers = {"Cookie": f"kokemus_session={cookie}"}
        assert httpx.get(f"{service.url}/desk", headers=headers).status_code == status


def test_an_old_word_of_the_provider_opens_no_page_and_takes_no_form_in_but_the_last(
    service: Reporting,
) -> None:
    signer = Signer(Path(service.environment["KOKEMUS_SESSION_KEY_FILE"]).read_bytes().strip())
    old = datetime.now(UTC) + timedelta(minutes=30)
    session = Session("s-2", "u-1", old, Identity("u-1", "Kirsi", ("readers",)))
    headers = {"Cookie": f"kokemus_session={signer.cookie(session)}"}
    assert httpx.get(f"{service.url}/desk", headers=headers).status_code == 303
    form = {"token": signer.form_token(session), "entity": "sote", "text_fi": "<Pitkä> teksti"}
    for path in ("/desk/notes", "/desk/embeds"):
        answer = httpx.post(f"{service.url}{path}", data=form, headers=headers)
        assert answer.status_code == 409
        assert 'name="text_fi" value="&lt;Pitkä&gt; teksti"' in answer.text
    assert httpx.post(f"{service.url}/desk/sign-out", data=form, headers=headers).is_success


def test_while_the_provider_is_away_nobody_signs_in_and_the_public_pages_stay(
    environment: dict[str, str], metrics_api: FakeMetricsApi, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "groups.json").write_text(json.dumps(GROUPS))
    environment |= {
        "KOKEMUS_OIDC_ISSUER": "http://127.0.0.1:1",
        "KOKEMUS_OIDC_CLIENT_ID": CLIENT,
        "KOKEMUS_OIDC_CLIENT_SECRET_FILE": str(tmp_path / "secret"),
        "KOKEMUS_OIDC_GROUPS_FILE": str(tmp_path / "groups.json"),
    }
    with reporting_service.running(environment, metrics_api, tmp_path / "log") as service:
        answer = httpx.get(f"{service.url}/desk/sign-in")
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "30"
        assert "Kirjautumispalvelu ei vastaa" in answer.text
        assert httpx.get(f"{service.url}/fi/").status_code == 404


def test_somebody_whose_group_is_taken_away_sends_no_form_after_ten_minutes(
    service: Reporting, provider: OpenIdProvider
) -> None:
    """Whoever keeps it shows it anew, in another tab, and sends the same form once more."""
    signer = Signer(Path(service.environment["KOKEMUS_SESSION_KEY_FILE"]).read_bytes().strip())
    provider.claims = {"sub": "u-4", "groups": ["admins"]}
    with browser(service) as client:
        token = form_token(client, "/desk/notes?entity=sote")
        mine = signer.session(client.cookies["kokemus_session"], datetime.now(UTC))
        assert mine is not None
        old = Session(mine.id, mine.user, mine.expires_at - VOUCHED_FOR, mine.identity)
        form = {"token": token, "entity": "sote", "kind": "heard", "day": "2026-01-20",
                "text_fi": "Jono kasvoi."}  # fmt: skip
        set_session(client, signer.cookie(old))
        asked = client.post("/desk/notes", data=form)
        assert asked.status_code == 409
        assert "Jono kasvoi." in asked.text
        provider.claims = {"sub": "u-4", "groups": ["readers"]}
        assert client.get("/desk").status_code == 200
        assert client.post("/desk/notes", data=form).status_code == 403
        provider.claims = {"sub": "u-4", "groups": ["admins"]}
        set_session(client, signer.cookie(old))
        assert client.get("/desk").status_code == 200
        sent = client.post("/desk/notes", data=form)
        assert (sent.status_code, "Jono kasvoi." in sent.text) == (200, True)
        assert client.post("/desk/sign-out", data={"token": token}).status_code == 200
        set_session(client, signer.cookie(mine))
        assert not is_open(client), "also the cookie of before is of a session that was ended"


def test_whoever_signs_in_gets_a_session_of_their_own(
    service: Reporting, provider: OpenIdProvider
) -> None:
    """Not one that somebody else had put into their browser."""
    signer = Signer(Path(service.environment["KOKEMUS_SESSION_KEY_FILE"]).read_bytes().strip())
    later = datetime.now(UTC) + timedelta(minutes=59)
    provider.claims = {"sub": "victim", "groups": ["readers"]}
    thief = Identity("thief", "T", ("readers",))
    for planted in (Session("p-1", "thief", later, thief), Session("p-1", "", later)):
        with browser(service) as client:
            set_session(client, signer.cookie(planted))
            client.get("/desk/sign-in")
            found = signer.session(client.cookies["kokemus_session"], datetime.now(UTC))
            assert found is not None
            assert (found.user, found.id != "p-1") == ("victim", True)


def set_session(client: httpx.Client, cookie: str) -> None:
    """Puts a session's cookie into a browser in place of its own."""
    client.cookies.delete("kokemus_session")
    host = client.base_url.host
    client.cookies.set("kokemus_session", cookie, domain=host, path="/desk")


@pytest.mark.parametrize("how", ["refuses", "floods"])
def test_a_provider_that_dies_during_a_sign_in_opens_nothing_and_lets_in_afterwards(
    service: Reporting, provider: OpenIdProvider, how: Literal["refuses", "floods"]
) -> None:
    provider.dies = how
    with browser(service) as client:
        answer = client.get("/desk")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
        assert not is_open(client)
        assert httpx.get(f"{service.url}/fi/").status_code == 200
        provider.dies = ""
        assert client.get("/desk").status_code == 200
