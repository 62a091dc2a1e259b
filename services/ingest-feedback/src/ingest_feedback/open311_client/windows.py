"""Which spans of time a poll asks for, and how a span is divided whose answer was cut off.

A server caps its answers and does not say when it does: an answer that is full may have lost
requests, so it is never taken for the whole while its window can be divided.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol, TypeVar

LONGEST: Final = timedelta(days=30)
"""The standard allows 90 days; a month bounds what is read twice when a catch-up is cut off."""

SMALLEST: Final = timedelta(minutes=1)
"""Not divided further: what fills a minute is a server that does not keep to its windows."""

MARGIN: Final = timedelta(seconds=1)
"""Asked for before and after a window: servers differ in whether its ends belong to it."""


class Window(NamedTuple):
    """The span from `start` to `end`, in which requests were made."""

    start: datetime
    end: datetime

    @property
    def asked(self) -> tuple[str, str]:
        """`start_date` and `end_date`: whole seconds of UTC that hold the window and both ends."""
        end = self.end.astimezone(UTC) + MARGIN
        if end.microsecond:
            end += timedelta(seconds=1)
        return _w3(self.start.astimezone(UTC) - MARGIN), _w3(end)

    def holds(self, moment: datetime) -> bool:
        """Whether a request of this time belongs to what was asked."""
        return self.start - 2 * MARGIN <= moment <= self.end + 2 * MARGIN


class Partial(Protocol):
    """An answer that says whether it may have been cut off, and whether asking for less helps."""

    @property
    def full(self) -> bool:
        """Whether there may be more than it holds."""

    @property
    def divisible(self) -> bool:
        """Whether the server keeps to the window that it was asked for."""


A = TypeVar("A", bound=Partial)


def windows(since: datetime, now: datetime) -> list[Window]:
    """The windows that a poll reads, oldest first, without a gap.

    Args:
        since: where to start; with a start `overlap` before the place of the last poll, a change
            that comes up to `overlap` after its request is seen by the next poll.
        now: when the poll begins.
    """
    found = []
    while since < now:
        until = min(since + LONGEST, now)
        found.append(Window(since, until))
        since = until
    return found


def halves(window: Window) -> tuple[Window, Window] | None:
    """The earlier and the later half; None where a window is not divided further."""
    length = window.end - window.start
    if length <= SMALLEST:
        return None
    middle = window.start + length / 2
    return Window(window.start, middle), Window(middle, window.end)


async def answers(ask: Callable[[Window], Awaitable[A]], window: Window) -> AsyncGenerator[A]:
    """Answers that together hold every request of a window, the oldest first.

    Args:
        ask: asks the server for one window.
        window: at most `LONGEST`.

    Yields:
        Answers that are not full, but for those whose window cannot be divided: they may lack
        requests, and whoever reads them has to say so.
    """
    waiting = [window]
    while waiting:
        window = waiting.pop()
        answer = await ask(window)
        parts = halves(window) if answer.full and answer.divisible else None
        if parts is None:
            yield answer
        else:
            waiting += reversed(parts)


def _w3(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
