"""A rebuild at work: counts again beside the live counts, compares, and swaps when told."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psycopg
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from kokemus.errors import Unavailable
from metrics.archive.app import decoders
from metrics.archive.comparison import Comparison, compare
from metrics.archive.files import ArchiveFiles
from metrics.archive.rebuilding import Rebuilder
from metrics.archive.topic_reading import TopicReader
from metrics.domain.differing import Differing
from metrics.domain.local_time import LocalHours
from metrics.settings import RebuildSettings
from metrics.storage.rebuilt import CannotRebuildError, RebuiltStore, Schemas

SHOWN: Final = 20
"""Differing cells on the screen; the file that `--csv` names has all."""
TRIES: Final = 5
"""How often counting and reading are asked to stop for a moment, before the swap is given up."""

_COLUMNS: Final = ("table", "entity", "day", "key", "live", "rebuilt")


def rebuild(settings: RebuildSettings, *, swap: bool, csv_file: Path | None) -> None:
    """Counts again and compares; with `swap` goes on from the last time, and swaps.

    Raises:
        SystemExit: 1 where cells differ and were not swapped, or it could not be done.
    """
    with _told(), Schemas.held(settings.database_url) as schemas:
        if swap:
            schemas.ready_to_swap()
        else:
            schemas.create()
        with _working(settings, schemas) as rebuilder, _taken(csv_file) as take:
            found = compare(schemas, rebuilder, take)
            if swap:
                _swap(schemas, rebuilder, found)
        _show(found)
        if swap:
            typer.echo(
                f"swapped; what stood before is the schema {schemas.replaced}, until --drop-old"
            )
        elif found.differing or found.lost:
            raise SystemExit(1)


def drop_old(settings: RebuildSettings) -> None:
    """Removes the counts that a swap has replaced.

    Raises:
        SystemExit: 1 where it could not be done.
    """
    with _told(), Schemas.held(settings.database_url) as schemas:
        stood = schemas.drop_replaced()
        typer.echo(f"{schemas.replaced} is {'dropped' if stood else 'not there'}")


@contextmanager
def _told() -> Iterator[None]:
    """Says in a line what somebody else has to do first."""
    try:
        yield
    except (CannotRebuildError, Unavailable, OSError) as error:
        typer.echo(f"rebuild: {error}", err=True)
        raise SystemExit(1) from None
    except psycopg.Error as error:
        typer.echo(f"rebuild: the database: {str(error).splitlines()[0]}", err=True)
        raise SystemExit(1) from None


@contextmanager
def _working(settings: RebuildSettings, schemas: Schemas) -> Iterator[Rebuilder]:
    """A rebuilder that shows how far it is."""
    progress = Progress(
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} records"),
        BarColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with ExitStack() as closing:
        closing.enter_context(progress)
        task = progress.add_task("", total=schemas.behind())
        topics = TopicReader(settings.kafka_bootstrap)
        closing.callback(topics.close)
        store = RebuiltStore(settings.database_url, settings.time_zone, schemas.rebuilt)
        closing.callback(store.close)
        yield Rebuilder(
            store=store,
            files=ArchiveFiles(settings.archive_url),
            topics=topics,
            decoders=decoders(settings),
            hours=LocalHours(settings.time_zone),
            advance=lambda count: progress.advance(task, count),
        )


def _swap(schemas: Schemas, rebuilder: Rebuilder, found: Comparison) -> None:
    if found.lost:
        _show(found)
        raise CannotRebuildError("a swap would lose what is neither archived nor on its topic")
    for _ in range(TRIES):
        rebuilder.bring_up(schemas.reached())
        try:
            with schemas.counting_stopped() as live:
                rebuilder.bring_up(live)
                schemas.put_in_place()
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            continue
        return
    raise Unavailable("somebody counts or reads for too long to swap now")


@contextmanager
def _taken(csv_file: Path | None) -> Iterator[Callable[[Differing], None]]:
    """Shows the first cells that differ, and writes all of them where a file is wanted."""
    with ExitStack() as closing:
        rows = None
        if csv_file is not None:
            file = closing.enter_context(csv_file.open("w", newline="", encoding="utf-8"))
            rows = csv.writer(file)
            rows.writerow(_COLUMNS)
        shown = 0

        def take(one: Differing) -> None:
            nonlocal shown
            row = _row(one)
            if rows is not None:
                rows.writerow(row)
            shown += 1
            if shown <= SHOWN:
                table, entity, day, key, live, rebuilt = row
                typer.echo(f"{table} {entity} {day} {key}: live {live}, rebuilt {rebuilt}")

        yield take


def _row(one: Differing) -> list[str]:
    return [
        one.table,
        " ".join(map(str, one.named("entity"))),
        " ".join(map(str, one.days)),
        json.dumps(one.key, ensure_ascii=False),
        *("none" if side is None else json.dumps(side, ensure_ascii=False) for side in one.sides),
    ]


def _show(found: Comparison) -> None:
    shown = Table("table", "cells", "equal", "differing", box=None)
    for name, one in found.tables.items():
        numbers = (one.cells, one.cells - one.differing, one.differing)
        shown.add_row(name, *(f"{number:,}" for number in numbers))
    Console(soft_wrap=True).print(shown)
    for what, ranges in (
        ("counted, but neither archived nor on its topic any more", found.lost),
        ("not counted yet, but rebuilt", found.lacking),
    ):
        for some in ranges:
            place = f"topic id {some.topic_id}, partition {some.partition}"
            typer.echo(f"{what}: {place}, offsets {some.first} to {some.last}")
    cells = sum(one.cells for one in found.tables.values())
    typer.echo(f"{found.differing:,} of {cells:,} cells differ")
