"""Builds the service from its settings; the application opens and closes what it holds."""

from functools import partial
from typing import Final

from fastapi import FastAPI

from complaints.domain.registration import as_registered
from kokemus import ingest
from kokemus.intake import Intake
from kokemus.settings import KeyedSettings
from kokemus.telemetry import Meters

SERVICE: Final = "complaints"


def create(settings: KeyedSettings, meters: Meters) -> FastAPI:
    """The application.

    Raises:
        ValueError: the keys file cannot be read.
    """
    rule = partial(as_registered, zone=settings.time_zone)
    return ingest.create_app(Intake(SERVICE, settings, meters, rule), refuse_unknown=True)
