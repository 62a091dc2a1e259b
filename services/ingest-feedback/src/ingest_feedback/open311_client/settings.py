"""What a city says about a feedback system that is polled."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, FilePath, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict

from kokemus.contracts.events import IDENTIFIER_PATTERN
from kokemus.contracts.events.feedback import FeedbackLanguage


class Open311Settings(BaseSettings):
    """KOKEMUS_OPEN311_*; spans of time as ISO 8601 (PT1H)."""

    model_config = SettingsConfigDict(env_prefix="KOKEMUS_OPEN311_", frozen=True, extra="ignore")

    url: HttpUrl
    """Under which `services` and `requests` are."""
    source: Annotated[str, Field(pattern=IDENTIFIER_PATTERN, max_length=40)] = "open311"
    """The id under which the city knows the system."""
    key_file: FilePath | None = None
    """Holds the `api_key`, where the system asks for one; read again whenever it is used."""
    jurisdiction: str | None = None
    """The `jurisdiction_id`, where the system serves more than one city."""
    form: Literal["json", "xml"] = "json"
    """What is asked for. The standard demands XML and leaves JSON to the server."""
    extensions: bool = True
    """Whether `extensions=true` is asked for: it brings detailed states and units."""
    cap: Annotated[int, Field(ge=2)] = 200
    """An answer of so many requests may have been cut off. At most what the server caps at."""
    places_file: FilePath | None = None
    """Which entity and kind the system's own ids stand for: see the README."""
    language: FeedbackLanguage = "fi"
    """GeoReport does not tell in which language a request is written."""
    answer_requested: bool = True
    """GeoReport does not tell who wants an answer: whoever asks can follow the request there."""
    interval: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(hours=1)
    """From the end of one poll to the start of the next, give or take a tenth."""
    overlap: Annotated[timedelta, Field(ge=timedelta(hours=1), le=timedelta(days=3650))] = (
        timedelta(90)
    )
    """How long after it came a request may still be answered or changed."""
    start: date | None = None
    """The first day that is ever read; without it, the first poll reads `overlap` back."""
    rate: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Requests a second at most."""
    zone: ZoneInfo = ZoneInfo("Europe/Helsinki")
    """By whose clocks the system's times without an offset are."""

    @property
    def first_instant(self) -> datetime | None:
        """Where `start` begins."""
        return None if self.start is None else self.midnight(self.start)

    def midnight(self, day: date) -> datetime:
        """When a day begins."""
        return datetime.combine(day, time(), self.zone)

    def place_before(self, day: date) -> datetime:
        """The place of a poller that is to read from `day` on, overlap and all."""
        return self.midnight(day) + self.overlap
