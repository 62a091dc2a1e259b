"""Builds the service from its settings; the application opens and closes what it holds."""

from typing import Final

from fastapi import FastAPI

from ingest_feedback.open311.server import add_open311
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
    intake = Intake(SERVICE, settings, meters)
    app = ingest.create_app(intake)
    add_open311(app, intake)
    return app
