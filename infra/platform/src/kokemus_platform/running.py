"""Where the running platform's parts are, for commands that were not told."""

from pathlib import Path
from typing import Any

import typer

from kokemus_platform.home import Home


def status() -> dict[str, Any]:
    """What `./kokemus status --json` prints, from the state folder.

    Raises:
        typer.Exit: with code 3, the platform is not up.
    """
    found = Home.of_environment().status()
    if found is None:
        typer.echo("The platform is not up: start it with ./kokemus up, or name one.", err=True)
        raise typer.Exit(3)
    return found


def bootstrap() -> str:
    """The running platform's Kafka as `host:port`."""
    return str(status()["kafka"])


def database_url() -> str:
    """The running platform's database, as whoever owns it."""
    return str(status()["database"])


def keys_file() -> Path:
    """The local platform's keys file, up or not.

    Raises:
        typer.Exit: with code 3, no platform was ever started here.
    """
    file = Home.of_environment().secrets / "keys.json"
    if not file.exists():
        typer.echo("No platform was started here yet: name a file with --file.", err=True)
        raise typer.Exit(3)
    return file
