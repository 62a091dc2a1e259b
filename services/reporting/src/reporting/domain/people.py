"""Who may sign in locally, and what each role may do."""

import base64
import hmac
from collections.abc import Mapping
from hashlib import scrypt
from typing import Final, Literal

import msgspec

from reporting.domain.languages import Code

Role = Literal[
    "reader",
    "unit_manager",
    "division_contact",
    "complaints_office",
    "approver",
    "administrator",
]

MAY_APPROVE: Final[frozenset[Role]] = frozenset({"approver"})
MAY_DRAFT: Final[frozenset[Role]] = frozenset({"approver", "administrator"})
MAY_AUDIT: Final[frozenset[Role]] = frozenset({"approver", "administrator"})
MAY_FILL: Final[frozenset[Role]] = frozenset({"division_contact"})
MAY_ACKNOWLEDGE: Final[frozenset[Role]] = frozenset(
    {"unit_manager", "division_contact", "administrator"}
)
MAY_NOTE: Final[frozenset[Role]] = frozenset({"unit_manager", "division_contact", "administrator"})
MAY_EMBED: Final[frozenset[Role]] = frozenset(
    {"unit_manager", "division_contact", "approver", "administrator"}
)
MANAGES: Final[frozenset[Role]] = frozenset({"unit_manager"})
MAY_SEE_CASES: Final[frozenset[Role]] = frozenset({"complaints_office"})
MAY_OPEN_ROUNDS: Final[frozenset[Role]] = frozenset({"administrator"})

COST: Final = (2**14, 8, 1)
"""scrypt's n, r and p: some 16 MiB and 50 ms a guess."""
_MEMORY: Final = 64 * 1024 * 1024


class Person(msgspec.Struct, frozen=True):
    """Somebody who may sign in.

    `password_hash` is `scrypt$n$r$p$salt$hash`, both in base64, "" where no password opens;
    `entities` are the divisions in which the roles hold, null: the whole city; `mail` is an
    address, "" for none, and `language` that of the mail.
    """

    user: str
    password_hash: str
    roles: list[Role]
    display: str = ""
    entities: list[str] | None = None
    mail: str = ""
    language: Code = "fi"

    @property
    def name(self) -> str:
        """What the desk calls the person."""
        return self.display or self.user

    def may(self, roles: frozenset[Role], division: str | None = None) -> bool:
        """Whether one of the person's roles is among these, in a division or (None) everywhere."""
        holds = self.entities is None or division in self.entities
        return holds and not roles.isdisjoint(self.roles)

    def starts_at(self, root: str) -> str:
        """The entity that the desk opens with: the first of the person's own, else the root."""
        return (self.entities or [root])[0]


def read_people(raw: bytes) -> Mapping[str, Person]:
    """The people of a JSON list, by user.

    Raises:
        msgspec.MsgspecError: the file is no such list.
    """
    return {one.user: one for one in msgspec.json.decode(raw, type=list[Person])}


def hash_password(password: str, salt: bytes) -> str:
    """A password as a people file keeps it."""
    n, r, p = COST
    digest = scrypt(password.encode(), salt=salt, n=n, r=r, p=p, maxmem=_MEMORY)
    encoded = (base64.b64encode(one).decode() for one in (salt, digest))
    return "$".join(["scrypt", str(n), str(r), str(p), *encoded])


_NOBODY: Final = hash_password("", b"nobody at all...")


def matches(person: Person | None, password: str) -> bool:
    """Whether the password is the person's; takes as long where there is no such person."""
    kept = person.password_hash if person else ""
    kind, n, r, p, salt, digest = (kept or _NOBODY).split("$")
    if kind != "scrypt":
        return False
    expected = base64.b64decode(digest)
    given = scrypt(
        password.encode(),
        salt=base64.b64decode(salt),
        n=int(n),
        r=int(r),
        p=int(p),
        maxmem=_MEMORY,
        dklen=len(expected),
    )
    return hmac.compare_digest(given, expected) and bool(kept)
