"""What a city says about a system that is polled."""

from typing import Annotated

from pydantic import Field, FilePath, HttpUrl
from pydantic_settings import SettingsConfigDict

from kokemus.contracts.events import IDENTIFIER_PATTERN
from kokemus.polling.settings import PolledSettings


class FeedSettings(PolledSettings):
    """KOKEMUS_FEED_*."""

    model_config = SettingsConfigDict(env_prefix="KOKEMUS_FEED_", frozen=True, extra="ignore")

    url: HttpUrl
    """Under which the pages are, at `events`."""
    token_file: FilePath
    """Holds the bearer token; read again whenever it is used."""
    source: Annotated[str, Field(pattern=IDENTIFIER_PATTERN)]
    """The id under which the city knows the system; its events name no other source."""
    subtree: str | None = None
    """The entity under which its subjects must lie; without it, the whole tree."""
