"""A TCP proxy that fails on command, for tests of what a broken network does."""

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Literal, Self

Direction = Literal["to_target", "to_client"]

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on with no time: closing sends a reset, as a broken connection does."""


class FaultProxy:
    """Forwards connections from a loopback port of its own to a target, until told otherwise.

    Thread-safe; a context manager. What it has forwarded is counted in `forwarded`, by direction.
    """

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.forwarded: dict[Direction, int] = {"to_target": 0, "to_client": 0}
        self._target = (host, port)
        self._lock = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._left: dict[Direction, int | None] = {"to_target": None, "to_client": None}
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._threads: list[threading.Thread] = []
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    @property
    def address(self) -> str:
        """Where to connect, as host:port."""
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._accept()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.refuse()
        for thread in self._threads:
            thread.join(10)

    def cut(self) -> None:
        """Reset every connection now; new ones are taken."""
        with self._lock:
            pairs, self._pairs = self._pairs, set()
        self._flowing.set()
        for pair in pairs:
            for end in pair:
                _reset(end)

    def refuse(self) -> None:
        """Reset every connection and refuse new ones, until `mend`."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self.cut()

    def blackhole(self) -> None:
        """Keep every connection, take new ones, and pass nothing on, until `mend` or `cut`."""
        self._flowing.clear()

    def cut_after(self, count: int, direction: Direction) -> None:
        """Pass on `count` bytes more in this direction, then cut every connection, once."""
        with self._lock:
            self._left[direction] = count

    def mend(self) -> None:
        """Forward again, after whatever was done to it."""
        with self._lock:
            self._left = {"to_target": None, "to_client": None}
        self._flowing.set()
        if self._listener.fileno() == -1:
            self._listener = self._listen(self.port)
            self._accept()

    @staticmethod
    def _listen(port: int) -> socket.socket:
        return socket.create_server(("127.0.0.1", port), backlog=128)

    def _accept(self) -> None:
        listener = self._listener

        def run() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                self._connect(client)

        self._start(run)

    def _connect(self, client: socket.socket) -> None:
        try:
            target = socket.create_connection(self._target, timeout=5)
        except OSError:
            _reset(client)
            return
        target.settimeout(None)
        pair = (client, target)
        with self._lock:
            self._pairs.add(pair)
        self._start(lambda: self._pump(client, target, "to_target", pair))
        self._start(lambda: self._pump(target, client, "to_client", pair))

    def _pump(
        self,
        source: socket.socket,
        sink: socket.socket,
        direction: Direction,
        pair: tuple[socket.socket, socket.socket],
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self._flowing.wait()
                allowed, last = self._allowed(data, direction)
                sink.sendall(allowed)
                if last:
                    self.cut()
                    return
        with self._lock:
            known = pair in self._pairs
            self._pairs.discard(pair)
        if known:
            for end in pair:
                _reset(end)

    def _allowed(self, data: bytes, direction: Direction) -> tuple[bytes, bool]:
        """What of the data may pass, and whether the cut comes after it."""
        with self._lock:
            left = self._left[direction]
            allowed = data if left is None else data[:left]
            self.forwarded[direction] += len(allowed)
            if left is None:
                return allowed, False
            self._left[direction] = left - len(allowed) if len(data) < left else None
            return allowed, len(data) >= left

    def _start(self, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, daemon=True, name="fault-proxy")
        self._threads.append(thread)
        thread.start()


def _reset(end: socket.socket) -> None:
    with suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        end.shutdown(socket.SHUT_RD)  # wakes the thread that reads, and sends nothing
    end.close()
