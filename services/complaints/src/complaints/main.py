"""The command line: `python -m complaints.main serve` or `poll`."""

from typing import Annotated

import typer

from complaints.app import SERVICE, create
from complaints.feed import app as feed
from complaints.feed.settings import FeedSettings
from kokemus import command_line
from kokemus.settings import KeyedSettings, load

commands = command_line.ingest_service(SERVICE, create)


@commands.command()
def poll(
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Read from the beginning; nothing counts twice.")
    ] = False,
) -> None:
    """Polls a feed of cases until SIGTERM."""
    feed.run(load(KeyedSettings), load(FeedSettings), again=again)


def main() -> None:
    """Runs the command that was asked for."""
    commands()


if __name__ == "__main__":
    main()
