"""An OpenID provider over HTTP on the loopback: discovery, code flow with PKCE, keys, sign-out.

It holds whoever asks to the protocol; `spoil` makes its ID tokens wrong in one way.
"""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from kokemus_platform.processes import free_port, wait_until

CLIENT = "kokemus-desk"
SECRET = "obviously invented: not+a secret%"
Spoil = Callable[["OpenIdProvider", dict[str, Any]], str]
"""Makes an ID token of the claims that a right one would have."""


def new_key() -> RSAKey:
    """A key with an id of its own."""
    return RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})


def left_half(access_token: str) -> str:
    """The `at_hash` of an access token."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return _base64(digest[:16])


@dataclass
class OpenIdProvider:
    """What the provider knows; tests change it while it runs."""

    url: str
    back: str = ""
    """The addresses that it sends browsers back to begin so."""
    claims: dict[str, Any] = field(
        default_factory=lambda: {"sub": "u-1", "name": "Kirsi Keksitty", "groups": ["readers"]}
    )
    key: RSAKey = field(default_factory=new_key)
    away: bool = False
    dies: Literal["", "refuses", "floods"] = ""
    """How it ends between a browser's sign-in and the tokens."""
    refuses: bool = False
    spoil: Spoil | None = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    keys_asked: int = 0

    def signed(self, claims: dict[str, Any]) -> str:
        """A token of these claims by the provider's key."""
        return jwt.encode({"alg": "RS256", "kid": str(self.key.kid)}, claims, self.key)

    async def discovery(self, _request: Request) -> Response:
        """`/.well-known/openid-configuration`."""
        if self.away:
            return Response(status_code=503)
        return JSONResponse(
            {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "end_session_endpoint": f"{self.url}/sign-out",
            }
        )

    async def keys(self, _request: Request) -> Response:
        """The public keys."""
        self.keys_asked += 1
        return JSONResponse(KeySet([self.key]).as_dict(private=False))

    async def authorize(self, request: Request) -> Response:
        """Lets the person in who is set, without a question."""
        query = dict(request.query_params)
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        assert query["redirect_uri"] == f"{self.back}/desk/signed-in"
        if self.refuses:
            answer = {"error": "access_denied", "state": query["state"]}
        else:
            code = secrets.token_urlsafe(16)
            self.codes[code] = query
            answer = {"code": code, "state": query["state"]}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(answer)}", 303)

    async def token(self, request: Request) -> Response:
        """Gives tokens for a code, once, to the client that shows the verifier."""
        if self.dies == "refuses":
            return Response(status_code=502)
        if self.dies == "floods":
            return Response(b" " * 10_000_000)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        expected = f"{CLIENT}:{urlencode({'': SECRET})[1:]}"
        if scheme != "Basic" or base64.b64decode(given).decode() != expected:
            return JSONResponse({"error": "invalid_client"}, 401)
        async with request.form() as form:
            asked = self.codes.pop(str(form["code"]), None)
            challenge = _base64(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
            if (
                asked is None
                or form["redirect_uri"] != asked["redirect_uri"]
                or challenge != asked["code_challenge"]
            ):
                return JSONResponse({"error": "invalid_grant"}, 400)
        access, now = secrets.token_urlsafe(16), int(time.time())
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": asked["nonce"],
            "at_hash": left_half(access),
            **self.claims,
        }
        token = self.spoil(self, claims) if self.spoil else self.signed(claims)
        return JSONResponse({"access_token": access, "token_type": "Bearer", "id_token": token})

    async def sign_out(self, request: Request) -> Response:
        """Sends a browser back where it is known."""
        back = request.query_params["post_logout_redirect_uri"]
        assert request.query_params["client_id"] == CLIENT
        assert back == f"{self.back}/desk/signed-out"
        return RedirectResponse(back, 303)


@contextmanager
def running() -> Iterator[OpenIdProvider]:
    """A provider for the length of a block."""
    port = free_port()
    provider = OpenIdProvider(f"http://127.0.0.1:{port}")
    app = Starlette(
        routes=[
            Route("/.well-known/openid-configuration", provider.discovery),
            Route("/keys", provider.keys),
            Route("/authorize", provider.authorize),
            Route("/token", provider.token, methods=["POST"]),
            Route("/sign-out", provider.sign_out),
        ]
    )
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, seconds=10, what="the OpenID provider")
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join(10)


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
