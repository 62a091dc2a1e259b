"""Sends the demo's events to their services over HTTP, as any source system would."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import httpx

from kokemus.contracts import events, wire

BATCH: Final = 5_000
"""About 2 MB, a fifth of what a request may hold."""
CONNECTIONS: Final = 3
"""Enough to keep one ingest process busy while the generator makes the next batch."""
PATIENCE: Final = 60
"""So many times in a row a batch may meet a service that is away, a second apart."""


class FeedRefusedError(Exception):
    """The service will not have the demo's events; the message says why."""


async def feed(http: httpx.AsyncClient, source: Iterable[events.Event]) -> int:
    """Sends everything, in batches over a few connections; returns how many were accepted.

    Safe to repeat and to break off: the ids are stable.

    Args:
        http: a client with the service's address and an authorised key.
        source: the events, taken as they are needed.

    Raises:
        FeedRefusedError: the service refused a batch or an event in it, or stayed away.
    """
    batches = _batches(source)
    total = 0

    async def connection() -> None:
        nonlocal total
        for batch in batches:
            await send(http, batch)
            total += len(batch)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(connection())
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return total


async def send(http: httpx.AsyncClient, batch: Iterable[events.Event]) -> None:
    """Sends one batch, again and again while the service is away.

    Raises:
        FeedRefusedError: it refused something, or stayed away.
    """
    body = b"\n".join(map(wire.encode, batch))
    why = ""
    for _ in range(PATIENCE):
        try:
            answer = await http.post(
                "/v1/events", content=body, headers={"Content-Type": "application/x-ndjson"}
            )
        except httpx.TransportError as error:
            why = type(error).__name__
        else:
            if answer.status_code == httpx.codes.ACCEPTED and not answer.json()["rejected"]:
                return
            why = f"{answer.status_code} {answer.text[:500]}"
            if not answer.is_server_error:
                break
        await asyncio.sleep(1)
    raise FeedRefusedError(f"the demo's events were not taken: {why}")


def _batches(source: Iterable[events.Event]) -> Iterator[list[events.Event]]:
    remaining = iter(source)
    while batch := list(islice(remaining, BATCH)):
        yield batch
