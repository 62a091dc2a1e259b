"""`./kokemus keys`: who may send and read, in the file that the services watch."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from kokemus import keys
from kokemus.contracts import events, topics, wire
from kokemus.errors import Refused
from kokemus.keys import Key, KeysFile
from kokemus_platform import running
from kokemus_platform.processes import locked
from kokemus_platform.topics import print_table

commands = typer.Typer(
    name="keys", help="Add, revoke and list the keys of source systems.", no_args_is_help=True
)

File = Annotated[
    Path | None,
    typer.Option(
        "--file",
        envvar="KOKEMUS_KEYS_FILE",
        help="The keys file; without it, the local platform's.",
        show_default=False,
    ),
]


class Unknown(Exception):  # noqa: N818 - an answer to the operator
    """The file has no such key, has it already, or is none."""


def read(path: Path) -> list[Key]:
    """The keys of a file, in its order; none where there is no file yet.

    Raises:
        Unknown: it is no keys file.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeysFile).keys
    except FileNotFoundError:
        return []
    except msgspec.MsgspecError as error:
        raise Unknown(f"{path} is no keys file: {error}") from None


def change(path: Path, edit: Callable[[list[Key]], list[Key]]) -> None:
    """Replaces the keys of a file by what `edit` makes of them: at once, and never half.

    Raises:
        Unknown: it is no keys file, or `edit` says so; the file stays as it was.
    """
    with locked(path.with_name(f"{path.name}.lock")):
        content = msgspec.json.encode(KeysFile(edit(read(path))))
        unfinished = path.with_name(f"{path.name}.unfinished")
        unfinished.unlink(missing_ok=True)
        unfinished.touch(mode=0o600)
        with unfinished.open("wb") as file:
            file.write(msgspec.json.format(content, indent=1))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)


def added(key: Key) -> Callable[[list[Key]], list[Key]]:
    """An edit that adds a key; it raises Unknown where its id is taken."""

    def edit(present: list[Key]) -> list[Key]:
        if any(other.id == key.id for other in present):
            raise Unknown(f"there is a key {key.id} already: revoke it first")
        return [*present, key]

    return edit


def revoked(key_id: str) -> Callable[[list[Key]], list[Key]]:
    """An edit that takes a key out; it raises Unknown where there is none."""

    def edit(present: list[Key]) -> list[Key]:
        kept = [other for other in present if other.id != key_id]
        if len(kept) == len(present):
            raise Unknown(f"there is no key {key_id}")
        return kept

    return edit


@commands.command("add")
def add_command(  # noqa: PLR0913 - one option a scope
    key_id: Annotated[str, typer.Argument(metavar="ID", help="Names the key, never secret.")],
    *,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="Event type it may send, or * for all; repeatable."),
    ] = None,
    sources: Annotated[
        list[str] | None,
        typer.Option("--source", help="CloudEvents source it may send as, or *; repeatable."),
    ] = None,
    subtree: Annotated[
        str | None,
        typer.Option(help="Entity under which its subjects lie; without it, everything."),
    ] = None,
    may_read: Annotated[bool, typer.Option("--read", help="It may read the metrics API.")] = False,
    file: File = None,
) -> None:
    """Make a key and print its token, once: only its hash is kept."""
    short = [name.removeprefix(events.TYPE_PREFIX) for name in types or []]
    _check_scopes(short, sources or [], subtree, may_read=may_read)
    try:
        token, key = keys.create(
            key_id, types=short, sources=sources or [], subtree=subtree, read=may_read
        )
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="ID") from None
    _edit(file, added(key))
    typer.echo(token)
    typer.echo("Keep this token: it is not shown again.", err=True)


def _check_scopes(
    types: list[str], sources: list[str], subtree: str | None, *, may_read: bool
) -> None:
    known = {name.removeprefix(events.TYPE_PREFIX) for name in topics.EVENT_TYPES}
    for name in types:
        if name not in known and name != keys.EVERYTHING:
            raise typer.BadParameter(f"{name} is no event type", param_hint="--type")
    if bool(types) != bool(sources):
        raise typer.BadParameter("sending needs both --type and --source")
    if not types and not may_read:
        raise typer.BadParameter("the key could do nothing: give --type and --source, or --read")
    try:
        for value in [*(name for name in sources if name != keys.EVERYTHING), subtree or "all"]:
            wire.check_identifier(value, "")
    except Refused as refused:
        raise typer.BadParameter(f"sources and the subtree {refused.detail}") from None


@commands.command("revoke")
def revoke_command(
    key_id: Annotated[str, typer.Argument(metavar="ID")], *, file: File = None
) -> None:
    """Take a key out: the services refuse it as soon as they see the file."""
    _edit(file, revoked(key_id))
    typer.echo("Revoked.")


def _edit(file: Path | None, edit: Callable[[list[Key]], list[Key]]) -> None:
    try:
        change(file or running.keys_file(), edit)
    except (Unknown, OSError) as error:
        typer.echo(f"keys: {error}", err=True)
        raise typer.Exit(1) from None


@commands.command("list")
def list_command(*, file: File = None) -> None:
    """Show each key's id and scopes."""
    try:
        present = read(file or running.keys_file())
    except (Unknown, OSError) as error:
        typer.echo(f"keys: {error}", err=True)
        raise typer.Exit(1) from None
    table = Table("id", "types", "sources", "subtree", "read", box=None)
    for key in present:
        scope = (", ".join(key.types), ", ".join(key.sources), key.subtree or "(all)")
        table.add_row(key.id, *scope, "yes" if key.read else "no")
    print_table(table)
