"""Where a system's own units, agencies and services stand in the city's tree: a city's data.

A table of `id`, `parent`, `entity`, `kind`, `changed`; other columns are for people. An id is
`unit/…` (a service map id), `agency/…` (as `agency_responsible` says it), `service/…` (a
`service_code`), or any other that only serves as a parent. What a line leaves out, it has from its
parent.
"""

import csv
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from pathlib import Path
from typing import Final, NamedTuple, get_args
from zoneinfo import ZoneInfo

from kokemus.contracts import wire
from kokemus.contracts.events.feedback import FeedbackKind
from kokemus.errors import Refused

COLUMNS: Final = ("id", "parent", "entity", "kind", "changed")
KINDS: Final = get_args(FeedbackKind)


class Line(NamedTuple):
    """What the table says of an id; "" and None are left out."""

    parent: str
    entity: str
    kind: str
    changed: datetime | None


class Known(NamedTuple):
    """What the city says about an id, and since when; None: from the beginning."""

    value: str
    since: datetime | None = None


class Places:
    """Answers from the table.

    Args:
        lines: by id; every parent has a line, and none is its own ancestor.
    """

    def __init__(self, lines: Mapping[str, Line]) -> None:
        self._lines = lines

    def __contains__(self, own: object) -> bool:
        """Whether the table has a line for an id."""
        return own in self._lines

    def entity(self, own: str) -> Known | None:
        """The nearest entity at or above an id; None: the table knows none."""
        return self._nearest(own, lambda line: line.entity)

    def kind(self, own: str) -> Known | None:
        """The nearest kind at or above an id; None: the table knows none."""
        return self._nearest(own, lambda line: line.kind)

    def _nearest(self, own: str, field: Callable[[Line], str]) -> Known | None:
        changes = []
        at = self._lines.get(own)
        while at is not None:
            changes.append(at.changed)
            if field(at):
                return Known(field(at), max(filter(None, changes), default=None))
            at = self._lines.get(at.parent)
        return None


def read(file: Path | None, zone: ZoneInfo) -> Places:
    """The table in a CSV file; an empty one without a file.

    Args:
        file: UTF-8, with a header, separated by comma or semicolon.
        zone: in which the days of `changed` end.

    Raises:
        ValueError: naming the line that is wrong, and never what it holds.
    """
    if file is None:
        return Places({})
    content = file.read_text("utf-8-sig")
    header = content.partition("\n")[0]
    table = csv.DictReader(content.splitlines(), delimiter=";" if ";" in header else ",")
    if missing := {"id", "entity"} - set(table.fieldnames or ()):
        raise ValueError(f"places: no column {', '.join(sorted(missing))}")
    lines: dict[str, Line] = {}
    for number, row in enumerate(table, 2):
        own, parent, entity, kind, changed = ((row.get(name) or "").strip() for name in COLUMNS)
        if own in lines:
            raise ValueError(f"places, line {number}: an id has one line")
        try:
            lines[own] = Line(parent, _entity(entity), _kind(kind), _end(changed, zone))
        except (ValueError, Refused) as error:
            raise ValueError(f"places, line {number}: {error}") from None
    _check_parents(lines)
    return Places(lines)


def _entity(entity: str) -> str:
    if entity:
        wire.check_identifier(entity, "entity")
    return entity


def _kind(kind: str) -> str:
    if kind and kind not in KINDS:
        raise ValueError(f"kind is one of {', '.join(KINDS)}")
    return kind


def _end(changed: str, zone: ZoneInfo) -> datetime | None:
    """The end of a day: what was told on it before the line was changed is then earlier."""
    if not changed:
        return None
    try:
        return datetime.combine(date.fromisoformat(changed), time(23, 59, 59), zone)
    except ValueError:
        raise ValueError("changed is a day, such as 2026-03-01") from None


def _check_parents(lines: Mapping[str, Line]) -> None:
    for number, own in enumerate(lines, 2):
        above = {own}
        at = lines[own].parent
        while at:
            if at in above:
                raise ValueError(f"places, line {number}: is its own ancestor")
            if at not in lines:
                raise ValueError(f"places, line {number}: a parent has no line")
            above.add(at)
            at = lines[at].parent
