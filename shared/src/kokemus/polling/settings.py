"""What a city says of every system that is polled, and of those that are read by spans of time."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field
from pydantic_settings import BaseSettings


class PolledSettings(BaseSettings):
    """How often a system is asked; spans of time as ISO 8601 (PT1H)."""

    interval: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(hours=1)
    """From the end of one poll to the start of the next, give or take a tenth."""
    rate: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Requests a second at most."""


class ReadAgainSettings(PolledSettings):
    """From when on a system is read, where each poll reads again what may still change."""

    overlap: timedelta
    """How long before the place of the last poll the next one begins."""
    start: date | None = None
    """The first day that is ever read; without it, the first poll reads `overlap` back."""
    zone: ZoneInfo = ZoneInfo("Europe/Helsinki")
    """By whose clocks the system's times without an offset are."""

    def midnight(self, day: date) -> datetime:
        """When a day begins."""
        return datetime.combine(day, time(), self.zone)

    def since(self, place: datetime | None, now: datetime) -> datetime:
        """Where a poll begins to read.

        Args:
            place: how far earlier polls came; None: there were none.
            now: when the poll begins.
        """
        floor = None if self.start is None else self.midnight(self.start)
        if place is None and floor is not None:
            return floor
        since = min(place or now, now) - self.overlap
        return since if floor is None else max(since, floor)

    def place_before(self, day: date) -> datetime:
        """The place of a poller that is to read from `day` on, overlap and all."""
        return self.midnight(day) + self.overlap
