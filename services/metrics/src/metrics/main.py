"""The command line of metrics: migrate, consume, archive, serve."""

from datetime import datetime
from typing import Annotated

import typer

from kokemus.settings import load
from metrics.settings import ApiSettings, ArchiveSettings, MetricsSettings, ReplaySettings
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
def serve() -> None:
    """Serves the figures over HTTP until it is stopped."""
    from metrics import api_app  # noqa: PLC0415 - the consumer needs no API

    api_app.serve(load(ApiSettings))


def main() -> None:
    """The entry point."""
    commands()


if __name__ == "__main__":
    main()
