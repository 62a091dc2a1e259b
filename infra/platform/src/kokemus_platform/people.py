"""The local platform's keys and people: all made at random, none with a default password."""

import base64
import hashlib
import json
import os
import secrets

import msgspec

from kokemus import keys
from kokemus_platform.home import Home
from kokemus_platform.keys import change

PEOPLE = {
    "desk": ["reader", "administrator", "division_contact"],
    "approver": ["reader", "approver"],
}
"""Who signs in on the local platform: one who drafts releases and fills in every division's
returns, and another who approves them."""
MANAGERS = {"manager": ["tammiharjun-terveysasema"]}
"""Who manages which units of the demo: gets their mail; the password lies beside the others'."""
_MANAGING = {user: ["reader", "unit_manager"] for user in MANAGERS}
RETURNED = (
    "participation.method-reported.v1",
    "participation.game-played.v1",
    "participation.practice-reported.v1",
    "figure.reported.v1",
)
"""What reporting sends for the divisions."""


def password_hash(password: str) -> str:
    """A salted scrypt hash as `scrypt$n$r$p$salt$hash`, both in base64."""
    salt = os.urandom(16)
    n, r, p = 2**14, 8, 1
    derived = hashlib.scrypt(password.encode(), salt=salt, n=n, r=r, p=p, dklen=32)
    encoded = (base64.b64encode(part).decode() for part in (salt, derived))
    return "$".join(("scrypt", str(n), str(r), str(p), *encoded))


def prepare(home: Home) -> None:
    """Make what is missing: the platform's key, reporting's two, people, sessions."""
    if not (home.secrets / "keys.json").exists():
        token, entry = keys.create("platform", types=["*"], sources=["*"], read=True)
        read_token, reader = keys.create("reporting", types=[], sources=[], read=True)
        home.write("secrets/platform-key", token)
        home.write("secrets/reader-key", read_token)
        content = msgspec.json.encode(keys.KeysFile([entry, reader])).decode()
        home.write("secrets/keys.json", content)
    if not (home.secrets / "returns-key").exists():
        token, entry = keys.create("returns", types=list(RETURNED), sources=["reporting"])
        change(
            home.secrets / "keys.json",
            lambda present: [*(one for one in present if one.id != entry.id), entry],
        )
        home.write("secrets/returns-key", token)
    if not (home.secrets / "people.json").exists():
        people = [
            {
                "user": user,
                "password_hash": password_hash(
                    home.secret(f"password-{user}", lambda: secrets.token_urlsafe(15))
                ),
                "roles": roles,
                "display": user.capitalize(),
                "entities": MANAGERS.get(user),
                "mail": f"{user}@kokemus.invalid",
            }
            for user, roles in {**PEOPLE, **_MANAGING}.items()
        ]
        home.write("secrets/people.json", json.dumps(people, indent=1))
    home.secret("session-key", lambda: secrets.token_hex(32))


def sign_in(home: Home, user: str) -> dict[str, str]:
    """The name and password of a local user."""
    return {"user": user, "password": (home.secrets / f"password-{user}").read_text()}
