"""The command line that every ingest service has."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

import typer
from fastapi import FastAPI

from kokemus import telemetry, web
from kokemus.errors import Unavailable
from kokemus.polling.asking import TokenRefused
from kokemus.settings import KeyedSettings, load
from kokemus.telemetry import Meters

Since = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Read again from this day; nothing counts twice."),
]
"""Of `poll`, where a poller reads by spans of time."""


@contextmanager
def told_in_a_line() -> Iterator[None]:
    """Ends a command that asks a source with 1 and what the source said."""
    try:
        yield
    except (TokenRefused, Unavailable) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


def ingest_service(name: str, create: Callable[[KeyedSettings, Meters], FastAPI]) -> typer.Typer:
    """Commands with `serve`; a service adds those that only it has.

    Args:
        name: the service's name, such as `complaints`.
        create: builds its application; a `ValueError` is a bad setting.
    """
    commands = typer.Typer(help=f"Kokemus {name}.", no_args_is_help=True)

    @commands.callback()
    def settings_come_from_the_environment() -> None:
        """Settings are read from the environment, see KOKEMUS_*."""

    @commands.command()
    def serve() -> None:
        """Serves HTTP until SIGTERM."""
        settings = load(KeyedSettings)
        meters = telemetry.setup(name, settings)
        try:
            app = create(settings, meters)
        except ValueError as error:
            sys.stderr.write(f"settings: {error}\n")
            raise SystemExit(1) from None
        web.serve(app, settings, meters)

    return commands
