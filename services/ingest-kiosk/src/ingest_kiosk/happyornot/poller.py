"""Reads the vendor window by window, and sends what is new.

The poller's place is the last `source.polled.v1` of its source. It moves only after Kafka has
confirmed every event of a window, and every window overlaps what was read before, so whatever
stops a poll, the next one reads it again; stable ids make that harmless.
"""

from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import structlog

from ingest_kiosk.happyornot.client import (
    BUTTON_FEEDBACKS,
    FOLLOW_UP_FEEDBACKS,
    SURVEYS,
    HappyOrNot,
)
from ingest_kiosk.happyornot.mapping import (
    ButtonFeedback,
    FollowUpFeedback,
    LeftOut,
    Survey,
    Translation,
    Vocabulary,
    translate,
)
from ingest_kiosk.happyornot.settings import HappyOrNotSettings
from ingest_kiosk.happyornot.windows import Window, reached, windows
from kokemus.contracts import events
from kokemus.errors import Unavailable
from kokemus.metric_names import SOURCE_PLACE, SOURCE_ROWS
from kokemus.polling.asking import TokenRefused
from kokemus.polling.pace import Timing
from kokemus.polling.place import Confirmed
from kokemus.polling.telling import Outcome, Publishes, Telling, named
from kokemus.telemetry import Meters

NAMED_REFUSALS: Final = 20
"""So many refused rows are logged one by one; the counts always hold all of them."""

KINDS: Final = ((BUTTON_FEEDBACKS, ButtonFeedback), (FOLLOW_UP_FEEDBACKS, FollowUpFeedback))


@dataclass
class Tally:
    """What a poll did so far.

    Attributes:
        read: rows that the vendor gave.
        sent: events that were new and are confirmed.
        left_out: sound rows that are not counted, by why.
        refused: rows that cannot be used, by why.
    """

    read: int = 0
    sent: int = 0
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, rows: int, sent: int, page: Translation) -> None:
        """Adds a page of so many rows, of whose events so many were new."""
        self.read += rows
        self.sent += sent
        self.left_out += page.left_out
        self.refused.update(refusal.detail for refusal in page.refused)

    @property
    def dropped(self) -> int:
        """Rows that gave no event."""
        return self.left_out.total() + self.refused.total()

    @property
    def error(self) -> str | None:
        """Names what was refused, the most frequent first; None: nothing was."""
        return named(self.refused, "rows")


class Poller:
    """Polls one source, time after time.

    Args:
        vendor: the API.
        publisher: confirms events.
        settings: the city's.
        timing: clocks and sleeper.
        meters: the metrics of this process.
        place: how far earlier polls came, None at the very first start.
    """

    def __init__(  # noqa: PLR0913 - the parts that a poll joins
        self,
        *,
        vendor: HappyOrNot,
        publisher: Publishes,
        settings: HappyOrNotSettings,
        timing: Timing,
        meters: Meters,
        place: datetime | None,
    ) -> None:
        self._vendor = vendor
        self._publisher = publisher
        self._settings = settings
        self._timing = timing
        self._meters = meters
        self._place = None if place is None else min(place, timing.now())
        self._confirmed = Confirmed()
        self._telling = Telling(settings.source, publisher, timing, meters)
        self._log = structlog.get_logger().bind(source=settings.source)

    async def run(self) -> None:
        """Polls until it is cancelled, and rests between two polls however the first one ended."""
        while True:
            await self.poll()
            await self._timing.rest(self._settings.interval)

    async def poll(self) -> events.Poll:
        """Reads every window that is due, and tells how far it came.

        It raises neither for the vendor nor for Kafka: the place stays, and the next poll goes on.

        Returns:
            What the last `source.polled.v1` of this poll says, or would say if Kafka is away.
        """
        now = self._timing.now()
        since = self._settings.since(self._place, now)
        tally = Tally()
        try:
            words = await self._vocabulary()
            for window in windows(since, now, self._settings.all_zones):
                await self._read(window, words, tally)
                self._place = reached(window, now, self._settings.all_zones)
                await self._telling.tell(self._result(since, tally))
                self._meters.set(SOURCE_PLACE, self._place.timestamp(), self._settings.source)
        except (TokenRefused, Unavailable) as error:
            return await self._telling.fail(error, self._result(since, tally))
        self._confirmed.forget_before(self._settings.since(self._place, now))
        self._telling.measure(Outcome.READ)
        return self._result(since, tally)

    async def _vocabulary(self) -> Vocabulary:
        surveys = await self._vendor.all_of(SURVEYS, Survey)
        return Vocabulary(
            source=self._settings.source,
            surveys={survey.survey_id: survey for survey in surveys},
            zone_of=self._settings.zone_of,
            reasons=self._settings.reasons,
        )

    async def _read(self, window: Window, words: Vocabulary, tally: Tally) -> None:
        """Sends what is new in a window; returns when Kafka has confirmed all of it."""
        for path, kind in KINDS:
            async with aclosing(self._vendor.pages(path, window)) as pages:
                async for rows in pages:
                    page = translate(rows, kind, words)
                    new = self._confirmed.new(page.events)
                    if new:
                        await self._publisher.publish(new)
                        self._confirmed.add(new)
                    tally.add(len(rows), len(new), page)
                    self._note(len(rows), page)

    def _note(self, rows: int, page: Translation) -> None:
        """Says in the log and the metrics what became of a page of so many rows."""
        for refusal in page.refused[:NAMED_REFUSALS]:
            self._log.warning("row_refused", row=refusal.feedback_id, detail=refusal.detail)
        dropped = Counter({why.value: count for why, count in page.left_out.items()})
        dropped["refused"] = len(page.refused)
        dropped["used"] = rows - dropped.total()
        for what, count in dropped.items():
            self._meters.add(SOURCE_ROWS, count, self._settings.source, what)

    def _result(self, since: datetime, tally: Tally) -> events.Poll:
        return events.Poll(
            source=self._settings.source,
            window_from=since,
            window_to=max(since, self._place or since),
            read=tally.read,
            sent=tally.sent,
            dropped=tally.dropped,
            error=tally.error,
            next=None if self._place is None else self._place.isoformat(),
        )
