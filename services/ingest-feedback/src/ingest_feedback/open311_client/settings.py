"""What a city says about a feedback system that is polled."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, FilePath, HttpUrl
from pydantic_settings import SettingsConfigDict

from kokemus.contracts.events import IDENTIFIER_PATTERN
from kokemus.contracts.events.feedback import FeedbackLanguage
from kokemus.polling.settings import ReadAgainSettings


class Open311Settings(ReadAgainSettings):
    """KOKEMUS_OPEN311_*."""

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
    overlap: Annotated[timedelta, Field(ge=timedelta(hours=1), le=timedelta(days=3650))] = (
        timedelta(90)
    )
    """How long after it came a request may still be answered or changed."""
