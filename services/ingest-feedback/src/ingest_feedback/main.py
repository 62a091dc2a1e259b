"""The command line: `python -m ingest_feedback.main serve` or `poll`."""

import asyncio
import sys
from datetime import datetime
from typing import Annotated

import typer

from ingest_feedback.app import SERVICE, create
from ingest_feedback.open311_client import app as open311
from ingest_feedback.open311_client import places
from ingest_feedback.open311_client.settings import Open311Settings
from kokemus import command_line
from kokemus.errors import Unavailable
from kokemus.polling.asking import TokenRefused
from kokemus.settings import KeyedSettings, load

commands = command_line.ingest_service(SERVICE, create)


@commands.command()
def poll(
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Read again from this day; nothing counts twice."),
    ] = None,
) -> None:
    """Polls an Open311 server until SIGTERM."""
    server = load(Open311Settings)
    try:
        table = places.read(server.places_file, server.zone)
    except ValueError as error:
        sys.stderr.write(f"settings: {error}\n")
        raise typer.Exit(1) from None
    day = since.date() if since else None
    open311.run(SERVICE, load(KeyedSettings), server, table, day)


@commands.command()
def services() -> None:
    """Lists an Open311 server's services as CSV, for an operator to place them."""
    try:
        asyncio.run(open311.list_services(load(Open311Settings), sys.stdout))
    except (TokenRefused, Unavailable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def main() -> None:
    """Runs the command that was asked for."""
    commands()


if __name__ == "__main__":
    main()
