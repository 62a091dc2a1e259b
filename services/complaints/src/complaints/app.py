"""Builds the service from its settings; the application opens and closes what it holds."""

from functools import partial
from typing import Final

from fastapi import FastAPI

from complaints.domain.authorities import authorities
from complaints.domain.registration import as_registered
from kokemus import ingest
from kokemus.contracts.codes import CodeLists
from kokemus.intake import Intake
from kokemus.settings import KeyedSettings
from kokemus.telemetry import Meters

SERVICE: Final = "complaints"


def create(settings: KeyedSettings, meters: Meters) -> FastAPI:
    """The application.

    Raises:
        ValueError: the keys file cannot be read.
    """
    return ingest.create_app(intake(settings, meters), refuse_unknown=True)


def intake(settings: KeyedSettings, meters: Meters) -> Intake:
    """What stands between a source and the topics here, whichever way its cases come.

    Raises:
        ValueError: the keys file or the codes file cannot be read.
    """
    codes = CodeLists.load(settings.codes_file).of("authority")
    rule = partial(as_registered, zone=settings.time_zone, authorities=authorities(codes))
    return Intake(SERVICE, settings, meters, rule)
