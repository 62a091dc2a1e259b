"""What a city says about its contract with the vendor."""

from datetime import timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field, FilePath, HttpUrl, field_validator
from pydantic_settings import SettingsConfigDict

from kokemus.contracts.codes import CodeLists
from kokemus.contracts.events import DEVICE_SOURCE_PATTERN
from kokemus.polling.settings import ReadAgainSettings


class HappyOrNotSettings(ReadAgainSettings):
    """KOKEMUS_HAPPYORNOT_*; mappings are written as JSON. `zone` is that of most points."""

    model_config = SettingsConfigDict(env_prefix="KOKEMUS_HAPPYORNOT_", frozen=True, extra="ignore")

    token_file: FilePath
    """Holds the API token; read again whenever it is used."""
    base_url: HttpUrl = HttpUrl("https://api.happy-or-not.com/v2/")
    source: Annotated[str, Field(pattern=DEVICE_SOURCE_PATTERN, max_length=64)] = "happyornot"
    """The id under which the city knows this vendor; devices' ids begin with it."""
    interval: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(minutes=10)
    overlap: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(days=365))] = timedelta(15)
    """How late a device that was offline may hand in its presses."""
    zones: dict[int, ZoneInfo] = Field(default_factory=dict)
    """The zones of points that lie elsewhere, by experience point id."""
    reasons: dict[int, str] = Field(default_factory=dict)
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

    def zone_of(self, experience_point: int) -> ZoneInfo:
        """The zone of a point, by its id."""
        return self.zones.get(experience_point, self.zone)
