"""The archive at work: writes what the topics hold, fills gaps from it, and puts it back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
import structlog
import typer
from fastapi import FastAPI
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from kokemus import telemetry, web
from kokemus.contracts.asyncapi import document
from kokemus.contracts.topics import declarations
from kokemus.errors import Unavailable
from kokemus.settings import ServiceSettings
from kokemus.tasks import background
from metrics.archive.archiver import Archiver
from metrics.archive.expiring import overdue
from metrics.archive.files import ArchiveFiles
from metrics.archive.filling import fill
from metrics.archive.replaying import Replayer, archived
from metrics.domain.batches import BatchDecoder
from metrics.domain.local_time import LocalHours
from metrics.domain.presses import PressReader
from metrics.kafka_log import KafkaLog
from metrics.settings import ArchiveSettings, RebuildSettings, ReplaySettings
from metrics.storage.gaps import GapStore

LOOK_SECONDS: Final = 10.0
"""How often gaps are looked for."""

log = structlog.get_logger()


def decoders(settings: ServiceSettings) -> dict[str, BatchDecoder]:
    """What reads the topics that metrics counts, by their full names."""
    reader = PressReader(LocalHours(settings.time_zone))
    return {
        settings.topic_prefix + topic.name: BatchDecoder(topic, reader)
        for topic in declarations().values()
        if "metrics" in topic.consumers
    }


def serve(settings: ArchiveSettings) -> None:
    """Archives until SIGTERM, then writes what it holds."""
    meters = telemetry.setup("metrics", settings)
    files = ArchiveFiles(settings.archive_url)
    archiver = Archiver(
        bootstrap=settings.kafka_bootstrap,
        group=f"{settings.topic_prefix}archive",
        decoders=decoders(settings),
        files=files,
        seconds=settings.archive_seconds.total_seconds(),
        meters=meters,
    )
    store = GapStore(settings.database_url, settings.time_zone)
    kafka = KafkaLog(settings.kafka_bootstrap)

    async def archive() -> None:
        await asyncio.to_thread(archiver.run)

    async def fill_gaps() -> None:
        reading, hours = decoders(settings), LocalHours(settings.time_zone)
        while True:
            try:
                await asyncio.to_thread(fill, store, files, reading, hours, meters, kafka.keep)
            except (Unavailable, OSError) as error:
                log.warning("gaps_not_filled", why=type(error).__name__)
            await asyncio.sleep(LOOK_SECONDS)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        archiving, filling = background(archive()), background(fill_gaps())
        yield
        filling.cancel()
        archiver.stop()
        await asyncio.wait([archiving, filling])
        kafka.close()
        store.close()

    async def ready() -> dict[str, str]:
        return archiver.missing

    documents = document("metrics", settings.topic_prefix)
    app = web.create_app("metrics-archive", meters, ready, lifespan, documents)
    web.serve(app, settings, meters)


def replay(
    settings: ReplaySettings, topic: str, first: datetime, last: datetime, *, send: bool
) -> None:
    """Counts what the archive has of a topic and period, and puts it back if told to.

    Raises:
        SystemExit: 1 where broker or storage are away, 2 for a topic that metrics does not count.
    """
    name = settings.topic_prefix + topic
    if name not in decoders(settings):
        typer.echo(f"metrics counts no topic {topic}", err=True)
        raise SystemExit(2)
    begin, end = first.replace(tzinfo=UTC), last.replace(tzinfo=UTC) + timedelta(days=1)
    found = archived(ArchiveFiles(settings.archive_url), name, begin, end)
    replayer = Replayer(settings.kafka_bootstrap) if send else None
    total = 0
    try:
        with Progress(TextColumn("{task.completed} records"), TimeElapsedColumn()) as progress:
            task = progress.add_task("", total=None)
            for records in found:
                if replayer is not None:
                    replayer.send(records)
                total += len(records)
                progress.update(task, completed=total)
        if replayer is not None:
            replayer.finish()
    except (Unavailable, OSError) as error:
        typer.echo(f"{error}: {total} records so far; doing it again does no harm", err=True)
        raise SystemExit(1) from None
    typer.echo(f"{total} records {'put back' if send else 'found; --send puts them back'}")


def expire(settings: RebuildSettings, *, apply: bool) -> None:
    """Writes what may go of the archive as JSON, and removes it if told to.

    Raises:
        SystemExit: 1 where database or storage are away.
    """
    store = GapStore(settings.database_url, settings.time_zone)
    try:
        files = ArchiveFiles(settings.archive_url)
        told = overdue(files, settings.topic_prefix, store.gaps(), datetime.now(UTC), apply=apply)
    except (Unavailable, OSError) as error:
        typer.echo(f"the archive: {error}; doing it again does no harm", err=True)
        raise SystemExit(1) from None
    finally:
        store.close()
    typer.echo(msgspec.json.encode(told))
