"""Where the service goes when an OpenID provider tells it where to go."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from kokemus.errors import Unavailable
from reporting.domain.identity import Attempt, Secrets
from reporting.identity_provider import IdentityProvider

ISSUER = "https://id.example.invalid"
TOLD = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri",
                                  "end_session_endpoint"])  # fmt: skip
@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8123/", "https://localhost/keys", "https://[::1]/", "file:///etc/passwd",
     "http://id.example.invalid/keys", "//id.example.invalid/keys", "javascript:alert(1)"],
)  # fmt: skip
async def test_discovery_sends_the_service_nowhere_that_the_issuer_could_not_be(
    tmp_path: Path, name: str, address: str
) -> None:
    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json=TOLD | {name: address})

    (tmp_path / "secret").write_text("x")
    (tmp_path / "groups.json").write_text('{"groups": {}}')
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        provider = IdentityProvider(
            http, ISSUER, "desk", tmp_path / "secret", tmp_path / "groups.json"
        )
        with pytest.raises(Unavailable):
            await provider.way_in(Attempt("s", "/desk", NOW), Secrets("n", "v"), "back", NOW)
    assert asked == ["/.well-known/openid-configuration"]
