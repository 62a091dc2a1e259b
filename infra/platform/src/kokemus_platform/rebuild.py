"""`./kokemus rebuild`: counts the archive again beside the live counts, compares, and swaps."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from kokemus_platform import database, running
from kokemus_platform.home import Home
from kokemus_platform.replay import Archive
from kokemus_platform.topics import Bootstrap, Prefix

commands = typer.Typer()


@commands.command("rebuild")
def rebuild_command(  # noqa: PLR0913 - its options
    *,
    swap: Annotated[
        bool,
        typer.Option("--swap", help="Put what was rebuilt and compared in the live ones' place."),
    ] = False,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Remove what a swap has replaced, and nothing else.")
    ] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Write every cell that differs to a file.")
    ] = None,
    bootstrap: Bootstrap = None,
    prefix: Prefix = "kokemus.",
    database_url: Annotated[
        str | None,
        typer.Option(
            envvar="KOKEMUS_DATABASE_URL",
            help="Database of metrics, as its role; without it, the running platform's.",
            show_default=False,
        ),
    ] = None,
    archive: Archive = None,
) -> None:
    """Count the archive again beside the live counts; exit 1 where cells differ."""
    home = Home.of_environment()
    environment = {
        **os.environ,
        "KOKEMUS_KAFKA_BOOTSTRAP": bootstrap or running.bootstrap(),
        "KOKEMUS_TOPIC_PREFIX": prefix,
        "KOKEMUS_DATABASE_URL": database_url
        or database.address(running.database_url(), "metrics", home),
        "KOKEMUS_ARCHIVE_URL": archive or str(home.path / "archive"),
    }
    command = [sys.executable, "-m", "metrics.main", "rebuild"]
    command += ["--swap"] if swap else []
    command += ["--drop-old"] if drop_old else []
    command += ["--csv", str(csv_file)] if csv_file is not None else []
    done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - our own program
    raise typer.Exit(done.returncode)
