"""Builds the poller's process from its settings, with its health, and closes it."""

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from functools import partial
from typing import TextIO

import httpx

from ingest_kiosk.happyornot.client import (
    BUTTON_FEEDBACKS,
    EXPERIENCE_POINTS,
    SMILEYS,
    HappyOrNot,
    readable,
)
from ingest_kiosk.happyornot.devices import ExperiencePoint, Line, Smiley, listing
from ingest_kiosk.happyornot.mapping import ButtonFeedback
from ingest_kiosk.happyornot.poller import Poller
from ingest_kiosk.happyornot.settings import HappyOrNotSettings
from ingest_kiosk.happyornot.windows import windows
from kokemus.contracts import events
from kokemus.polling import process
from kokemus.polling.asking import token_in
from kokemus.polling.pace import Timing
from kokemus.polling.place import place_of
from kokemus.polling.process import system_timing
from kokemus.publishing import Publisher
from kokemus.settings import ServiceSettings
from kokemus.telemetry import Meters


def run(settings: ServiceSettings, vendor: HappyOrNotSettings, since: date | None = None) -> None:
    """Polls until SIGTERM or SIGINT.

    Args:
        settings: of every service.
        vendor: of this source.
        since: reads again from this day instead of going on from the place of the last poll, such
            as after a follow-up option was mapped; what was sent before does not count again.
    """

    async def poll(last: events.Poll | None, meters: Meters) -> None:
        timing = system_timing()
        async with Publisher(settings, meters) as publisher, _client(vendor, timing) as client:
            await Poller(
                vendor=client,
                publisher=publisher,
                settings=vendor,
                timing=timing,
                meters=meters,
                place=place_of(last) if since is None else vendor.place_before(since),
            ).run()

    process.run("ingest-kiosk", vendor.source, settings, poll)


async def list_devices(vendor: HappyOrNotSettings, file: TextIO) -> None:
    """Writes the vendor's devices as CSV, with where they were pressed within the overlap.

    Raises:
        TokenRefused: 401 or 403.
        Unavailable: the vendor is away, or does not answer as it should.
    """
    timing = system_timing()
    now = timing.now()
    presses: list[ButtonFeedback] = []
    async with _client(vendor, timing) as client:
        smileys = await client.all_of(SMILEYS, Smiley)
        points = await client.all_of(EXPERIENCE_POINTS, ExperiencePoint)
        for window in windows(now - vendor.overlap, now, vendor.all_zones):
            async for rows in client.pages(BUTTON_FEEDBACKS, window):
                presses += readable(rows, ButtonFeedback)
    table = csv.writer(file)
    table.writerow(Line._fields)
    table.writerows(listing(vendor.source, smileys, points, presses))


@asynccontextmanager
async def _client(vendor: HappyOrNotSettings, timing: Timing) -> AsyncIterator[HappyOrNot]:
    async with httpx.AsyncClient(base_url=str(vendor.base_url), timeout=60) as http:
        yield HappyOrNot(http, partial(token_in, vendor.token_file), vendor.rate, timing)
