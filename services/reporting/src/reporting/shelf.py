"""The release that readers see, opened once and kept; and the pages made from it."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from sqlalchemy.exc import OperationalError

from reporting.domain.editions import Edition
from reporting.domain.releases import Kind, Release, parse
from reporting.storage.releases import ReleaseStore

LOOK_SECONDS: Final = 1.0
"""How old the knowledge of what is published may be."""
AWAY_SECONDS: Final = 300.0
"""How long pages stay up while the database is away: a withdrawal may have come meanwhile."""
PAGES_KEPT: Final = 1_000
"""Pages of at most 100 kB each."""


@dataclass(frozen=True)
class Rendered:
    """A page's bytes with their strong ETag."""

    body: bytes
    etag: str


def rendered(body: bytes) -> Rendered:
    """A page or a file with the ETag that its bytes give."""
    return Rendered(body, f'"{sha256(body).hexdigest()[:32]}"')


@dataclass(frozen=True)
class OnShelf:
    """What is published now. Without an edition, `release` says what became of the last one."""

    release: Release | None
    edition: Edition | None


class Shelf:
    """The current release of one kind, and every page of it that was asked for.

    Each page is made from one `OnShelf`, so no page ever mixes two releases.
    """

    def __init__(self, store: ReleaseStore, kind: Kind) -> None:
        self._store = store
        self._kind: Kind = kind
        self._looked = -LOOK_SECONDS
        self._on_shelf = OnShelf(None, None)
        self._pages: OrderedDict[tuple[str, ...], Rendered] = OrderedDict()
        self._making = asyncio.Lock()

    async def current(self) -> OnShelf:
        """What is published now, known for at most a second while the database answers.

        Raises:
            OperationalError: the database has been away for too long.
        """
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS:
            try:
                self._on_shelf = await self._look()
            except OperationalError:
                if self._on_shelf.edition is None or now - self._looked > AWAY_SECONDS:
                    raise
            else:
                self._looked = now
        return self._on_shelf

    def page(self, on_shelf: OnShelf, key: tuple[str, ...], make: Callable[[], str]) -> Rendered:
        """The page of this key, made at most once for a release."""
        full = _full(on_shelf, key)
        return self._kept(full) or self._keep(full, make().encode())

    async def file(
        self, on_shelf: OnShelf, key: tuple[str, ...], make: Callable[[], bytes]
    ) -> Rendered:
        """The file of this key; files take long to make, so one at a time, beside the pages."""
        full = _full(on_shelf, key)
        async with self._making:
            return self._kept(full) or self._keep(full, await asyncio.to_thread(make))

    def _kept(self, key: tuple[str, ...]) -> Rendered | None:
        if key in self._pages:
            self._pages.move_to_end(key)
        return self._pages.get(key)

    def _keep(self, key: tuple[str, ...], body: bytes) -> Rendered:
        kept = self._pages[key] = rendered(body)
        while len(self._pages) > PAGES_KEPT:
            self._pages.popitem(last=False)
        return kept

    async def _look(self) -> OnShelf:
        release = await self._store.latest_public(self._kind)
        known = self._on_shelf
        if release is None or release.state != "published":
            self._pages.clear()
            return OnShelf(release, None)
        if known.edition is not None and known.edition.id == release.id:
            return OnShelf(release, known.edition)
        body = await self._store.body(release.hash)
        self._pages.clear()
        if body is None:  # withdrawn since it was looked up
            return OnShelf(await self._store.latest_public(self._kind), None)
        return OnShelf(release, Edition(release.id, parse(body)))


def _full(on_shelf: OnShelf, key: tuple[str, ...]) -> tuple[str, ...]:
    release = on_shelf.release.id if on_shelf.release else ""
    return release, "" if on_shelf.edition is None else "open", *key
