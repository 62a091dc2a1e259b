"""Builds the poller's process from its settings, with its health, and closes it."""

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from typing import TextIO

import httpx

from ingest_feedback.open311_client.client import Open311
from ingest_feedback.open311_client.forms import text
from ingest_feedback.open311_client.places import COLUMNS, Places
from ingest_feedback.open311_client.poller import Poller
from ingest_feedback.open311_client.settings import Open311Settings
from kokemus.contracts import events
from kokemus.intake import Intake
from kokemus.polling import process
from kokemus.polling.asking import Asking, token_in
from kokemus.polling.pace import Timing
from kokemus.polling.place import place_of
from kokemus.polling.process import system_timing
from kokemus.settings import KeyedSettings
from kokemus.telemetry import Meters


def run(
    service: str,
    settings: KeyedSettings,
    server: Open311Settings,
    places: Places,
    since: date | None = None,
) -> None:
    """Polls until SIGTERM or SIGINT.

    Args:
        service: whose poller it is.
        settings: of every service that keys open.
        server: of what is polled.
        places: where its own ids stand in the city's tree.
        since: reads again from this day instead of going on from the place of the last poll, such
            as after `places` has changed; what was sent before does not count again.
    """

    async def poll(last: events.Poll | None, meters: Meters) -> None:
        timing = system_timing()
        async with Intake(service, settings, meters) as intake, _client(server, timing) as client:
            await intake.registry_known()
            await Poller(
                server=client,
                intake=intake,
                settings=server,
                places=places,
                timing=timing,
                place=place_of(last) if since is None else server.place_before(since),
            ).run()

    process.run(service, server.source, settings, poll)


async def list_services(server: Open311Settings, file: TextIO) -> None:
    """Writes the server's services as a table of places, with their names for a person.

    Raises:
        TokenRefused: 401 or 403.
        Unavailable: the server is away, or does not answer as it should.
    """
    async with _client(server, system_timing()) as client:
        services = await client.services()
    table = csv.writer(file)
    table.writerow([*COLUMNS, "name"])
    for service in services:
        own = f"service/{text(service, 'service_code')}"
        table.writerow([own, *[""] * (len(COLUMNS) - 1), text(service, "service_name")])


@asynccontextmanager
async def _client(server: Open311Settings, timing: Timing) -> AsyncIterator[Open311]:
    def key() -> str | None:
        return None if server.key_file is None else token_in(server.key_file)

    async with httpx.AsyncClient(base_url=str(server.url), timeout=60) as http:
        yield Open311(Asking(http, dict, server.rate, timing), server, key)
