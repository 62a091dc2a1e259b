"""What a city says about its contract with the vendor."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, FilePath, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict

from kokemus.contracts.events import IDENTIFIER_PATTERN

Zone = Annotated[str, AfterValidator(lambda name: ZoneInfo(name).key)]
"""The name of a time zone, such as Europe/Helsinki."""


class HappyOrNotSettings(BaseSettings):
    """KOKEMUS_HAPPYORNOT_*; lists and mappings are written as JSON.

    Attributes:
        token_file: holds the API token; it is read anew for every poll.
        base_url: where the API is.
        source: the id under which the city knows this vendor.
        interval: from the end of one poll to the start of the next.
        overlap: how late a device that was offline may hand in its presses.
        start: the first day that is ever read; without it, the first poll reads `overlap` back.
        rate: requests a second at most.
        zone: the time zone of the experience points.
        zones: the zones of points that lie elsewhere, by experience point id.
        reasons: codes of the list `press_reason` by the vendor's follow-up option id.
    """

    model_config = SettingsConfigDict(env_prefix="KOKEMUS_HAPPYORNOT_", frozen=True)

    token_file: FilePath
    base_url: HttpUrl = HttpUrl("https://api.happy-or-not.com/v2/")
    source: Annotated[str, Field(pattern=IDENTIFIER_PATTERN, max_length=64)] = "happyornot"
    interval: Annotated[timedelta, Field(ge=timedelta(seconds=10))] = timedelta(minutes=10)
    overlap: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(days=365))] = timedelta(
        days=15
    )
    start: date | None = None
    rate: Annotated[float, Field(gt=0, le=50)] = 1.0
    zone: Zone = "Europe/Helsinki"
    zones: dict[int, Zone] = {}
    reasons: dict[int, str] = {}

    @property
    def all_zones(self) -> frozenset[ZoneInfo]:
        """Every zone in which a point may lie."""
        return frozenset(map(ZoneInfo, {self.zone, *self.zones.values()}))

    @property
    def first_instant(self) -> datetime | None:
        """Where `start` begins."""
        if self.start is None:
            return None
        return datetime.combine(self.start, time(), tzinfo=ZoneInfo(self.zone))

    def zone_of(self, experience_point: int) -> ZoneInfo:
        """The zone of a point, by its id."""
        return ZoneInfo(self.zones.get(experience_point, self.zone))
