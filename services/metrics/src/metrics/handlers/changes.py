"""Server-sent events: a reader hears that figures changed, and asks for those it shows."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

HEARTBEAT_SECONDS: Final = 15.0
QUEUE: Final = 64
"""A reader so many changes behind is dropped: it comes back and is told to reset."""

REMEMBERED: Final = 1_000
"""Versions that a reader who comes back may have seen last."""


class Changes:
    """Hands each new version of the data to every reader."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[str | None]] = set()
        self._recent: deque[str] = deque(maxlen=REMEMBERED)

    def tell(self, version: str) -> None:
        """The data have a new version. Never waits."""
        self._recent.append(version)
        for reader in list(self._readers):
            try:
                reader.put_nowait(version)
            except asyncio.QueueFull:
                self._drop(reader)

    def close(self) -> None:
        """End every reader's stream."""
        for reader in list(self._readers):
            self._drop(reader)

    def _drop(self, reader: asyncio.Queue[str | None]) -> None:
        self._readers.discard(reader)
        while not reader.empty():
            reader.get_nowait()
        reader.put_nowait(None)

    async def stream(self, last_seen: str | None) -> AsyncIterator[bytes]:
        """The events of one reader, from what it saw last.

        Args:
            last_seen: its `Last-Event-ID`; one that is unknown gets `reset`.
        """
        reader: asyncio.Queue[str | None] = asyncio.Queue(QUEUE)
        self._readers.add(reader)
        try:
            newest = self._recent[-1] if self._recent else ""
            if last_seen is not None and last_seen not in self._recent:
                yield _event("reset", newest)
            elif last_seen is not None and last_seen != newest:
                yield _event("changed", newest)
            else:
                yield b": connected\n\n"
            while True:
                try:
                    version = await asyncio.wait_for(reader.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield b": heartbeat\n\n"
                    continue
                if version is None:
                    return
                yield _event("changed", version)
        finally:
            self._readers.discard(reader)


def _event(name: str, version: str) -> bytes:
    return f"id: {version}\nevent: {name}\ndata: {{}}\n\n".encode()
