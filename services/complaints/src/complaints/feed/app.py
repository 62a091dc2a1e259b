"""Builds the poller's process from its settings."""

from functools import partial

import httpx

from complaints.app import SERVICE, intake
from complaints.feed.poller import Poller
from complaints.feed.settings import FeedSettings
from kokemus.contracts import events
from kokemus.polling import process
from kokemus.polling.asking import Asking, token_in
from kokemus.polling.process import system_timing
from kokemus.settings import KeyedSettings
from kokemus.telemetry import Meters


def run(settings: KeyedSettings, feed: FeedSettings, *, again: bool = False) -> None:
    """Polls until SIGTERM or SIGINT.

    Args:
        settings: of every service that keys open.
        feed: of what is polled.
        again: reads from the beginning; what was sent before does not count again.
    """

    async def poll(last: events.Poll | None, meters: Meters) -> None:
        timing = system_timing()
        known = None if again else last
        async with (
            intake(settings, meters) as taken_in,
            httpx.AsyncClient(base_url=str(feed.url), timeout=60) as http,
        ):
            await taken_in.registry_known()
            token = partial(token_in, feed.token_file)
            await Poller(
                asking=Asking(
                    http, lambda: {"Authorization": f"Bearer {token()}"}, feed.rate, timing
                ),
                intake=taken_in,
                settings=feed,
                timing=timing,
                cursor=known.next if known else None,
                since=known.window_to if known else None,
            ).run()

    process.run(SERVICE, feed.source, settings, poll)
