"""`./kokemus dead-letters`: what could not be used, why, and the ways to put it right."""

import json
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import psycopg
import typer
from kafka.errors import KafkaError
from rich.console import Console
from rich.progress import track
from rich.table import Table

from kokemus import dead_letters
from kokemus.dead_letters import DeadLetter
from kokemus_platform import database, running
from kokemus_platform.dead_letter_log import DeadLetterLog, Entry
from kokemus_platform.topics import Bootstrap, Prefix, print_table

SHOWN: Final = 50
"""So many single letters fit a screen or two; `list --json` gives all."""

commands = typer.Typer(
    name="dead-letters",
    help="List, show and put back what could not be used.",
    no_args_is_help=True,
)

Database = Annotated[
    str | None,
    typer.Option(
        envvar="KOKEMUS_DATABASE_URL",
        help="Database of metrics; without it, the running platform's.",
        show_default=False,
    ),
]


@contextmanager
def _opened(bootstrap: str | None, prefix: str) -> Iterator[DeadLetterLog]:
    try:
        with DeadLetterLog.on(bootstrap or running.bootstrap(), prefix) as log:
            yield log
    except KafkaError as error:
        typer.echo(f"dead-letters: {error}", err=True)
        raise typer.Exit(1) from None


def _topics(log: DeadLetterLog, prefix: str, name: str | None) -> Sequence[str]:
    """The topic of this name, with or without prefix and `.dead`; all without a name.

    Raises:
        typer.BadParameter: no such topic has dead letters.
    """
    if name is None:
        return log.topics
    plain = name.removesuffix(dead_letters.SUFFIX)
    for topic in log.topics:
        if topic in (plain, prefix + plain):
            return [topic]
    raise typer.BadParameter(f"no topic {name} has dead letters; there are {', '.join(log.topics)}")


def _chosen(log: DeadLetterLog, prefix: str, which: str | None) -> list[Entry]:
    """The waiting letters that `which` names: a topic's, the one of that key, or all.

    Raises:
        typer.BadParameter: no topic and no waiting letter is called so.
    """
    if which is None or "/" not in which:
        return log.waiting(_topics(log, prefix, which))
    topic = which.rsplit("/", 2)[0]
    chosen = [
        entry
        for entry in log.waiting(_topics(log, prefix, topic))
        if which in (entry.key, entry.key.removeprefix(prefix))
    ]
    if not chosen:
        raise typer.BadParameter(f"no dead letter is called {which}")
    return chosen


@commands.command("list")
def list_command(
    topic: Annotated[str | None, typer.Argument(help="Only letters from this topic.")] = None,
    *,
    bootstrap: Bootstrap = None,
    prefix: Prefix = "kokemus.",
    as_json: Annotated[bool, typer.Option("--json", help="All letters, as JSON.")] = False,
) -> None:
    """Count the dead letters by topic and reason, and name them; never their content."""
    with _opened(bootstrap, prefix) as log:
        entries = log.waiting(_topics(log, prefix, topic))
    if as_json:
        typer.echo(json.dumps([_plain(entry) for entry in entries], indent=2))
    elif not entries:
        typer.echo("No dead letters.")
    else:
        _show_counts(entries, datetime.now(UTC))
        _show_letters(entries)


def _plain(entry: Entry) -> dict[str, Any]:
    return {**entry._asdict(), "time": entry.time.isoformat()}


def _show_counts(entries: Sequence[Entry], now: datetime) -> None:
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[entry.topic, entry.reason].append(entry)
    table = Table("topic", "reason", "letters", "oldest", "newest", box=None)
    for (topic, reason), group in sorted(groups.items()):
        oldest, newest = (_age(now - entry.time) for entry in (group[0], group[-1]))
        table.add_row(topic, reason, str(len(group)), oldest, newest)
    print_table(table)


def _show_letters(entries: Sequence[Entry]) -> None:
    typer.echo()
    for entry in entries[-SHOWN:]:
        where = f" at {entry.pointer}" if entry.pointer else ""
        typer.echo(f"{entry.key}  {entry.reason}{where}: {entry.error} (attempt {entry.attempt})")
    if len(entries) > SHOWN:
        typer.echo(f"... and {len(entries) - SHOWN} older ones: --json gives them all")


