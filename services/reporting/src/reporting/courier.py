"""Carries the events of approved returns to ingest-feedback until every one is taken in."""

import structlog

from kokemus.errors import Unavailable
from kokemus.metric_names import RETURN_EVENTS, RETURN_EVENTS_STANDING
from kokemus.polling.pace import Timing, back_off
from kokemus.telemetry import Meters
from reporting.feedback_client import FeedbackClient
from reporting.storage.returns import ReturnStore

_log = structlog.get_logger()


class Courier:
    """Sends what waits in the store; whoever crashes on the way sends it again, harmlessly.

    Each form goes by itself and rests by itself after a failure, so that none holds up another.
    """

    def __init__(
        self, store: ReturnStore, feedback: FeedbackClient, meters: Meters, timing: Timing
    ) -> None:
        self._store = store
        self._feedback = feedback
        self._meters = meters
        self._timing = timing
        self._failed: dict[str, tuple[int, float]] = {}
        """By form: failures in a row, and when it is tried again."""

    async def deliver(self) -> None:
        """Sends the waiting events of every form that does not rest.

        Raises:
            OperationalError: the database is away.
        """
        waiting = await self._store.forms_waiting()
        self._failed = {form: known for form, known in self._failed.items() if form in waiting}
        for form in waiting:
            attempts, rests_until = self._failed.get(form, (0, 0.0))
            if self._timing.monotonic() < rests_until:
                continue
            try:
                await self._deliver(form)
                self._failed.pop(form, None)
            except Unavailable as error:
                rest = back_off(attempts + 1, self._timing.dice)
                self._failed[form] = attempts + 1, self._timing.monotonic() + rest
                self._meters.add(RETURN_EVENTS, 1, "failed")
                _log.warning("return not delivered", form=form, why=str(error), rest=round(rest, 1))
        for state, count in (await self._store.events_standing()).items():
            self._meters.set(RETURN_EVENTS_STANDING, count, state)

    async def _deliver(self, form: str) -> None:
        waiting = await self._store.waiting(form)
        refused = await self._feedback.send([one.event for one in waiting])
        if refused:
            _log.error("return refused", form=form, why=sorted(set(refused.values())))
        numbers = [one.number for one in waiting]
        await self._store.settle(numbers, {numbers[index]: why for index, why in refused.items()})
        self._meters.add(RETURN_EVENTS, len(numbers) - len(refused), "taken")
        self._meters.add(RETURN_EVENTS, len(refused), "refused")
