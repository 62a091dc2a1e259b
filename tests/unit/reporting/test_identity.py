"""Which ID tokens are believed, and what groups let people do."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey

from reporting.domain.identity import (
    OLDEST,
    SKEW,
    Attempt,
    Group,
    Groups,
    Identity,
    SignInRefusedError,
    UnknownKeyError,
    believed,
    keys_of,
    read_groups,
)
from reporting.domain.sessions import PROVIDER_LIFE, VOUCHED_FOR, Session, Signer
from support.openid_provider import left_half

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ISSUER, CLIENT, NONCE, ACCESS = "https://id.example.invalid", "desk", "n-1", "access"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1"})
KEYS = keys_of({"keys": [KEY.as_dict(private=False)]})
AT = int(NOW.timestamp())


def claims(**changed: Any) -> dict[str, Any]:
    right = {
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "u-1",
        "iat": AT,
        "exp": AT + 300,
        "nonce": NONCE,
        "at_hash": left_half(ACCESS),
    }
    return {name: value for name, value in (right | changed).items() if value is not None}


def token(key: Any = KEY, alg: str = "RS256", kid: str = "k1", **changed: Any) -> str:
    return jwt.encode({"alg": alg, "kid": kid}, claims(**changed), key, algorithms=[alg])


def check(value: str, keys: KeySet = KEYS, now: datetime = NOW) -> str:
    told = believed(
        value, keys, issuer=ISSUER, client=CLIENT, nonce=NONCE, access_token=ACCESS, now=now
    )
    return str(told["sub"])


def part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def unsigned() -> str:
    header = {"alg": "none", "kid": "k1"}
    return f"{part(json.dumps(header).encode())}.{part(json.dumps(claims()).encode())}."


def confused() -> str:
    """Signed with the public key as if it were a shared secret."""
    header = {"alg": "HS256", "kid": "k1"}
    text = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims()).encode())}"
    mark = hmac.digest(KEY.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{part(mark)}"


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"at_hash": None},
        {"aud": [CLIENT, "other"], "azp": CLIENT},
        {"exp": AT - SKEW.total_seconds() + 1},
        {"iat": AT + SKEW.total_seconds()},
        {"nbf": AT + SKEW.total_seconds()},
        {"iat": AT - OLDEST.total_seconds()},
    ],
)
def test_a_right_token_is_believed_also_by_a_clock_that_is_a_little_off(
    changed: dict[str, Any],
) -> None:
    assert check(token(**changed)) == "u-1"


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.example.invalid"},
        {"iss": ISSUER + "/"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"aud": ["other"]},
        {"aud": [CLIENT, "other"]},
        {"azp": "other"},
        {"exp": AT - SKEW.total_seconds()},
        {"exp": None},
        {"exp": "never"},
        {"iat": None},
        {"iat": AT + SKEW.total_seconds() + 1},
        {"iat": AT - OLDEST.total_seconds() - SKEW.total_seconds() - 1},
        {"nbf": AT + SKEW.total_seconds() + 1},
        {"nonce": "n-2"},
        {"nonce": None},
        {"at_hash": left_half("stolen")},
        {"at_hash": ""},
    ],
    ids=str,
)
def test_a_token_with_a_wrong_claim_is_not_believed(changed: dict[str, Any]) -> None:
    with pytest.raises(SignInRefusedError):
        check(token(**changed))


@pytest.mark.parametrize(
    "forged",
    [
        unsigned,
        confused,
        lambda: token(OTHER),
        lambda: token()[:-8] + "AAAAAAAA",
        lambda: "",
        lambda: "a.b.c",
    ],
    ids=["alg=none", "key confusion", "another's key", "changed", "empty", "rubbish"],
)
def test_a_forged_token_is_not_believed(forged: Callable[[], str]) -> None:
    with pytest.raises(SignInRefusedError):
        check(forged())


def test_a_key_that_is_not_known_yet_is_told_apart() -> None:
    with pytest.raises(UnknownKeyError):
        check(token(kid="k2"))


def test_secret_keys_and_keys_for_encrypting_sign_nothing() -> None:
    secret = OctKey.import_key("s" * 32, {"kid": "k1"})
    elliptic = ECKey.generate_key("P-256", {"kid": "e1"})
    for_encrypting = KEY.as_dict(private=False) | {"use": "enc", "kid": "k2"}
    public = elliptic.as_dict(private=False)
    keys = keys_of({"keys": [secret.as_dict(private=True), for_encrypting, public]})
    assert check(token(elliptic, "ES256", "e1"), keys) == "u-1"
    for value in (token(kid="k2"), token(secret, "HS256")):
        with pytest.raises(SignInRefusedError):
            check(value, keys)


@pytest.mark.parametrize("nothing", [{}, {"keys": []}, {"keys": [1]}, {"keys": "k"}], ids=str)
def test_what_holds_no_key_is_refused(nothing: dict[str, Any]) -> None:
    with pytest.raises(SignInRefusedError):
        keys_of(nothing)


GROUPS = Groups(
    {
        "readers": Group(["reader"]),
        "heads": Group(["reader", "approver"]),
        "sote": Group(["division_contact"], ["sote"]),
        "kuva": Group(["approver"], ["kuva"]),
    }
)


def test_groups_become_roles_and_only_those_that_the_city_knows() -> None:
    found = GROUPS.identity({"sub": "u-1", "name": "K", "groups": ["heads", "x", "readers"]})
    assert found == Identity("u-1", "K", ("readers", "heads"))
    person = GROUPS.person(found)
    assert person is not None
    assert (person.roles, person.entities) == (["approver", "reader"], None)
    assert GROUPS.person(Identity("u-1", "K", ("gone",))) is None


def test_another_group_never_widens_where_a_role_holds() -> None:
    person = GROUPS.person(Identity("u-1", "K", ("heads", "sote", "kuva")))
    assert person is not None
    assert person.entities == ["kuva", "sote"]


@pytest.mark.parametrize("user", ["system:local", "", "a\nb", "x" * 201, None, 7])
def test_nobody_signs_in_under_a_name_that_a_log_could_not_tell(user: object) -> None:
    with pytest.raises(SignInRefusedError):
        GROUPS.identity({"sub": user, "groups": ["readers"]})


def test_more_groups_than_a_cookie_holds_are_refused() -> None:
    many = Groups({f"g{number}": Group(["reader"]) for number in range(41)})
    with pytest.raises(SignInRefusedError):
        many.identity({"sub": "u-1", "groups": list(many.groups)})


def test_a_file_of_groups_with_an_unknown_role_is_refused() -> None:
    with pytest.raises(ValueError, match="Invalid enum value"):
        read_groups(b'{"groups":{"a":{"roles":["emperor"]}}}')


def test_a_sign_in_on_its_way_and_a_session_are_never_taken_for_each_other() -> None:
    signer = Signer(b"s" * 32)
    attempt = Attempt("state", "/desk", NOW + timedelta(minutes=1))
    session = Session("id", "u-1", NOW + PROVIDER_LIFE, Identity("u-1", "K", ("readers",)))
    assert signer.attempt(signer.attempt_cookie(attempt), NOW) == attempt
    assert signer.attempt(signer.attempt_cookie(attempt), NOW + timedelta(minutes=1)) is None
    assert signer.session(signer.cookie(session), NOW) == session
    assert signer.session(signer.attempt_cookie(attempt), NOW) is None
    assert signer.attempt(signer.cookie(session), NOW) is None
    assert Signer(b"t" * 32).attempt(signer.attempt_cookie(attempt), NOW) is None


def test_each_sign_in_has_secrets_of_its_own() -> None:
    signer = Signer(b"s" * 32)
    one, two = (signer.secrets_of(Attempt(state, "/desk", NOW)) for state in "ab")
    assert len({one.nonce, one.verifier, two.nonce, two.verifier}) == 4
    assert 43 <= len(one.verifier) <= 128


def test_the_providers_word_opens_pages_for_ten_minutes() -> None:
    session = Session("id", "u-1", NOW + PROVIDER_LIFE, Identity("u-1", "K", ("readers",)))
    assert not session.is_stale(NOW + VOUCHED_FOR)
    assert session.is_stale(NOW + VOUCHED_FOR + timedelta(seconds=1))
    assert not Session("id", "u-1", NOW + timedelta(seconds=1)).is_stale(NOW)
