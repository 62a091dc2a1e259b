"""`python -m kokemus_platform.demo year|trickle`: plays the demo to running services."""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kokemus_platform.demo.feeder import FeedRefusedError
from kokemus_platform.demo.playing import play_year, trickle
from kokemus_platform.demo.year import ZONE

Url = Annotated[str, typer.Option(help="Where ingest-kiosk is, such as http://127.0.0.1:8000.")]
FeedbackUrl = Annotated[str, typer.Option(help="Where ingest-feedback is.")]
KeyFile = Annotated[
    Path, typer.Option(help="Holds a key for the sources demo-kiosks and demo-voices.")
]
Seed = Annotated[int, typer.Option(help="Another seed gives another year.")]

app = typer.Typer(help=__doc__, no_args_is_help=True)


@app.command("year")
def year_command(
    url: Url,
    key_file: KeyFile,
    seed: Seed = 1,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after the year's last.")
    ] = None,
) -> None:
    """Plays in the 365 full days before today; doing so again changes nothing."""
    today = until.date() if until else datetime.now(ZONE).date()
    started = time.monotonic()
    try:
        count = asyncio.run(play_year(url, key_file.read_text().strip(), seed, today))
    except FeedRefusedError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{count:,} events in {time.monotonic() - started:.0f} s")


@app.command("trickle")
def trickle_command(url: Url, feedback_url: FeedbackUrl, key_file: KeyFile, seed: Seed = 1) -> None:
    """Presses a button or says something every now and then, until it is stopped."""
    asyncio.run(trickle(url, feedback_url, key_file.read_text().strip(), seed))


if __name__ == "__main__":
    app()
