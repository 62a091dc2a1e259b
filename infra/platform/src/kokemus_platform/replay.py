"""`./kokemus replay`: puts a period of the archive back on a topic."""

import os
import subprocess
import sys
from datetime import datetime
from typing import Annotated

import typer

from kokemus_platform import running
from kokemus_platform.home import Home
from kokemus_platform.topics import Bootstrap, Prefix

commands = typer.Typer()

Archive = Annotated[
    str | None,
    typer.Option(
        envvar="KOKEMUS_ARCHIVE_URL",
        help="A folder or s3://bucket/prefix; without it, the running platform's.",
        show_default=False,
    ),
]


@commands.command("replay")
def replay_command(  # noqa: PLR0913 - its options
    topic: Annotated[str, typer.Argument(help="As declared, such as feedback.v1.")],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in UTC.")
    ],
    last: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day, in UTC.")
    ],
    *,
    send: Annotated[bool, typer.Option("--send", help="Without it they are only counted.")] = False,
    bootstrap: Bootstrap = None,
    prefix: Prefix = "kokemus.",
    archive: Archive = None,
) -> None:
    """Put a period of the archive back on its topic: what was counted counts nothing again."""
    environment = {
        **os.environ,
        "KOKEMUS_KAFKA_BOOTSTRAP": bootstrap or running.bootstrap(),
        "KOKEMUS_TOPIC_PREFIX": prefix,
        "KOKEMUS_ARCHIVE_URL": archive or str(Home.of_environment().path / "archive"),
    }
    days = ("--from", f"{first:%Y-%m-%d}", "--to", f"{last:%Y-%m-%d}")
    command = [sys.executable, "-m", "metrics.main", "replay", "--topic", topic, *days]
    command += ["--send"] if send else []
    done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - our own program
    raise typer.Exit(done.returncode)
