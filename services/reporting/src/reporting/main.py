"""The command line of reporting: migrate, serve, work, and the steps of a release."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from kokemus.errors import Unavailable
from kokemus.settings import load
from reporting.domain.releases import State, StepRefusedError, Text
from reporting.settings import DatabaseSettings, ReportingSettings
from reporting.storage import MIGRATIONS

if TYPE_CHECKING:  # migrating needs no broker's client
    from reporting.editor import Editor

commands = typer.Typer(
    help="Publishes frozen releases: desk, public pages and embeds.",
    pretty_exceptions_enable=False,  # its tracebacks show local values, passwords too
)
releases = typer.Typer(help="Takes a release from draft to publication.")
commands.add_typer(releases, name="release")
mails = typer.Typer(help="Mail.")
commands.add_typer(mails, name="mail")

REFERENCE = (date(2016, 1, 1), date(2018, 12, 31))
"""The years of the first release: figures that were published elsewhere before."""
SETUP, LOCAL = "system:setup", "system:local"
"""Who drafts and who approves the first release."""

T = TypeVar("T")
By = Annotated[str, typer.Option(help="Who takes the step; it goes into the audit log.")]


@commands.command()
def migrate() -> None:
    """Brings the database to the newest schema."""
    from kokemus.migrations import migrate as run  # noqa: PLC0415 - serving needs no Alembic

    run(load(DatabaseSettings).database_url, MIGRATIONS)


@commands.command()
def serve() -> None:
    """Serves the pages, the embeds, the desk and the releases until it is stopped."""
    from reporting import app  # noqa: PLC0415 - migrating needs no web server

    app.serve(load(ReportingSettings))


@commands.command()
def work() -> None:
    """Does what nobody waits for, such as announcing releases, until it is stopped."""
    from reporting import worker  # noqa: PLC0415 - migrating needs no broker's client

    worker.run(load(ReportingSettings))


@commands.command()
def setup_release() -> None:
    """Publishes the first release, of the reference years, unless one was published before."""
    typer.echo(_run(_first_release))


@releases.command("draft")
def draft_release(
    by: By,
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"])],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"])],
    why: Annotated[
        tuple[str, str, str] | None,
        typer.Option(
            help="Why the same period is published again, in Finnish, Swedish and English.",
            metavar="FI SV EN",
        ),
    ] = None,
) -> None:
    """Makes a draft of the days from --from to --to and prints its id."""

    async def run(editor: "Editor", now: datetime) -> str:
        correction = Text(*why) if why else None
        return await editor.draft((first.date(), last.date()), by, now, correction)

    typer.echo(_run(run))


@releases.command("approve")
def approve_release(release_id: str, by: By) -> None:
    """Approves a draft of somebody else's."""
    _step(release_id, "approved", by)


@releases.command("publish")
def publish_release(release_id: str, by: By) -> None:
    """Publishes an approved release; the one before it is superseded."""
    _step(release_id, "published", by)


@releases.command("withdraw")
def withdraw_release(
    release_id: str, by: By, reason: Annotated[str, typer.Option(help="What the public is told.")]
) -> None:
    """Withdraws a published release: its content is gone for good."""
    _step(release_id, "withdrawn", by, reason)


@mails.command("resume")
def resume_mail(user: str, kind: str) -> None:
    """Sends somebody a kind of mail again that had bounced or was stopped."""
    from reporting.connections import engine_for  # noqa: PLC0415 - migrating needs none of it
    from reporting.storage.mail import MailStore  # noqa: PLC0415

    async def run() -> bool:
        engine = engine_for(load(ReportingSettings))
        try:
            return await MailStore(engine).resume(user, kind)
        finally:
            await engine.dispose()

    if not asyncio.run(run()):
        typer.echo("refused: no such mail is stopped", err=True)
        raise typer.Exit(1)


def main() -> None:
    """The entry point."""
    commands()


def _step(release_id: str, state: State, by: str, reason: str | None = None) -> None:
    async def run(editor: "Editor", now: datetime) -> str:
        await editor.step(release_id, state, by, now, reason)
        return f"{release_id}: {state}"

    typer.echo(_run(run))


async def _first_release(editor: "Editor", now: datetime) -> str:
    known = await editor.latest()
    if known is not None:
        return known.id
    id_ = await editor.draft(REFERENCE, SETUP, now)
    await editor.step(id_, "approved", LOCAL, now)
    await editor.step(id_, "published", LOCAL, now)
    return id_


def _run(work: Callable[["Editor", datetime], Awaitable[T]]) -> T:
    """Runs one piece of work with an editor of its own; a refusal ends the process with 1."""
    from reporting.app import editing  # noqa: PLC0415 - migrating needs none of it

    settings = load(ReportingSettings)

    async def run() -> T:
        async with editing(settings) as editor:
            return await work(editor, datetime.now(settings.time_zone))

    try:
        return asyncio.run(run())
    except (StepRefusedError, Unavailable, KeyError) as error:
        typer.echo(f"refused: {error}", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    main()
