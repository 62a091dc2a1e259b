"""API keys with scopes, stored hashed in a file that is read again when it changes.

A token is `kok_{id}_{secret}` with 256 random bits of secret, so an unsalted SHA-256 of the whole
token is as safe as a slow hash would be.
"""

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path
from typing import Annotated, Final

import msgspec
import structlog

from kokemus.problems import Problem, unauthorized

_TOKEN: Final = re.compile(r"kok_([A-Za-z0-9-]{1,64})_[A-Za-z0-9_-]{43}")
_NOBODY: Final = "0" * 64
EVERYTHING: Final = "*"

_log = structlog.get_logger()


class Key(msgspec.Struct, frozen=True, omit_defaults=True):
    """One key: who may send which events from which sources for which part of the tree."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]{1,64}$")]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
    types: list[str] = []
    """Event types without `fi.hel.kokemus.`; `*`: every one."""
    sources: list[str] = []
    """CloudEvents `source` values; `*`: every one."""
    subtree: str | None = None
    """The entity under which subjects must lie; null or the root: everything."""
    read: bool = False
    """May read the metrics API."""

    def may_send(self, event_type: str) -> bool:
        """Whether the key's scope has this type (without `fi.hel.kokemus.`)."""
        return event_type in self.types or EVERYTHING in self.types

    def may_speak_for(self, source: str) -> bool:
        """Whether the key's scope has this source."""
        return source in self.sources or EVERYTHING in self.sources


class KeysFile(msgspec.Struct, frozen=True):
    """The file's content."""

    keys: list[Key]


def create(
    key_id: str,
    *,
    types: list[str],
    sources: list[str],
    subtree: str | None = None,
    read: bool = False,
) -> tuple[str, Key]:
    """Makes a new key: the token, to be shown once, and the entry for the file.

    Raises:
        ValueError: the id is not 1 to 64 letters, digits or hyphens.
    """
    token = f"kok_{key_id}_{secrets.token_urlsafe(32)}"
    if not _TOKEN.fullmatch(token):
        raise ValueError("a key's id is 1 to 64 letters, digits or hyphens")
    return token, Key(key_id, _digest(token), types, sources, subtree, read)


class Keys:
    """The keys of a mounted file, as they stand now.

    A file that can no longer be read keeps the keys that were read last, and says so in the log:
    a half-written file must not lock every source out.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            ValueError: it cannot be read, or is not what it should be.
        """
        self._path = path
        self._stamp: tuple[int, ...] | None = None
        self._keys: dict[str, Key] = {}
        self._complained = False
        self._known: dict[str, Key] = {}  # by tokens that were held against their digest
        try:
            self._read(self._stat())
        except (OSError, msgspec.MsgspecError) as error:
            raise ValueError(f"keys file {path}: {type(error).__name__}") from error

    def find(self, token: str) -> Key | None:
        """The key of a token, or None for one that is unknown, foreign or revoked."""
        self._refresh()
        if token in self._known:
            return self._known[token]
        match = _TOKEN.fullmatch(token)
        if match is None:
            return None
        key = self._keys.get(match[1])
        known = key.sha256 if key else _NOBODY
        if key is None or not hmac.compare_digest(_digest(token), known):
            return None
        self._known[token] = key  # as many as there are keys at most
        return key

    def of_header(self, authorization: str | None) -> Key:
        """The key of an `Authorization: Bearer` header.

        Raises:
            Problem: 401.
        """
        scheme, _, token = (authorization or "").partition(" ")
        key = self.find(token.strip()) if scheme.lower() == "bearer" else None
        if key is None:
            raise unauthorized()
        return key

    def reader(self, authorization: str | None) -> Key:
        """The key of a header, where it may read.

        Raises:
            Problem: 401 or 403.
        """
        key = self.of_header(authorization)
        if not key.read:
            raise Problem(403, "this key may not read")
        return key

    def _stat(self) -> tuple[int, ...]:
        found = os.stat(self._path)  # noqa: PTH116 - on every request
        return (found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_size)

    def _refresh(self) -> None:
        try:
            stamp = self._stat()
            if stamp != self._stamp:
                self._read(stamp)
                _log.info("keys read", keys=len(self._keys))
        except (OSError, msgspec.MsgspecError) as error:
            if not self._complained:
                _log.error("keys file unreadable, the last keys hold", error=type(error).__name__)
            self._complained = True

    def _read(self, stamp: tuple[int, ...]) -> None:
        content = msgspec.json.decode(self._path.read_bytes(), type=KeysFile)
        self._keys = {key.id: key for key in content.keys}
        self._known = {}
        self._stamp = stamp
        self._complained = False


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
