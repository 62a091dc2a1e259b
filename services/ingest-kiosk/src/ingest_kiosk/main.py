"""The command line: `python -m ingest_kiosk.main serve` or `poll`."""

import asyncio
import sys
from datetime import datetime
from typing import Annotated

import typer

from ingest_kiosk.app import SERVICE, create
from ingest_kiosk.happyornot import app as happyornot
from ingest_kiosk.happyornot.settings import HappyOrNotSettings
from kokemus import command_line
from kokemus.errors import Unavailable
from kokemus.polling.asking import TokenRefused
from kokemus.settings import ServiceSettings, load

commands = command_line.ingest_service(SERVICE, create)


@commands.command()
def poll(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Read again from this day; nothing counts twice."),
    ] = None,
) -> None:
    """Polls HappyOrNot until SIGTERM."""
    happyornot.run(load(ServiceSettings), load(HappyOrNotSettings), since.date() if since else None)


@commands.command()
def devices() -> None:
    """Lists HappyOrNot's devices and points as CSV, for an operator to place them."""
    try:
        asyncio.run(happyornot.list_devices(load(HappyOrNotSettings), sys.stdout))
    except (TokenRefused, Unavailable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def main() -> None:
    """Runs the command that was asked for."""
    commands()


if __name__ == "__main__":
    main()
