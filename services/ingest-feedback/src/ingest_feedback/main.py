"""The command line: `python -m ingest_feedback.main serve` or `poll`."""

import asyncio
import sys

import typer

from ingest_feedback.app import SERVICE, create
from ingest_feedback.open311_client import app as open311
from ingest_feedback.open311_client import places
from ingest_feedback.open311_client.settings import Open311Settings
from kokemus import command_line
from kokemus.settings import KeyedSettings, load

commands = command_line.ingest_service(SERVICE, create)


@commands.command()
def poll(since: command_line.Since = None) -> None:
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
    with command_line.told_in_a_line():
        asyncio.run(open311.list_services(load(Open311Settings), sys.stdout))


def main() -> None:
    """Runs the command that was asked for."""
    commands()


if __name__ == "__main__":
    main()
