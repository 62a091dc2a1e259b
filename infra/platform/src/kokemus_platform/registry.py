"""`./kokemus registry`: the organisation tree, devices, questions and breaks out of files."""

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import httpx
import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from kokemus.contracts import wire
from kokemus.contracts.events import EntityDefined, EntityDefinition, Event
from kokemus.errors import Refused
from kokemus.imports import delimited, workbooks
from kokemus.imports.columns import Unmatched
from kokemus.imports.tables import TooLarge, Unreadable
from kokemus_platform import registry_files, running, service_map
from kokemus_platform.registry_files import Definition, Found, Refusal
from kokemus_platform.service_map import NoServiceMap

BATCH: Final = 500
PATIENCE: Final = 30
"""So many times in a row the service may be away, a second or what it asks for apart."""
MOST_SHOWN: Final = 50

commands = typer.Typer(
    name="registry", help="Import the organisation tree and what hangs on it.", no_args_is_help=True
)
err = Console(stderr=True, soft_wrap=True)


class Failed(Exception):  # noqa: N818 - an answer to the operator
    """The import cannot go on; the message says why."""


@commands.callback()
def registry() -> None:
    """Import the organisation tree and what hangs on it."""


@commands.command("import")
def import_command(  # noqa: PLR0913 - one parameter an option
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, readable=True)
    ],
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be sent, and send nothing.")
    ] = False,
    valid_from: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The day from which entities without dates of their own are as the file says.",
        ),
    ] = None,
    known_as: Annotated[
        list[str] | None,
        typer.Option(
            "--as",
            metavar="UUID=ENTITY",
            help="A department of the service map that is an entity already; repeatable.",
        ),
    ] = None,
    source: Annotated[
        str, typer.Option(help="The CloudEvents source of the definitions.")
    ] = "kokemus.registry",
    root: Annotated[
        str, typer.Option(envvar="KOKEMUS_ROOT_ENTITY", help="The top of the tree.")
    ] = "helsinki",
    url: Annotated[
        str | None, typer.Option(help="ingest-kiosk; without it, the running platform's.")
    ] = None,
    metrics_url: Annotated[
        str | None,
        typer.Option(help="metrics, asked for what --valid-from changes; likewise."),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(exists=True, help="File with the API key; without it, the platform's."),
    ] = None,
) -> None:
    """Import tables (CSV, Excel) or JSON of the city's service map (API v2).

    A table's header tells what it holds. Entities: subject, kind, parent, names_fi, names_sv,
    names_en, service_map_id, valid_from, valid_to. Devices: source, device_id, entity, valid_from,
    valid_to. Questions: subject, family, scale, wording_fi, ... Breaks: break_id, subject, date,
    metric, channel, kind, what_fi, ...

    One row is one validity, and the rows of an entity or a device are its whole list: what the
    registry knew of it is replaced. To record a change, give both rows, the old one with valid_to.

    The service map has no dates, it says how things are. Without --valid-from it is taken to have
    always been so. With --valid-from DAY a new parent or name holds from that day, and what the
    registry knew before stays until the day before; what did not change is not sent. The same holds
    for a table's entities with a single row without dates.

    A definition is as of the time when its file was last changed, and the newest wins, so
    importing a file twice changes nothing.
    """
    names = dict(_assignment(one) for one in known_as or [])
    try:
        wire.check_identifier(source, "")
        found = _read_all(files, root, names)
        events: list[Event] = []
        refused = [one for each, _ in found for one in each.refused]
        before = None
        if valid_from is not None:
            before = _known(_client(metrics_url, "metrics", key_file))
        for each, changed_at in found:
            definitions = each.definitions
            if before is not None and valid_from is not None:
                definitions = list(_changed(definitions, valid_from.date(), before, refused))
            for one in registry_files.as_events(definitions, source, changed_at):
                (refused if isinstance(one, Refusal) else events).append(one)  # type: ignore[arg-type]  # by its type
        if not dry_run and events:
            turned_down = _send(_client(url, "ingest-kiosk", key_file), events)
            refused += turned_down.values()
            events = [one for place, one in enumerate(events) if place not in turned_down]
    except Refused as error:
        raise typer.BadParameter(error.detail, param_hint="--source") from None
    except (Failed, OSError) as error:
        typer.echo(f"registry: {error}", err=True)
        raise typer.Exit(1) from None
    _report(events, refused, [note for each, _ in found for note in each.notes], dry_run=dry_run)
    if refused:
        raise typer.Exit(1)


def _assignment(text: str) -> tuple[str, str]:
    uuid, _, entity = text.partition("=")
    if not uuid or not entity:
        raise typer.BadParameter("UUID=ENTITY", param_hint="--as")
    return uuid, entity


