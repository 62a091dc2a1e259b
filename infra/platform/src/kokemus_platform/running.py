"""Where the running platform's parts are, for commands that were not told."""

import json
import os
from pathlib import Path
from typing import Any, Final

import typer

REPOSITORY: Final = Path(__file__).resolve().parents[4]


def status() -> dict[str, Any]:
    """What `./kokemus status --json` prints, from the state folder.

    Raises:
        typer.Exit: with code 3, the platform is not up.
    """
    home = Path(os.environ.get("KOKEMUS_HOME") or REPOSITORY / ".kokemus")
    try:
        found: dict[str, Any] = json.loads((home / "status.json").read_bytes())
    except FileNotFoundError:
        typer.echo("The platform is not up: start it with ./kokemus up, or name one.", err=True)
        raise typer.Exit(3) from None
    return found


def bootstrap() -> str:
    """The running platform's Kafka as `host:port`."""
    return str(status()["kafka"])
