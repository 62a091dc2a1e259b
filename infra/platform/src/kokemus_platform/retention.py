"""`./kokemus retention`: what is older than its class of data is kept, and removing it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple

import msgspec
import typer
from kafka.errors import KafkaError
from rich.table import Table

from kokemus.contracts import retention
from kokemus.contracts.topics import declarations
from kokemus_platform import database, running
from kokemus_platform.dead_letter_log import DeadLetterLog
from kokemus_platform.home import Home
from kokemus_platform.replay import Archive
from kokemus_platform.topics import Bootstrap, Prefix, print_table

commands = typer.Typer(
    name="retention",
    help="Show or remove what is older than its class of data is kept.",
    no_args_is_help=True,
)

Database = Annotated[
    str | None,
    typer.Option(
        envvar="KOKEMUS_DATABASE_URL",
        help="Database of metrics, as its role; without it, the running platform's.",
        show_default=False,
    ),
]


class Line(NamedTuple):
    """One row of the table that is shown."""

    data_class: str
    store: str
    topic: str
    kept: str
    goes: str
    oldest_left: str


@commands.command("plan")
def plan_command(
    *,
    bootstrap: Bootstrap = None,
    prefix: Prefix = "kokemus.",
    database_url: Database = None,
    archive: Archive = None,
) -> None:
    """Show what would go, and what is kept; nothing is changed."""
    _show(_lines(bootstrap, prefix, database_url, archive, apply=False))


@commands.command("apply")
def apply_command(
    *,
    bootstrap: Bootstrap = None,
    prefix: Prefix = "kokemus.",
    database_url: Database = None,
    archive: Archive = None,
) -> None:
    """Remove what `plan` shows; broken off, it goes on where it stopped."""
    _show(_lines(bootstrap, prefix, database_url, archive, apply=True))


def _lines(
    bootstrap: str | None,
    prefix: str,
    database_url: str | None,
    archive: str | None,
    *,
    apply: bool,
) -> list[Line]:
    address = bootstrap or running.bootstrap()
    return [
        *_on_topics(),
        *_letters(address, prefix, apply=apply),
        *_archived(address, prefix, database_url, archive, apply=apply),
    ]


def _on_topics() -> list[Line]:
    """What the brokers remove by themselves, so that the table is whole."""
    kept = {
        topic.name: f"{topic.retention_days} d"
        for topic in declarations().values()
        if topic.retention_days is not None
    }
    return [
        Line(declarations()[name].retention_class, "topic", name, days, "by the brokers", "")
        for name, days in kept.items()
    ]


def _letters(bootstrap: str, prefix: str, *, apply: bool) -> list[Line]:
    rule = retention.rules()["dead"]
    limit = rule.before(datetime.now(UTC))
    lines = []
    try:
        with DeadLetterLog.on(bootstrap, prefix) as log:
            for topic in log.topics:
                waiting = log.waiting([topic])
                old = [entry for entry in waiting if limit is not None and entry.time < limit]
                left = waiting[len(old) :]  # they come with the oldest first
                if apply:
                    log.delete(old)
                if waiting:
                    lines.append(
                        Line(
                            "dead",
                            rule.store,
                            topic.removeprefix(prefix),
                            _kept(rule),
                            f"{len(old)} letters",
                            f"{left[0].time:%Y-%m-%d}" if left else "",
                        )
                    )
    except KafkaError as error:
        typer.echo(f"retention: {error}", err=True)
        raise typer.Exit(1) from None
    return lines


def _archived(
    bootstrap: str, prefix: str, database_url: str | None, archive: str | None, *, apply: bool
) -> list[Line]:
    home = Home.of_environment()
    environment = {
        **os.environ,
        "KOKEMUS_KAFKA_BOOTSTRAP": bootstrap,
        "KOKEMUS_TOPIC_PREFIX": prefix,
        "KOKEMUS_DATABASE_URL": database_url
        or database.address(running.database_url(), "metrics", home),
        "KOKEMUS_ARCHIVE_URL": archive or str(home.path / "archive"),
    }
    command = [sys.executable, "-m", "metrics.main", "expire", *(["--apply"] if apply else [])]
    done = subprocess.run(command, env=environment, check=False, stdout=subprocess.PIPE)  # noqa: S603 - our own program
    if done.returncode != 0:
        raise typer.Exit(done.returncode)
    return [_of_archive(told, prefix) for told in msgspec.json.decode(done.stdout)]


def _of_archive(told: dict[str, Any], prefix: str) -> Line:
    goes = f"{told['files']} files, {told['records']} records, {told['bytes']} bytes"
    if told["waiting"]:
        goes += f"; {told['waiting']} as old stay until a gap is filled from them"
    return Line(
        told["data_class"],
        "archive",
        told["topic"].removeprefix(prefix),
        _kept(retention.rules()[told["data_class"]]),
        goes,
        (told["oldest_left"] or "")[:10],
    )


def _kept(rule: retention.Retention) -> str:
    return "for ever" if rule.days is None else f"{rule.days} d"


def _show(lines: Sequence[Line]) -> None:
    table = Table("class", "where", "topic", "kept", "goes", "oldest left", box=None)
    for line in lines:
        table.add_row(*line)
    print_table(table)
