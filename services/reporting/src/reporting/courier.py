"""Carries the events of approved returns to ingest-feedback until every one is taken in."""

import asyncio
from typing import Final

import structlog
from sqlalchemy.exc import OperationalError

from kokemus.errors import Unavailable
from reporting.feedback_client import FeedbackClient
from reporting.storage.returns import ReturnStore

LOOK_SECONDS: Final = 2.0
"""How often the store is asked for events that wait, and how long an absent service is spared."""
AT_ONCE: Final = 500
"""Events in one request: a form has at most a few dozen, and a request takes 10,000."""

_log = structlog.get_logger()


class Courier:
    """Sends what waits in the store; whoever crashes on the way sends it again, harmlessly."""

    def __init__(self, store: ReturnStore, feedback: FeedbackClient) -> None:
        self._store = store
        self._feedback = feedback

    async def follow(self) -> None:
        """Delivers for ever; a service or a database that is away is waited for."""
        while True:
            try:
                while await self.deliver():
                    pass
            except (Unavailable, OperationalError) as error:
                _log.warning("returns not delivered", why=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    async def deliver(self) -> int:
        """Sends the first events that wait; returns how many there were.

        Raises:
            Unavailable: they are not known to be taken in, and so still wait.
        """
        waiting = await self._store.waiting(AT_ONCE)
        if not waiting:
            return 0
        refused = await self._feedback.send([one.event for one in waiting])
        if refused:
            # Only a code or an entity that was taken away since the approval leads here.
            _log.error("returns refused", why=sorted(set(refused.values())))
        numbers = [one.number for one in waiting]
        await self._store.settle(numbers, {numbers[index]: why for index, why in refused.items()})
        return len(waiting)
