"""Reads a server window by window, and sends what its requests tell.

The poller's place is the last `source.polled.v1` of its source. It moves only after Kafka has
confirmed every event of a window, and every poll begins `overlap` before it, since a request is
found by when it was made and not by when it was answered; stable ids make that harmless.
"""

from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from ingest_feedback.open311_client.client import Answer, Open311
from ingest_feedback.open311_client.forms import text
from ingest_feedback.open311_client.mapping import Told, Vocabulary, translate
from ingest_feedback.open311_client.places import Known, Places
from ingest_feedback.open311_client.settings import Open311Settings
from ingest_feedback.open311_client.windows import answers, windows
from kokemus.contracts import events
from kokemus.errors import Unavailable
from kokemus.intake import Intake
from kokemus.keys import EVERYTHING, Key
from kokemus.metric_names import SOURCE_PLACE, SOURCE_ROWS
from kokemus.polling.asking import TokenRefused
from kokemus.polling.pace import Timing
from kokemus.polling.place import Confirmed
from kokemus.polling.telling import LONGEST_ERROR, Outcome, Telling, named


@dataclass
class Tally:
    """What a poll did so far.

    Attributes:
        read: rows that came.
        sent: events that were new to this process and are confirmed.
        refused: rows that cannot be used, and what cannot be told of others, by why.
        lost_rows: rows among them that gave no event.
        cut_off: answers that may lack requests.
    """

    read: int = 0
    sent: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    lost_rows: int = 0
    cut_off: int = 0

    @property
    def error(self) -> str | None:
        """Names what is missing, the worst first; None: nothing is."""
        cut = f"{self.cut_off} answers cut off, the log says when" if self.cut_off else None
        found = [one for one in (cut, named(self.refused, "rows")) if one is not None]
        return "; ".join(found)[:LONGEST_ERROR] or None


class Poller:
    """Polls one server, time after time.

    Args:
        server: its address.
        intake: of the service, entered, its registry known.
        settings: the city's.
        places: the city's table.
        timing: clocks and sleeper.
        place: how far earlier polls came, None at the very first start.
    """

    def __init__(  # noqa: PLR0913 - the parts that a poll joins
        self,
        *,
        server: Open311,
        intake: Intake,
        settings: Open311Settings,
        places: Places,
        timing: Timing,
        place: datetime | None,
    ) -> None:
        self._server = server
        self._intake = intake
        self._settings = settings
        self._places = places
        self._timing = timing
        self._place = None if place is None else min(place, timing.now())
        self._confirmed = Confirmed()
        self._key = Key("open311", "0" * 64, [EVERYTHING], [settings.source])
        self._telling = Telling(settings.source, intake.publisher, timing, intake.meters)
        self._log = structlog.get_logger().bind(source=settings.source)

    async def run(self) -> None:
        """Polls until it is cancelled, and rests between two polls however the first one ended."""
        while True:
            await self.poll()
            await self._timing.rest(self._settings.interval)

    async def poll(self) -> events.Poll:
        """Reads every window that is due, and tells how far it came.

        It raises neither for the server nor for Kafka: the place stays, and the next poll goes on.

        Returns:
            What the last `source.polled.v1` of this poll says, or would say if Kafka is away.
        """
        now = self._timing.now()
        since = self._settings.since(self._place, now)
        tally = Tally()
        try:
            words = await self._vocabulary()
            for window in windows(since, now):
                async with aclosing(answers(self._server.requests, window)) as found:
                    async for answer in found:
                        await self._take(answer, words, tally)
                self._place = max(self._place or window.end, window.end)
                await self._telling.tell(self._result(since, tally))
                place = self._place.timestamp()
                self._intake.meters.set(SOURCE_PLACE, place, self._settings.source)
        except (TokenRefused, Unavailable) as error:
            return await self._telling.fail(error, self._result(since, tally))
        self._confirmed.forget_before(self._settings.since(self._place, now))
        if tally.cut_off:
            told = Unavailable(str(tally.error))
            return await self._telling.fail(told, self._result(since, tally))
        self._telling.measure(Outcome.READ)
        return self._result(since, tally)

    async def _vocabulary(self) -> Vocabulary:
        services = await self._server.services()
        return Vocabulary(
            source=self._settings.source,
            services=frozenset(text(service, "service_code") for service in services),
            places=self._places,
            unit=self._unit,
            zone=self._settings.zone,
            language=self._settings.language,
            answer_requested=self._settings.answer_requested,
        )

    def _unit(self, service_map_id: int) -> Known | None:
        defined = self._intake.registry.unit(service_map_id)
        return None if defined is None else Known(defined.subject, defined.time)

    async def _take(self, answer: Answer, words: Vocabulary, tally: Tally) -> None:
        """Sends what is new in an answer; returns when Kafka has confirmed all of it."""
        told, refused = translate(answer.rows, words)
        found = [event for one in told for event in one.events]
        checked = self._intake.check(self._key, found, self._timing.now())
        new = self._confirmed.new(checked.events)
        if new:
            await self._intake.publish(new, None)
            self._confirmed.add(new)
        tally.read += len(answer.rows)
        tally.sent += len(new)
        tally.lost_rows += len(refused)
        tally.refused.update(refused)
        tally.refused.update(one.unread for one in told if one.unread)
        tally.refused.update(f"{one.pointer} {one.detail}" for one in checked.refused.values())
        self._intake.count(list(checked.refused.values()), 0)
        if answer.full:
            tally.cut_off += 1
            start, end = answer.window.asked
            self._log.error("answer_cut_off", start=start, end=end, rows=len(answer.rows))
        self._note(told, refused)

    def _note(self, told: list[Told], refused: list[str]) -> None:
        """Says in the log and the metrics what became of some rows."""
        for why, count in Counter(refused).items():
            self._log.warning("rows_refused", detail=why, count=count)
        placed = sum(one.placed for one in told)
        outcomes = {"used": placed, "unplaced": len(told) - placed, "refused": len(refused)}
        for what, count in outcomes.items():
            self._intake.meters.add(SOURCE_ROWS, count, self._settings.source, what)

    def _result(self, since: datetime, tally: Tally) -> events.Poll:
        return events.Poll(
            source=self._settings.source,
            window_from=since,
            window_to=max(since, self._place or since),
            read=tally.read,
            sent=tally.sent,
            dropped=tally.lost_rows,
            error=tally.error,
            next=None if self._place is None else self._place.isoformat(),
        )
