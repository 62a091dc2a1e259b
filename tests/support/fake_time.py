"""Time that passes only when somebody sleeps."""

import random
from collections.abc import Callable
from datetime import datetime, timedelta

from kokemus.polling.pace import Timing


class FakeTime:
    """A clock that stands still until it is slept on; `slept` keeps every wait in seconds."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.slept: list[float] = []
        self.on_sleep: Callable[[], None] = lambda: None

    @property
    def timing(self) -> Timing:
        return Timing(
            now=lambda: self.now,
            monotonic=self._monotonic,
            sleep=self.sleep,
            dice=random.Random(1),
        )

    def _monotonic(self) -> float:
        return self.now.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)
        self.on_sleep()

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)
