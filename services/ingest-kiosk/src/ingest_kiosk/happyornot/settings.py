"""What a city says about its contract with the vendor."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, FilePath, HttpUrl, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from kokemus.contracts.codes import CodeLists
from kokemus.contracts.events import DEVICE_SOURCE_PATTERN


class HappyOrNotSettings(BaseSettings):
    """KOKEMUS_HAPPYORNOT_*; mappings are written as JSON, spans of time as ISO 8601 (PT10M)."""

    model_config = SettingsConfigDict(env_prefix="KOKEMUS_HAPPYORNOT_", frozen=True, extra="ignore")

    token_file: FilePath
    """Holds the API token; read again whenever it is used."""
    base_url: HttpUrl = HttpUrl("https://api.happy-or-not.com/v2/")
    source: Annotated[str, Field(pattern=DEVICE_SOURCE_PATTERN, max_length=64)] = "happyornot"
    """The id under which the city knows this vendor; devices' ids begin with it."""
    interval: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(minutes=10)
    """From the end of one poll to the start of the next, give or take a tenth."""
    overlap: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(days=365))] = timedelta(15)
    """How late a device that was offline may hand in its presses."""
    start: date | None = None
    """The first day that is ever read; without it, the first poll reads `overlap` back."""
    rate: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Requests a second at most."""
    zone: ZoneInfo = ZoneInfo("Europe/Helsinki")
    """The zone in which the experience points tell their time."""
    zones: dict[int, ZoneInfo] = {}
    """The zones of points that lie elsewhere, by experience point id."""
    reasons: dict[int, str] = {}
    """Codes of the list `press_reason` by the vendor's follow-up option id."""

    @field_validator("reasons")
    @classmethod
    def _are_reasons(cls, reasons: dict[int, str]) -> dict[int, str]:
        unknown = set(reasons.values()) - set(CodeLists.load().of("press_reason"))
        if unknown:
            raise ValueError(f"{len(unknown)} codes are not in the list press_reason")
        return reasons

    @property
    def all_zones(self) -> frozenset[ZoneInfo]:
        """Every zone in which a point may lie."""
        return frozenset({self.zone, *self.zones.values()})

    @property
    def first_instant(self) -> datetime | None:
        """Where `start` begins."""
        return None if self.start is None else self.midnight(self.start)

    def midnight(self, day: date) -> datetime:
        """When a day begins in the zone of most points."""
        return datetime.combine(day, time(), self.zone)

    def place_before(self, day: date) -> datetime:
        """The place of a poller that is to read from `day` on, overlap and all."""
        return self.midnight(day) + self.overlap

    def zone_of(self, experience_point: int) -> ZoneInfo:
        """The zone of a point, by its id."""
        return self.zones.get(experience_point, self.zone)
