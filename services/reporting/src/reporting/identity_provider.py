"""The city's OpenID provider over HTTP: where to sign in, and who did."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus, urlsplit

import httpx
import msgspec
from joserfc.jwk import KeySet

from kokemus.errors import Unavailable
from reporting.domain.identity import (
    Attempt,
    Groups,
    Identity,
    Provider,
    Secrets,
    SignInRefusedError,
    UnknownKeyError,
    authorization,
    believed,
    keys_of,
    leaving,
    read_groups,
)
from reporting.domain.people import Person

KNOWN_FOR: Final = timedelta(hours=1)
"""How old the provider's addresses and keys may be; a new key is fetched when a token names it."""
SECONDS: Final = 15.0
"""How long an answer may take to come."""
LARGEST: Final = 256 * 1024
"""Bytes of an answer; discovery and keys of big providers are some 20 kB."""
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class _Tokens(msgspec.Struct):
    id_token: str
    access_token: str = ""


class IdentityProvider:
    """One provider, one client of it. The caller closes the HTTP client.

    Every method but `person` raises `Unavailable` while the provider is away or answers nonsense.
    """

    def __init__(
        self, http: httpx.AsyncClient, issuer: str, client: str, secret_file: Path, groups: Path
    ) -> None:
        """Reads the groups.

        Raises:
            OSError: a file cannot be read.
            ValueError: the groups are none, or the issuer is reached without encryption.
        """
        if not _is_guarded(issuer):
            raise ValueError("the OpenID provider needs https")
        self._http = http
        self._issuer = issuer
        self._client = client
        self._secret_file = secret_file
        self._groups: Groups = read_groups(groups.read_bytes())
        self._known: tuple[datetime, Provider, KeySet] | None = None
        self._asking = asyncio.Lock()
        secret_file.read_bytes()

    async def way_in(self, attempt: Attempt, secret: Secrets, back: str, now: datetime) -> str:
        """The address that a browser signs in at."""
        provider, _ = await self._provider(now)
        return authorization(provider, self._client, back, attempt, secret)

    async def way_out(self, back: str, now: datetime) -> str | None:
        """The address that a browser signs out at; None: the provider has none."""
        provider, _ = await self._provider(now)
        return leaving(provider, self._client, back)

    async def identity(self, code: str, secret: Secrets, back: str, now: datetime) -> Identity:
        """Who signed in, for the code that a browser came back with.

        Raises:
            SignInRefusedError: the provider refuses the code, or its token does not stand.
        """
        provider, keys = await self._provider(now)
        tokens = await self._exchange(provider, code, secret.verifier, back)
        expected = {
            "issuer": self._issuer,
            "client": self._client,
            "nonce": secret.nonce,
            "access_token": tokens.access_token,
        }
        try:
            claims = believed(tokens.id_token, keys, **expected, now=now)
        except UnknownKeyError:
            self._known = None
            _, keys = await self._provider(now)
            claims = believed(tokens.id_token, keys, **expected, now=now)
        return self._groups.identity(claims)

    def person(self, identity: Identity) -> Person | None:
        """What the person may do; None: nothing."""
        return self._groups.person(identity)

    async def _exchange(self, provider: Provider, code: str, verifier: str, back: str) -> _Tokens:
        secret = self._secret_file.read_text().strip()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        # RFC 6749, 2.3.1: both are form-encoded before they become a user and a password.
        auth = (quote_plus(self._client), quote_plus(secret))
        status, body = await self._ask("POST", provider.token_endpoint, data=form, auth=auth)
        if status >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable("the OpenID provider is away")
        if status != httpx.codes.OK:
            raise SignInRefusedError(f"the provider refuses the code: {status}")
        try:
            return msgspec.json.decode(body, type=_Tokens)
        except msgspec.MsgspecError as error:
            raise SignInRefusedError("the provider sends no ID token") from error

    async def _provider(self, now: datetime) -> tuple[Provider, KeySet]:
        async with self._asking:
            if self._known is None or now - self._known[0] >= KNOWN_FOR:
                address = self._issuer.rstrip("/") + "/.well-known/openid-configuration"
                try:
                    provider = msgspec.convert(await self._json(address), Provider)
                    if provider.issuer != self._issuer or not _all_guarded(provider, self._issuer):
                        raise Unavailable("the OpenID provider is another than the settings say")
                    keys = keys_of(await self._json(provider.jwks_uri))
                except (msgspec.MsgspecError, SignInRefusedError) as error:
                    raise Unavailable("the OpenID provider is away") from error
                self._known = now, provider, keys
            return self._known[1], self._known[2]

    async def _json(self, address: str) -> Any:
        status, body = await self._ask("GET", address)
        if status != httpx.codes.OK:
            raise Unavailable("the OpenID provider is away")
        return msgspec.json.decode(body)

    async def _ask(self, method: str, address: str, **more: Any) -> tuple[int, bytes]:
        """Status and body of an answer, as long as both come soon and the body is no flood."""
        body = bytearray()
        try:
            async with (
                asyncio.timeout(SECONDS),
                self._http.stream(method, address, **more) as answer,
            ):
                async for piece in answer.aiter_bytes():
                    body += piece
                    if len(body) > LARGEST:
                        raise Unavailable("the OpenID provider sends too much")
        except (httpx.HTTPError, TimeoutError) as error:
            raise Unavailable("the OpenID provider is away") from error
        return answer.status_code, bytes(body)


def _all_guarded(provider: Provider, issuer: str) -> bool:
    """Whether every address is reached as safely as the issuer: none of this machine's own."""
    told = [one for one in msgspec.structs.astuple(provider) if one is not None]
    if urlsplit(issuer).scheme == "https":
        return all(one.startswith("https:") and not _is_own(one) for one in told)
    return all(map(_is_guarded, told))


def _is_guarded(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and _is_own(address))


def _is_own(address: str) -> bool:
    return urlsplit(address).hostname in LOOPBACK
