"""Builds the service from its settings; the application opens and closes what it holds."""

from typing import Final

from fastapi import FastAPI

from kokemus import ingest
from kokemus.intake import Intake
from kokemus.settings import KeyedSettings
from kokemus.telemetry import Meters

SERVICE: Final = "ingest-feedback"


def create(settings: KeyedSettings, meters: Meters) -> FastAPI:
    """The application.

    Raises:
        ValueError: the keys file cannot be read.
    """
    return ingest.create_app(Intake(SERVICE, settings, meters))
