"""What a city says about a system that is polled."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, FilePath, HttpUrl
from pydantic_settings import BaseSettings, SettingsConfigDict

from kokemus.contracts.events import IDENTIFIER_PATTERN


class FeedSettings(BaseSettings):
    """KOKEMUS_FEED_*; spans of time as ISO 8601 (PT1H)."""

    model_config = SettingsConfigDict(env_prefix="KOKEMUS_FEED_", frozen=True, extra="ignore")

    url: HttpUrl
    """Under which the pages are, at `events`."""
    token_file: FilePath
    """Holds the bearer token; read again whenever it is used."""
    source: Annotated[str, Field(pattern=IDENTIFIER_PATTERN)]
    """The id under which the city knows the system; its events name no other source."""
    subtree: str | None = None
    """The entity under which its subjects must lie; without it, the whole tree."""
    interval: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(hours=1)
    """From the end of one poll to the start of the next, give or take a tenth."""
    rate: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Requests a second at most."""
