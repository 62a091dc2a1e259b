"""Where the running platform's parts are, for commands that were not told."""

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
