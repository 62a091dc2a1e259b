"""The command line: `python -m ingest_kiosk.main serve` or `poll`."""

import asyncio
import sys

from ingest_kiosk.app import SERVICE, create
from ingest_kiosk.happyornot import app as happyornot
from ingest_kiosk.happyornot.settings import HappyOrNotSettings
from kokemus import command_line
from kokemus.settings import ServiceSettings, load

commands = command_line.ingest_service(SERVICE, create)


@commands.command()
def poll(since: command_line.Since = None) -> None:
    """Polls HappyOrNot until SIGTERM."""
    happyornot.run(load(ServiceSettings), load(HappyOrNotSettings), since.date() if since else None)


@commands.command()
def devices() -> None:
    """Lists HappyOrNot's devices and points as CSV, for an operator to place them."""
    with command_line.told_in_a_line():
        asyncio.run(happyornot.list_devices(load(HappyOrNotSettings), sys.stdout))


def main() -> None:
    """Runs the command that was asked for."""
    commands()


if __name__ == "__main__":
    main()
