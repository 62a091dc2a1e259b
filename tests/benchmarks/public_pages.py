"""How many readers of public pages a second one service holds, while releases change.

Readers hold their connections, as a proxy in front does, and ask for page after page. Each page is
kept by its release: two different pages of one address and one release would be a mixed page.
"""

import asyncio
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from benchmarks.parts import database, folder
from kokemus_platform.kafka import EmbeddedKafka
from kokemus_platform.measuring import Measured, at_least, below, percentile
from support import fake_metrics_api, reporting_service
from support.reporting_service import Reporting

READERS: Final = 1_000
"""Readers a second that are asked for."""
SLOWEST_MS: Final = 200.0
LARGEST_KB: Final = 100.0
PATHS: Final = tuple(
    f"/{code}/{entity}"
    for code in ("fi", "sv", "en")
    for entity in ("", "helsinki", "terveysasemat", "kallio", "hammashoitolat")
)
WHY: Final = ("Korjaus.", "Rättelse.", "Correction.")
_RELEASE: Final = re.compile(rb"public-monthly\.\d{4}-\d\d\.[0-9a-f]{12}")


@dataclass
class Seen:
    """What readers got."""

    took: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    pages: dict[tuple[str, bytes], set[bytes]] = field(default_factory=dict)
    largest: int = 0

    def note(self, path: str, status: int, body: bytes, seconds: float) -> None:
        """Keeps an answer by its address and release."""
        self.took.append(seconds)
        self.statuses[status] += 1
        self.largest = max(self.largest, len(body))
        for release in set(_RELEASE.findall(body)) or {b""}:
            self.pages.setdefault((path, release), set()).add(sha256(body).digest())

    @property
    def mixed(self) -> int:
        """Pages that came in two forms from one release."""
        return sum(len(forms) > 1 for forms in self.pages.values())

    @property
    def releases(self) -> int:
        """How many releases readers saw."""
        return len({release for _, release in self.pages})


def run(*, seconds: float = 30, connections: int = 32, changes: int = 3) -> list[Measured]:
    """Reads for so long at least; so many releases are published one after the other meanwhile."""
    with (
        folder() as place,
        database(place) as postgres,
        fake_metrics_api.running() as metrics,
    ):
        kafka = EmbeddedKafka(place / "kafka")
        with reporting_service.published(place, postgres, kafka, metrics) as service:
            publishing = threading.Thread(target=_publish, args=(service, changes))
            begun = time.monotonic()

            def reading() -> bool:
                return publishing.is_alive() or time.monotonic() < begun + seconds

            publishing.start()
            seen = asyncio.run(_read(service.url, reading, connections))
            took = time.monotonic() - begun
            publishing.join()
        kafka.stop()
    good = seen.statuses[200]
    return [
        at_least("readers a second", good / took, READERS, ",.0f"),
        below("a page, 95th percentile", percentile(seen.took, 95) * 1000, SLOWEST_MS, "ms"),
        below("the largest page", seen.largest / 1000, LARGEST_KB, "kB"),
        below("answers that were no page", sum(seen.statuses.values()) - good, 1, "answers"),
        below("mixed pages", seen.mixed, 1, "pages"),
        at_least("releases that readers saw", seen.releases, changes + 1, ".0f"),
    ]


def _publish(service: Reporting, changes: int) -> None:
    for number in range(changes):
        value = 80 + number
        service.metrics.figures = [
            one | {"rounded": value} if one["metric"] == "happy_index" and one["rounded"] else one
            for one in service.metrics.figures
        ]
        service.publish(why=WHY)


async def _read(url: str, reading: Callable[[], bool], connections: int) -> Seen:
    seen = Seen()
    await asyncio.gather(*(_reader(url, reading, number, seen) for number in range(connections)))
    return seen


async def _reader(url: str, reading: Callable[[], bool], number: int, seen: Seen) -> None:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    while reading():
        number += 1
        path = PATHS[number % len(PATHS)]
        begun = time.monotonic()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        body = await reader.readexactly(int(length[1])) if length else b""
        seen.note(path, int(head.split(b" ", 2)[1]), body, time.monotonic() - begun)
    writer.close()
