"""The command line of metrics: migrate, consume, archive, replay, rebuild, expire, serve."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from kokemus.settings import load
from metrics.settings import (
    ApiSettings,
    ArchiveSettings,
    MetricsSettings,
    RebuildSettings,
    ReplaySettings,
)
from metrics.storage import MIGRATIONS

commands = typer.Typer(
    pretty_exceptions_enable=False,
    help="Counts every event exactly once and serves the figures.",
)


@commands.command()
def migrate() -> None:
    """Brings the database to the newest schema."""
    from kokemus.migrations import migrate as run  # noqa: PLC0415 - the consumer needs no Alembic

    run(load(MetricsSettings).database_url, MIGRATIONS)


@commands.command()
def consume() -> None:
    """Counts events from Kafka until it is stopped."""
    from metrics import consume_app  # noqa: PLC0415 - the API needs no FastStream

    consume_app.serve(load(MetricsSettings))


@commands.command()
def archive() -> None:
    """Writes every record to the archive, and fills gaps from it, until it is stopped."""
    from metrics.archive import app  # noqa: PLC0415 - nothing else needs Parquet

    app.serve(load(ArchiveSettings))


@commands.command()
def replay(
    topic: Annotated[str, typer.Option(help="As declared, such as feedback.v1.")],
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day, in UTC.")
    ],
    last: Annotated[
        datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="The last day, in UTC.")
    ],
    *,
    send: Annotated[
        bool, typer.Option("--send", help="Put them back; without it they are only counted.")
    ] = False,
) -> None:
    """Puts a period of the archive back on its topic; what was counted counts nothing again."""
    from metrics.archive import app  # noqa: PLC0415 - nothing else needs Parquet

    app.replay(load(ReplaySettings), topic, first, last, send=send)


@commands.command()
def rebuild(
    *,
    swap: Annotated[
        bool, typer.Option("--swap", help="Put what was rebuilt in the place of the live counts.")
    ] = False,
    drop_old: Annotated[
        bool, typer.Option("--drop-old", help="Remove what a swap has replaced, and nothing else.")
    ] = False,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", help="Where to write every cell that differs.")
    ] = None,
) -> None:
    """Counts the archive again beside the live counts, and says which cells differ."""
    from metrics.archive import rebuild_app  # noqa: PLC0415 - nothing else needs Parquet

    settings = load(RebuildSettings)
    if drop_old:
        rebuild_app.drop_old(settings)
    else:
        rebuild_app.rebuild(settings, swap=swap, csv_file=csv_file)


@commands.command()
def expire(*, apply: Annotated[bool, typer.Option("--apply", help="Remove them.")] = False) -> None:
    """Tells, as JSON, which files of the archive are older than their data are kept."""
    from metrics.archive import app  # noqa: PLC0415 - nothing else needs Parquet

    app.expire(load(RebuildSettings), apply=apply)


@commands.command()
def serve() -> None:
    """Serves the figures over HTTP until it is stopped."""
    from metrics import api_app  # noqa: PLC0415 - the consumer needs no API

    api_app.serve(load(ApiSettings))


def main() -> None:
    """The entry point."""
    commands()


if __name__ == "__main__":
    main()
