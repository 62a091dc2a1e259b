from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.domain.people import Person, hash_password, matches, read_people
from reporting.domain.sessions import FAILURES, FAILURES_WITHIN, Attempts, Session, Signer
from reporting.handlers.signing_in import safe_next

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIGNER = Signer(b"s" * 32)


def session(id_: str = "abc") -> Session:
    return Session(id_, "reeta", NOW + timedelta(hours=1))


def test_only_the_right_password_matches() -> None:
    person = Person("reeta", hash_password("oikea", b"salt"), ["reader"])
    assert matches(person, "oikea")
    assert not matches(person, "väärä")
    assert not matches(None, "oikea")
    assert not matches(None, "")


def test_a_people_file_is_read_and_an_unknown_role_refused() -> None:
    raw = b'[{"user":"a","password_hash":"x","roles":["reader","approver"],"display":"A"}]'
    assert read_people(raw)["a"].may(frozenset({"approver"}))
    with pytest.raises(ValueError, match="Invalid enum value"):
        read_people(raw.replace(b"approver", b"emperor"))


def test_a_session_survives_its_cookie_until_it_expires() -> None:
    cookie = SIGNER.cookie(session())
    assert SIGNER.session(cookie, NOW) == session()
    assert SIGNER.session(cookie, NOW + timedelta(hours=1)) is None


@given(st.integers(0, 300), st.characters(codec="ascii"))
def test_a_changed_cookie_opens_nothing(place: int, character: str) -> None:
    cookie = SIGNER.cookie(session())
    # The last character of the signature holds four bits that decode to nothing.
    place %= len(cookie) - 1
    changed = cookie[:place] + character + cookie[place + 1 :]
    if changed != cookie:
        assert SIGNER.session(changed, NOW) is None


def test_another_key_an_unsigned_token_and_rubbish_open_nothing() -> None:
    header, payload, _ = SIGNER.cookie(session()).split(".")
    unsigned = f"eyJhbGciOiJub25lIn0.{payload}."
    for cookie in (Signer(b"t" * 32).cookie(session()), unsigned, f"{header}.{payload}.", "x", ""):
        assert SIGNER.session(cookie, NOW) is None


def test_a_form_token_belongs_to_one_session() -> None:
    token = SIGNER.form_token(session())
    assert SIGNER.is_form_token(session(), token)
    assert not SIGNER.is_form_token(session("other"), token)
    assert not SIGNER.is_form_token(session(), "")
    assert not SIGNER.is_form_token(session(), "ä")


def test_after_five_wrong_passwords_the_next_attempt_waits() -> None:
    attempts = Attempts(FAILURES)
    for second in range(FAILURES):
        assert attempts.wait("reeta", NOW) is None
        attempts.failed("reeta", NOW + timedelta(seconds=second))
    assert attempts.wait("reeta", NOW + timedelta(seconds=10)) == FAILURES_WITHIN - timedelta(
        seconds=10
    )
    assert attempts.wait("aino", NOW) is None
    assert attempts.wait("reeta", NOW + FAILURES_WITHIN) is None


def test_right_passwords_make_nobody_wait() -> None:
    attempts = Attempts(FAILURES)
    for _ in range(FAILURES + 1):
        attempts.failed("reeta", NOW)
        attempts.forgive("reeta", NOW)
    assert attempts.wait("reeta", NOW) is None
    attempts.forgive("nobody", NOW)


@pytest.mark.parametrize(
    "value",
    [None, "", "https://evil.example", "//evil.example", "/\\evil", "/deskx", "/desk//evil.example",
     "/desk/\r\nSet-Cookie: x", "javascript:alert(1)", "/fi/"],
)  # fmt: skip
def test_signing_in_never_leads_to_another_site(value: str | None) -> None:
    assert safe_next(value) == "/desk"


def test_signing_in_leads_back_to_where_one_was() -> None:
    assert safe_next("/desk/releases/a.b") == "/desk/releases/a.b"
