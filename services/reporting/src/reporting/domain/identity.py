"""What an OpenID provider says of somebody: when it is believed, and what it lets them do."""

import base64
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256, sha384, sha512
from typing import Any, Final, TypeGuard
from urllib.parse import urlencode

import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from reporting.domain.people import Person, Role

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512")
"""Signatures by a private key only: with HS256, whoever knows a public key could sign."""
SKEW: Final = timedelta(minutes=1)
"""How far the provider's clock may be from ours."""
OLDEST: Final = timedelta(minutes=10)
"""How long ago an ID token may have been made: it comes right after the sign-in."""
LONGEST_NAME: Final = 200
"""Characters of a user or a group."""
MOST_GROUPS: Final = 40
"""Groups of one person; more would not fit into a cookie."""
_OURS: Final = "system:"
"""How the names of what is no person begin."""
_HASHES: Final = {"256": sha256, "384": sha384, "512": sha512}


class SignInRefusedError(Exception):
    """What came back from the provider proves nobody's identity; its text is for the log."""


class UnknownKeyError(SignInRefusedError):
    """The provider's keys, as far as they are known, hold none that the token names."""


class Provider(msgspec.Struct, frozen=True):
    """What discovery tells (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None


class Attempt(msgspec.Struct, frozen=True):
    """A sign-in on its way; `nonce` and `verifier` never leave the service with it."""

    state: str
    onward: str
    expires_at: datetime


class Secrets(msgspec.Struct, frozen=True):
    """What ties a sign-in to its browser: the ID token repeats one, the exchange shows one."""

    nonce: str
    verifier: str


class Identity(msgspec.Struct, frozen=True):
    """Who signed in: the user, what to call them, and those of their groups that count here."""

    user: str
    name: str
    groups: tuple[str, ...]


class Group(msgspec.Struct, frozen=True):
    """What members of a provider's group may do; `entities` as in a people file."""

    roles: list[Role]
    entities: list[str] | None = None


class Groups(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the provider's claims become people of the desk; data of the city."""

    groups: dict[str, Group]
    user_claim: str = "sub"
    name_claim: str = "name"
    groups_claim: str = "groups"

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Who the claims of a believed token tell of.

        Raises:
            SignInRefusedError: they name nobody who could stand in a log.
        """
        user, name = claims.get(self.user_claim), claims.get(self.name_claim)
        if not _is_name(user) or user.startswith(_OURS):
            raise SignInRefusedError(f"no user in {self.user_claim}")
        told = claims.get(self.groups_claim)
        known = [one for one in self.groups if one in told] if isinstance(told, list) else []
        if len(known) > MOST_GROUPS:
            raise SignInRefusedError("too many groups")
        return Identity(user, name if _is_name(name) else user, tuple(known))

    def person(self, identity: Identity) -> Person | None:
        """The person with the roles of these groups; None: none of them counts any more.

        Where one group holds in some divisions only, all the person's roles do: joining another
        group never widens where a role holds.
        """
        found = [self.groups[one] for one in identity.groups if one in self.groups]
        if not found:
            return None
        roles: list[Role] = sorted({role for one in found for role in one.roles})
        bounds = [set(one.entities) for one in found if one.entities is not None]
        entities = sorted(set().union(*bounds)) if bounds else None
        return Person(identity.user, "", roles, identity.name, entities)


def read_groups(raw: bytes) -> Groups:
    """The groups of a JSON file.

    Raises:
        msgspec.MsgspecError: it is no such file.
    """
    return msgspec.json.decode(raw, type=Groups)


def authorization(
    provider: Provider, client: str, back: str, attempt: Attempt, secret: Secrets
) -> str:
    """Where a browser is sent to sign in: code flow with PKCE (RFC 7636, S256)."""
    challenge = _base64(sha256(secret.verifier.encode()).digest())
    query = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": back,
        "scope": "openid profile",
        "state": attempt.state,
        "nonce": secret.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return _with_query(provider.authorization_endpoint, query)


def leaving(provider: Provider, client: str, back: str) -> str | None:
    """Where a browser is sent to sign out of the provider; None: it does not offer that."""
    if provider.end_session_endpoint is None:
        return None
    query = {"client_id": client, "post_logout_redirect_uri": back}
    return _with_query(provider.end_session_endpoint, query)


def keys_of(raw: Mapping[str, Any]) -> KeySet:
    """The keys of a JWKS.

    Raises:
        SignInRefusedError: it has none, or is no JWKS.
    """
    try:
        return KeySet.import_key_set({"keys": list(raw["keys"])})
    except (JoseError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise SignInRefusedError("the provider's keys cannot be read") from error


def believed(  # noqa: PLR0913 - what a token is held against
    token: str,
    keys: KeySet,
    *,
    issuer: str,
    client: str,
    nonce: str,
    access_token: str,
    now: datetime,
) -> Mapping[str, Any]:
    """The claims of an ID token that stands all checks of OpenID Connect Core 1.0, 3.1.3.7.

    Raises:
        UnknownKeyError: it was signed by a key that is not among these.
        SignInRefusedError: it does not stand them.
    """
    try:
        decoded = jwt.decode(token, keys, algorithms=ALGORITHMS)
    except InvalidKeyIdError as error:
        raise UnknownKeyError("signed by an unknown key") from error
    except (JoseError, ValueError, TypeError) as error:
        raise SignInRefusedError(f"no token of the provider: {type(error).__name__}") from error
    claims = decoded.claims
    if claims.get("iss") != issuer:
        raise SignInRefusedError("made by somebody else")
    _check_audience(claims, client)
    _check_times(claims, now)
    if not _same(claims.get("nonce"), nonce):
        raise SignInRefusedError("made for another sign-in")
    told = claims.get("at_hash")
    if told is not None and not _same(told, _left_half(access_token, decoded.header["alg"])):
        raise SignInRefusedError("made with another access token")
    return claims


def _check_audience(claims: Mapping[str, Any], client: str) -> None:
    told = claims.get("aud")
    audience: Sequence[Any] = told if isinstance(told, list) else [told]
    if client not in audience:
        raise SignInRefusedError("made for another service")
    party = claims.get("azp")
    if party != client and (party is not None or len(audience) > 1):
        raise SignInRefusedError("given to another service")


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    try:
        told = [claims["exp"], claims["iat"], claims.get("nbf", 0)]
        expires, made, not_before = msgspec.convert(told, list[float])
    except (KeyError, msgspec.ValidationError) as error:
        raise SignInRefusedError("without its times") from error
    at, skew = now.timestamp(), SKEW.total_seconds()
    if at >= expires + skew:
        raise SignInRefusedError("expired")
    if made > at + skew or not_before > at + skew:
        raise SignInRefusedError("from the future")
    if made < at - OLDEST.total_seconds() - skew:
        raise SignInRefusedError("too old")


def _left_half(access_token: str, algorithm: str) -> str:
    digest = _HASHES[algorithm[2:]](access_token.encode()).digest()
    return _base64(digest[: len(digest) // 2])


def _same(told: object, expected: str) -> bool:
    return isinstance(told, str) and hmac.compare_digest(told.encode(), expected.encode())


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable()


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
