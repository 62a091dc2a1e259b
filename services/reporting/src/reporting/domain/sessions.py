"""Sessions as signed cookies, the tokens of their forms, and the limit on wrong passwords."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from reporting.domain.identity import Attempt, Identity, Secrets

LIFE: Final = timedelta(hours=10)
"""A working day; then the person signs in again."""
PROVIDER_LIFE: Final = timedelta(hours=1)
"""The same where a provider vouches for people: long enough to fill in a form."""
VOUCHED_FOR: Final = timedelta(minutes=10)
"""How long a provider's word opens pages; then it is asked again, which nobody notices."""
ATTEMPT_LIFE: Final = timedelta(minutes=10)
"""How long somebody may take to sign in at a provider."""
ANONYMOUS_LIFE: Final = timedelta(hours=1)
"""How long a sign-in form may lie open."""
FAILURES: Final = 5
"""Wrong passwords of one user within `FAILURES_WITHIN` after which even the right one waits."""
FAILURES_OF_ADDRESS: Final = 50
"""The same for an address, behind which a whole office may sit."""
FAILURES_WITHIN: Final = timedelta(minutes=5)
_REMEMBERED: Final = 10_000


class Session(msgspec.Struct, frozen=True):
    """A browser: `user` is "" until somebody signs in with it."""

    id: str
    user: str
    expires_at: datetime
    identity: Identity | None = None
    """Whom a provider vouched for; None after a local sign-in."""

    def is_stale(self, now: datetime) -> bool:
        """Whether the provider is to be asked again before a page is shown."""
        return self.identity is not None and (self.expires_at - now < PROVIDER_LIFE - VOUCHED_FOR)


class Signer:
    """Signs sessions and their forms' tokens with one secret."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._key = OctKey.import_key(secret)

    def cookie(self, session: Session) -> str:
        """The cookie's value."""
        claims: dict[str, Any] = {
            "jti": session.id,
            "sub": session.user,
            "exp": int(session.expires_at.timestamp()),
        }
        if session.identity is not None:
            claims |= {"name": session.identity.name, "groups": session.identity.groups}
        return jwt.encode({"alg": "HS256"}, claims, self._key)

    def session(self, cookie: str | None, now: datetime) -> Session | None:
        """The session of a cookie; None if it is forged, mangled or over."""
        if not cookie:
            return None
        try:
            claims = jwt.decode(cookie, self._key, algorithms=["HS256"]).claims
            user = str(claims["sub"])
            session = Session(
                str(claims["jti"]),
                user,
                datetime.fromtimestamp(int(claims["exp"]), UTC),
                Identity(user, str(claims["name"]), tuple(claims["groups"]))
                if "groups" in claims
                else None,
            )
        except (JoseError, KeyError, TypeError, ValueError):
            return None
        return session if now < session.expires_at else None

    def attempt_cookie(self, attempt: Attempt) -> str:
        """The cookie of a sign-in that is on its way to a provider."""
        claims = {
            "state": attempt.state,
            "next": attempt.onward,
            "exp": int(attempt.expires_at.timestamp()),
        }
        return jwt.encode({"alg": "HS256"}, claims, self._key)

    def attempt(self, cookie: str | None, now: datetime) -> Attempt | None:
        """The sign-in of a cookie; None if it is forged, mangled or over."""
        try:
            claims = jwt.decode(cookie or "", self._key, algorithms=["HS256"]).claims
            expires_at = datetime.fromtimestamp(int(claims["exp"]), UTC)
            attempt = Attempt(str(claims["state"]), str(claims["next"]), expires_at)
        except (JoseError, KeyError, TypeError, ValueError):
            return None
        return attempt if now < attempt.expires_at else None

    def secrets_of(self, attempt: Attempt) -> Secrets:
        """The nonce and the verifier of a sign-in, which nobody else can work out."""

        def made(what: str) -> str:
            return hmac.new(self._secret, f"{what}:{attempt.state}".encode(), sha256).hexdigest()

        return Secrets(made("nonce"), made("verifier"))

    def form_token(self, session: Session) -> str:
        """The token that each form of the session carries, so that no other page can send it."""
        return hmac.new(self._secret, f"form:{session.id}".encode(), sha256).hexdigest()

    def stop_token(self, user: str, kind: str) -> str:
        """What stands in the link by which a reader of mail asks for no more of a kind."""
        about = f"{kind}.{user}".encode()
        return f"{urlsafe_b64encode(about).decode().rstrip('=')}.{self._stop_mark(about)}"

    def stopped(self, token: str) -> tuple[str, str] | None:
        """User and kind of a link against mail; None if it is forged or mangled."""
        told, _, mark = token.partition(".")
        try:
            about = urlsafe_b64decode(told + "=" * (-len(told) % 4))
            kind, _, user = about.decode().partition(".")
        except ValueError:
            return None
        if not hmac.compare_digest(self._stop_mark(about).encode(), mark.encode()):
            return None
        return user, kind

    def message_id(self, number: int, domain: str) -> str:
        """The Message-ID of a mail: a report that it did not arrive proves itself by it."""
        return f"<{number}.{self._mail_mark(number)}@{domain}>"

    def mail_number(self, message_id: str) -> int | None:
        """The number of the mail with this Message-ID; None unless it is one of ours."""
        number, _, mark = message_id.strip().strip("<>").partition("@")[0].partition(".")
        if not number.isascii() or not number.isdecimal():
            return None
        own = hmac.compare_digest(self._mail_mark(int(number)).encode(), mark.encode())
        return int(number) if own else None

    def _stop_mark(self, about: bytes) -> str:
        return hmac.new(self._secret, b"stop:" + about, sha256).hexdigest()[:32]

    def _mail_mark(self, number: int) -> str:
        return hmac.new(self._secret, f"mail:{number}".encode(), sha256).hexdigest()[:32]

    def is_form_token(self, session: Session, token: str) -> bool:
        """Whether the token is the session's."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode())


class Attempts:
    """Wrong passwords lately: too many, and even the right one waits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._failures: OrderedDict[str, list[datetime]] = OrderedDict()

    def wait(self, key: str, now: datetime) -> timedelta | None:
        """How long until another attempt is taken; None: at once."""
        recent = self._recent(key, now)
        return recent[0] + FAILURES_WITHIN - now if len(recent) >= self._limit else None

    def failed(self, key: str, now: datetime) -> None:
        """Remembers a password as wrong; also before it is checked, or many come in at once."""
        self._failures[key] = [*self._recent(key, now), now][-self._limit :]
        self._failures.move_to_end(key)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def forgive(self, key: str, at: datetime) -> None:
        """Takes back what `failed` remembered at that time: the password was right."""
        if at in (remembered := self._failures.get(key, [])):
            remembered.remove(at)

    def _recent(self, key: str, now: datetime) -> list[datetime]:
        return [at for at in self._failures.get(key, []) if at > now - FAILURES_WITHIN]
