"""Reads a feed page by page from its cursor on, and sends what may go on.

A page, at `events` under the feed's address, is `{"events": [CloudEvent, ...], "next": "cursor"}`,
asked for by `cursor` (absent for the first) and `limit`. `next` stands after the page; where it is
null or stays the same, the feed is read to its end. The poller's place is the cursor in the last
`source.polled.v1`: it moves once Kafka has confirmed a page, so whatever stops a poll, the next one
reads that page again.

What is refused is named by its reason and never by its value, and the cursor moves on: the system
still has it, and `poll --again` reads all of it once more when it is mended.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec
import structlog

from complaints.feed.settings import FeedSettings
from kokemus.cloudevents import EventReader, Form, Malformed, TooMany
from kokemus.contracts import events, wire
from kokemus.errors import Refused, Unavailable
from kokemus.intake import Intake
from kokemus.keys import EVERYTHING, Key
from kokemus.metric_names import SOURCE_ROWS
from kokemus.polling.asking import Asking, TokenRefused
from kokemus.polling.pace import Timing
from kokemus.polling.telling import Outcome, Telling, named

PATH: Final = "events"
PAGE: Final = 500
LONGEST_CURSOR: Final = 2000
"""As the contract of `source.polled.v1` bounds it."""


class Page(msgspec.Struct, frozen=True):
    """What the feed answers."""

    events: msgspec.Raw
    next: str | None = None


@dataclass
class Tally:
    """What a poll did so far."""

    read: int = 0
    sent: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    turned: int = 0
    mark: str | None = None
    """The cursor after as many pages as the last power of two."""

    def goes_round(self, cursor: str | None) -> bool:
        """Notes the cursor after a page; whether it was there before, so that pages go in a circle.

        Of all cursors only one is kept (R. P. Brent, 1980), so a circle is noticed after three
        times its length at most, however many pages a poll turns.
        """
        if cursor is not None and cursor == self.mark:
            return True
        self.turned += 1
        if self.turned.bit_count() == 1:
            self.mark = cursor
        return False

    @property
    def error(self) -> str | None:
        """Names what was refused, the most frequent first; None: nothing was."""
        return named(self.refused, "events")


class Poller:
    """Polls one feed, time after time.

    Args:
        asking: the feed's address.
        intake: of the service, entered.
        settings: the city's.
        timing: clocks and sleeper.
        cursor: where earlier polls came to; None: at the very beginning.
        since: until when the feed was read then.
    """

    def __init__(  # noqa: PLR0913 - the parts that a poll joins
        self,
        *,
        asking: Asking,
        intake: Intake,
        settings: FeedSettings,
        timing: Timing,
        cursor: str | None,
        since: datetime | None,
    ) -> None:
        self._asking = asking
        self._intake = intake
        self._settings = settings
        self._timing = timing
        self._cursor = cursor
        self._since = since or timing.now()
        self._reader = EventReader(intake.types, refuse_unknown=True)
        self._key = Key("feed", "0" * 64, [EVERYTHING], [settings.source], subtree=settings.subtree)
        self._telling = Telling(settings.source, intake.publisher, timing, intake.meters)
        self._log = structlog.get_logger().bind(source=settings.source)

    async def run(self) -> None:
        """Polls until it is cancelled, and rests between two polls however the first one ended."""
        while True:
            await self.poll()
            await self._timing.rest(self._settings.interval)

    async def poll(self) -> events.Poll:
        """Reads every page that is new, and tells how far it came.

        It raises neither for the feed nor for Kafka: the place stays, and the next poll goes on.

        Returns:
            What the last `source.polled.v1` of this poll says, or would say if Kafka is away.
        """
        now = self._timing.now()
        tally = Tally()
        try:
            while await self._turn_page(tally):
                await self._telling.tell(self._result(tally, self._since))
            await self._telling.tell(self._result(tally, now))
        except (TokenRefused, Unavailable) as error:
            return await self._telling.fail(error, self._result(tally, self._since))
        self._since = now
        self._telling.measure(Outcome.READ)
        return self._result(tally, now)

    async def _turn_page(self, tally: Tally) -> bool:
        """Reads one page and sends what may go on; whether there may be more."""
        place = {} if self._cursor is None else {"cursor": self._cursor}
        response = await self._asking.get(PATH, {**place, "limit": str(PAGE)})
        try:
            page = msgspec.json.decode(response.content.removeprefix(b"\xef\xbb\xbf"), type=Page)
            received = self._reader.read(Form.BATCH, bytes(page.events), {})
        except (*wire.NOT_JSON, Malformed, TooMany):
            raise Unavailable("the feed answered no page of events") from None
        if page.next is not None and len(page.next) > LONGEST_CURSOR:
            raise Unavailable("the feed's cursor is too long")
        moved = page.next is not None and page.next != self._cursor
        if moved and tally.goes_round(page.next):
            raise Unavailable("the feed's cursor goes round in a circle")
        checked = self._intake.check(self._key, received.events, self._timing.now())
        refused = [one.refused for one in received.rejected] + list(checked.refused.values())
        await self._intake.publish(checked.events, None)
        self._note(refused, len(checked.events))
        tally.read += len(checked.events) + len(refused)
        tally.sent += len(checked.events)
        tally.refused.update(f"{one.pointer or '/'} {one.detail}" for one in refused)
        self._cursor = page.next or self._cursor
        return moved

    def _note(self, refused: list[Refused], used: int) -> None:
        """Says in the log and the metrics what became of a page."""
        self._intake.count(refused, 0)
        for why, count in Counter((one.pointer, one.detail) for one in refused).items():
            self._log.warning("events_refused", pointer=why[0], detail=why[1], count=count)
        for what, count in (("used", used), ("refused", len(refused))):
            self._intake.meters.add(SOURCE_ROWS, count, self._settings.source, what)

    def _result(self, tally: Tally, until: datetime) -> events.Poll:
        return events.Poll(
            source=self._settings.source,
            window_from=self._since,
            window_to=max(self._since, until),
            read=tally.read,
            sent=tally.sent,
            dropped=tally.refused.total(),
            error=tally.error,
            next=self._cursor,
        )