def _age(age: timedelta) -> str:
    """An age in its largest whole unit, such as `3 h`."""
    seconds = max(0, int(age.total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@commands.command("show")
def show_command(
    key: Annotated[str, typer.Argument(help="topic/partition/offset, as list names it.")],
    *,
    bootstrap: Bootstrap = None,
    prefix: Prefix = "kokemus.",
    raw: Annotated[
        bool, typer.Option("--raw", help="Write the record's bytes and nothing else, to mend them.")
    ] = False,
) -> None:
    """Print one dead letter with its record, which may hold personal data."""
    if "/" not in key:
        raise typer.BadParameter("name one letter as topic/partition/offset", param_hint="KEY")
    with _opened(bootstrap, prefix) as log:
        for _, dead in log.read(_chosen(log, prefix, key)):
            if raw:
                sys.stdout.buffer.write(dead.record.value or b"")
                sys.stdout.buffer.flush()
            else:
                _show(dead)


def _show(dead: DeadLetter) -> None:
    fields = {
        "record": dead.key,
        "reason": dead.reason,
        "error": dead.error,
        "field": dead.pointer or "(whole record)",
        "service": dead.service,
        "attempt": str(dead.attempt),
        "time": dead.time.isoformat(),
        "trace": dead.trace or "(none)",
        "key": _escaped(dead.record.key),
        **{f"header {name}": _escaped(value) for name, value in dead.record.headers},
        "value": _escaped(dead.record.value),
    }
    for name, value in fields.items():
        typer.echo(f"{_escaped(name.encode())}: {value}")


def _escaped(content: bytes | None) -> str:
    """Bytes as text in which nothing can move a terminal's cursor or pass for another line."""
    if content is None:
        return "(null)"
    text = content.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


@commands.command("redrive")
def redrive_command(
    which: Annotated[
        str | None,
        typer.Argument(help="A topic, or one letter's topic/partition/offset; without it, all."),
    ] = None,
    *,
    bootstrap: Bootstrap = None,
    prefix: Prefix = "kokemus.",
    mended: Annotated[
        Path | None,
        typer.Option("--with", help="The mended event, for one letter.", exists=True),
    ] = None,
) -> None:
    """Put records back on their topics; what still can't be read stays (exit 1)."""
    with _opened(bootstrap, prefix) as log:
        entries = _chosen(log, prefix, which)
        if mended is not None and len(entries) != 1:
            raise typer.BadParameter(f"mends one letter, not {len(entries)}", param_hint="--with")
        outcomes = log.put_back(entries, mended.read_bytes() if mended else None)
        console = Console(stderr=True)
        listed = list(
            track(
                outcomes,
                "Putting back",
                len(entries),
                console=console,
                transient=True,
                disable=not console.is_terminal,
            )
        )
    back = [outcome for outcome in listed if outcome.refused is None]
    superseded = sum(outcome.superseded for outcome in back)
    typer.echo(f"{len(back) - superseded} put back")
    if superseded:
        typer.echo(f"{superseded} dropped: a newer event of the same key holds already")
    for outcome in listed:
        if outcome.refused is not None:
            where = f" at {outcome.refused.pointer}" if outcome.refused.pointer else ""
            typer.echo(f"stays: {outcome.entry.key}{where}: {outcome.refused.detail}", err=True)
    if len(back) < len(entries):
        typer.echo(f"{len(entries) - len(back)} stay: mend them with --with FILE", err=True)
        raise typer.Exit(1)


@commands.command("resume")
def resume_command(
    topic: Annotated[str, typer.Argument(help="The topic, with or without prefix.")],
    partition: Annotated[int, typer.Argument(min=0)],
    *,
    prefix: Prefix = "kokemus.",
    database_url: Database = None,
) -> None:
    """Let metrics go on with a partition that it stopped because of too much bad input."""
    names = [topic, prefix + topic]
    try:
        resumed, known = resume(database_url or running.database_url(), names, partition)
    except psycopg.Error as error:
        typer.echo(f"dead-letters: the database: {str(error).splitlines()[0]}", err=True)
        raise typer.Exit(1) from None
    if not known:
        typer.echo(f"metrics has never read partition {partition} of {topic}", err=True)
        raise typer.Exit(1)
    typer.echo("Resumed." if resumed else "It was not stopped.")


def resume(database_url: str, topics: Sequence[str], partition: int) -> tuple[bool, bool]:
    """Clears the stop of a partition in the database of metrics. Idempotent.

    Returns:
        Whether it was stopped, and whether metrics knows the partition at all.

    Raises:
        psycopg.Error: the database is away or refuses.
    """
    with psycopg.connect(
        database.plain(database_url), connect_timeout=10, options="-c search_path=metrics"
    ) as connection:
        resumed = connection.execute(
            "UPDATE partition_offsets SET stopped_reason = NULL, stopped_detail = NULL,"
            " refused_in_a_row = 0, updated_at = now()"
            " WHERE topic = ANY(%s) AND partition = %s AND stopped_reason IS NOT NULL",
            (list(topics), partition),
        ).rowcount
        known = connection.execute(
            "SELECT 1 FROM partition_offsets WHERE topic = ANY(%s) AND partition = %s",
            (list(topics), partition),
        ).fetchone()
    return resumed > 0, known is not None