def _read_all(
    files: Sequence[Path], root: str, known_as: Mapping[str, str]
) -> list[tuple[Found, datetime]]:
    """What each table holds, and all JSON files together, with the time of the last change."""
    maps = [file for file in files if file.suffix.lower() == ".json"]
    found = [(_read_table(file), _changed_at(file)) for file in files if file not in maps]
    if maps:
        try:
            content = service_map.read((file.read_bytes() for file in maps), root, known_as)
        except NoServiceMap as error:
            raise Failed(f"{', '.join(map(str, maps))}: {error}") from None
        found.append((content, max(map(_changed_at, maps))))
    return found


def _changed_at(file: Path) -> datetime:
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _read_table(file: Path) -> Found:
    content = file.read_bytes()
    try:
        match file.suffix.lower():
            case ".xlsx":
                return registry_files.read(workbooks.read(content))
            case ".csv" | ".tsv" | ".txt":
                return registry_files.read(delimited.read(content, registry_files.known))
            case _:
                raise Failed(f"{file}: its name must end in .csv, .xlsx or .json")
    except Unmatched as error:
        raise Failed(f"{file}: {error}") from None
    except Unreadable as error:
        line = f", line {error.line}" if error.line else ""
        raise Failed(f"{file}{line}: {error.detail}") from None
    except TooLarge:
        raise Failed(f"{file}: too large") from None


def _changed(
    definitions: Sequence[Definition],
    day: date,
    before: Mapping[str, EntityDefinition],
    refused: list[Refusal],
) -> Iterator[Definition]:
    for one in definitions:
        try:
            changed = registry_files.changed_from(one, day, before.get(one.subject))
        except Refused as error:
            refused.append(Refusal(one.subject, error.detail))
        else:
            if changed is not None:
                yield changed


def _client(url: str | None, service: str, key_file: Path | None) -> httpx.Client:
    if url is None or key_file is None:
        status = running.status()
        url = url or status["services"][service]
    key = key_file.read_text().strip() if key_file else status["key"]
    return httpx.Client(
        base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=httpx.Timeout(60)
    )


def _known(metrics: httpx.Client) -> dict[str, EntityDefinition]:
    """What the registry knows of every entity."""
    found: dict[str, EntityDefinition] = {}
    cursor: dict[str, Any] = {}
    with metrics:
        while True:
            answer = _patiently(metrics, "GET", "/v1/entities", params=cursor).json()
            for one in answer["entities"]:
                if one["validities"]:
                    found[one["id"]] = msgspec.convert(one, EntityDefinition)
            if answer["next"] is None:
                return found
            cursor = {"cursor": answer["next"]}


def _send(ingest: httpx.Client, events: Sequence[Event]) -> dict[int, Refusal]:
    """Sends everything; what the service refused, by its place."""
    refused: dict[int, Refusal] = {}
    with ingest, Progress(console=err, transient=True) as progress:
        for start in progress.track(range(0, len(events), BATCH), description="Sending"):
            batch = events[start : start + BATCH]
            answer = _patiently(
                ingest,
                "POST",
                "/v1/events",
                content=b"\n".join(map(wire.encode, batch)),
                headers={"Content-Type": "application/x-ndjson"},
            )
            for one in answer.json()["rejected"]:
                where = f"{batch[one['index']].subject}, {one['pointer']}"
                refused[start + one["index"]] = Refusal(where, one["detail"])
    return refused


def _patiently(client: httpx.Client, method: str, path: str, **request: Any) -> httpx.Response:
    """An answer that can be used; a service that is away is asked again."""
    why = ""
    for _ in range(PATIENCE):
        pause = 1.0
        try:
            answer = client.request(method, path, **request)
        except httpx.TransportError as error:
            why = type(error).__name__
        else:
            if answer.is_success or (answer.is_client_error and "rejected" in answer.text):
                return answer
            why = f"{answer.status_code} {answer.text[:300]}"
            if answer.is_client_error:
                break
            pause = min(float(answer.headers.get("Retry-After", "1")), 10.0)
        time.sleep(pause)
    raise Failed(f"{client.base_url}{path.lstrip('/')}: {why}")


def _report(
    events: Sequence[Event], refused: Sequence[Refusal], notes: Sequence[str], *, dry_run: bool
) -> None:
    for note in notes:
        typer.echo(note, err=True)
    for one in refused[:MOST_SHOWN]:
        typer.echo(f"refused: {one.where}: {one.detail}", err=True)
    if len(refused) > MOST_SHOWN:
        typer.echo(f"refused: {len(refused) - MOST_SHOWN} more", err=True)
    for name, count in registry_files.counted(events).items():
        typer.echo(f"{name}: {count}")
    units = sum(isinstance(one, EntityDefined) and one.data.kind == "unit" for one in events)
    if units:
        typer.echo(f"of them units: {units}")
    verb = "would be sent" if dry_run else "sent"
    typer.echo(f"{len(events)} definitions {verb}, {len(refused)} refused")
