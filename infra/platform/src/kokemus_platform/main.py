"""The command line behind ./kokemus."""

import json
import shutil
import signal
from types import FrameType
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from kokemus_platform import (
    bench,
    checks,
    dead_letters,
    keys,
    load,
    logs,
    rebuild,
    registry,
    replay,
    retention,
    starting,
    topics,
)
from kokemus_platform.home import Home, Wish
from kokemus_platform.postgres import Postgres
from kokemus_platform.processes import PartFailedError

NOT_UP = 3
"""The exit code of commands that need a running platform."""

commands = typer.Typer(
    help="Kokemus: how residents experience the city's services, counted exactly once.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for group in (topics, dead_letters, replay, rebuild, retention, keys, registry, bench, load):
    commands.add_typer(group.commands)

out = Console(soft_wrap=True)
err = Console(stderr=True, soft_wrap=True)


@commands.command()
def up(
    *,
    detach: Annotated[bool, typer.Option("--detach", help="Return when all is ready.")] = False,
    kafka: Annotated[
        str,
        typer.Option(help="embedded (in memory), apache (a real one, needs Java) or HOST:PORT."),
    ] = "embedded",
    database: Annotated[
        str, typer.Option(help="embedded, or the URL of a PostgreSQL database of your own.")
    ] = "embedded",
    demo: Annotated[
        bool, typer.Option("--demo", help="Play in a year of an invented city's sources.")
    ] = False,
) -> None:
    """Start everything and print the addresses; Ctrl-C ends it, unless detached."""
    if kafka not in {"embedded", "apache"} and not _names_a_port(f"kafka://{kafka}"):
        raise typer.BadParameter("embedded, apache or HOST:PORT", param_hint="--kafka")
    if database != "embedded" and not _names_a_database(database):
        raise typer.BadParameter("embedded or postgresql://…", param_hint="--database")
    home = Home.of_environment()
    signal.signal(signal.SIGTERM, _interrupt)
    wish = Wish(kafka, database, demo)
    child = None
    try:
        if home.supervisor() is None:
            child = starting.start(home, wish, detach=detach)
        elif wish not in {Wish(), home.wish()}:
            err.print(
                "Kokemus is up already, as it was asked for then: ./kokemus down comes first."
            )
        starting.await_ready(home, child, err)
        _show(home.status() or {})
        if child is not None and not detach:
            out.print("Ctrl-C ends it. The logs: ./kokemus logs --follow")
            child.wait()
            _fail(home.progress().failed or "Kokemus was stopped.")
    except PartFailedError as error:
        _fail(f"Kokemus did not start, and is stopped.\n\n{error}")
    except KeyboardInterrupt:
        if child is not None:
            err.print("Stopping…")
            starting.stop(home)


@commands.command()
def status(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="For programs; holds secrets.")] = False,
) -> None:
    """Say what runs where. Exit code 3 if nothing does."""
    found = Home.of_environment().status()
    if as_json:
        typer.echo(json.dumps(found or {"services": {}}, indent=2))
    elif found:
        _show(found)
    else:
        typer.echo("Kokemus is not up. Start it with ./kokemus up")
    if not found:
        raise typer.Exit(NOT_UP)


@commands.command()
def down(
    *,
    wipe: Annotated[bool, typer.Option("--wipe", help="Remove all its data too.")] = False,
) -> None:
    """Stop everything. What was counted stays, unless wiped."""
    home = Home.of_environment()
    was_up = starting.stop(home)
    if wipe and home.path.is_dir():
        Postgres(home.path / "postgres").wipe()
        for entry in home.path.iterdir():
            if entry.is_dir() and entry.name != "venv":
                shutil.rmtree(entry)
            elif entry.is_file():
                entry.unlink()
    typer.echo("Stopped." if was_up else "Kokemus was not up.")


@commands.command(name="logs")
def show_logs(
    service: Annotated[str | None, typer.Argument(help="One part; without it, all.")] = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Show the last lines of the parts' logs."""
    found = logs.found(Home.of_environment())
    if not found:
        typer.echo("There are no logs: Kokemus was never up here.", err=True)
        raise typer.Exit(NOT_UP)
    if service is not None:
        if service not in found:
            raise typer.BadParameter(f"one of {', '.join(found)}", param_hint="SERVICE")
        found = {service: found[service]}
    try:
        for line in logs.ends(found, 100 if service else 10):
            typer.echo(line)
        if follow:
            for line in logs.follow(found):
                typer.echo(line)
    except KeyboardInterrupt:
        pass


@commands.command(
    name="test",
    options_metavar="[--full] [PYTEST ARGS]...",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def run_tests(
    context: typer.Context,
    *,
    full: Annotated[bool, typer.Option("--full", help="With the full numbers of events.")] = False,
) -> None:
    """Run every check and test; what else is given goes to pytest."""
    raise typer.Exit(checks.run(context.args, full=full))


def _names_a_port(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname and parts.port)
    except ValueError:
        return False


def _names_a_database(url: str) -> bool:
    try:
        return urlsplit(url).scheme in {"postgresql", "postgresql+psycopg"}
    except ValueError:
        return False


def _show(found: dict[str, Any]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for name, address in found["services"].items():
        table.add_row(name, address)
    table.add_row("Kafka", found["kafka"])
    table.add_row("database", found["database"].partition("@")[2])
    for user in ("desk", "approver"):
        signs_in = found[user]
        table.add_row(f"sign-in as {signs_in['user']}", signs_in["password"])
    table.add_row("API key", found["key"])
    out.print(table)
    if "reporting" in found["services"]:
        address = found["services"]["reporting"]
        out.print(f"\nPublic pages: {address}/fi/    Desk: {address}/desk")
    if not found["durable"]:
        out.print("The embedded broker keeps records in memory: see --kafka apache.")


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """The entry point."""
    commands(prog_name="./kokemus")


if __name__ == "__main__":
    main()
