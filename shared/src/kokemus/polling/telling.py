"""How a poller tells of itself: in the topic of sources, in the log, and in its metrics."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC
from enum import Enum
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from kokemus.contracts import events
from kokemus.errors import Unavailable
from kokemus.metric_names import SOURCE_POLLS, SOURCE_UP
from kokemus.polling.asking import TokenRefused
from kokemus.polling.pace import Timing
from kokemus.telemetry import Meters

LONGEST_ERROR: Final = 200
"""As the contract of `source.polled.v1` bounds it."""


def named(refused: Counter[str], what: str) -> str | None:
    """Names what was refused, the most frequent first; None: nothing was.

    Args:
        refused: how often, by why.
        what: was refused, such as `rows`.
    """
    if not refused:
        return None
    reasons = "; ".join(f"{why} ({count})" for why, count in refused.most_common())
    return f"{refused.total()} {what} refused: {reasons}"[:LONGEST_ERROR]


class Outcome(Enum):
    """How a poll ended. A closed list: it labels metrics."""

    READ = "read"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - no token
    UNAVAILABLE = "unavailable"


class Publishes(Protocol):
    """Whatever confirms events: `kokemus.publishing.Publisher`."""

    async def publish(self, batch: Sequence[events.Event]) -> None:
        """Returns once every event is confirmed; raises Unavailable otherwise."""


class Telling:
    """Tells of one source's polls.

    Args:
        source: the id under which the city knows it.
        publisher: confirms events.
        timing: whose clock dates what is told.
        meters: the metrics of this process.
    """

    def __init__(self, source: str, publisher: Publishes, timing: Timing, meters: Meters) -> None:
        self._source = source
        self._publisher = publisher
        self._timing = timing
        self._meters = meters

    async def tell(self, poll: events.Poll) -> None:
        """Publishes what a poll did; the newest is the poller's place.

        Raises:
            Unavailable: it is not confirmed.
        """
        now = self._timing.now()
        told = events.SourcePolled(
            specversion="1.0",
            id=f"polled/{now.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}",
            source=self._source,
            subject=self._source,
            time=now,
            data=poll,
        )
        await self._publisher.publish([told])

    async def fail(self, error: TokenRefused | Unavailable, poll: events.Poll) -> events.Poll:
        """Raises the alarm in the log, the metrics and, where Kafka is there, the topic.

        Returns:
            The poll with the error in it.
        """
        refused = isinstance(error, TokenRefused)
        outcome = Outcome.TOKEN_REFUSED if refused else Outcome.UNAVAILABLE
        log = structlog.get_logger().bind(source=self._source)
        log.error("source_not_read", outcome=outcome.value, problem=str(error))
        self.measure(outcome)
        failed = replace(poll, error=f"{outcome.value}: {error}"[:LONGEST_ERROR])
        with suppress(Unavailable):
            await self.tell(failed)
        return failed

    def measure(self, outcome: Outcome) -> None:
        """Counts a poll by how it ended."""
        self._meters.add(SOURCE_POLLS, 1, self._source, outcome.value)
        self._meters.set(SOURCE_UP, outcome is Outcome.READ, self._source)
