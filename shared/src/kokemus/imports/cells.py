"""What a cell says, for a field of a type: numbers, days, moments, lists, as people write them."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any, Final
from zoneinfo import ZoneInfo

from kokemus.errors import Reason, Refused
from kokemus.imports.tables import Cell, Unusable

Reader = Callable[[Cell, ZoneInfo], Any]
"""Reads a cell that is not empty; raises `Refused` without repeating what it holds."""

NOT_REPORTED: Final = frozenset({"-", "–", "—"})  # noqa: RUF001 - dashes of printed tables
"""What tables print for a figure that there is not."""

_YES: Final = frozenset({"true", "1", "yes", "kyllä", "tosi", "ja", "sant", "x"})
_NO: Final = frozenset({"false", "0", "no", "ei", "epätosi", "nej", "falskt"})
_SPACES: Final = re.compile(r"\s")
_NUMBER: Final = re.compile(r"[+-]?\d{1,20}(?:[.,]\d{1,20})?")
_SEPARATORS: Final = re.compile(r"[\s;,|]+")
_PARTS: Final = ("year", "month", "day", "hour", "minute", "second")
_CLOCK: Final = (
    r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<part>\d{1,9}))?)?"
)
_OFFSET: Final = r"\s?(?P<offset>[Zz]|[+-]\d{2}:?\d{2})?"
_MOMENTS: Final = tuple(
    re.compile(rf"{day}(?:{gap}{_CLOCK}{_OFFSET})?")
    for day, gap in (
        (r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})", r"(?:[Tt]|\s+)"),
        (
            r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
            r",?\s+(?:klo\s+|kl\.?\s+)?",
        ),
    )
)


def text(cell: Cell, _zone: ZoneInfo) -> str:
    """A text. A whole number without decimals, as Excel makes of digits."""
    match cell:
        case str():
            return cell.strip()
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < 2**53:
            return str(int(cell))
        case int() | float():
            return str(cell)
        case datetime() | time():
            raise _refused("Excel made a date of this text; format the cell as text")
        case _:
            raise _unusable(cell)


def one_of(allowed: Sequence[str]) -> Reader:
    """A reader of a text out of a closed list."""

    def read(cell: Cell, zone: ZoneInfo) -> str:
        found = text(cell, zone)
        if found not in allowed:
            raise _refused(f"must be one of {', '.join(allowed)}")
        return found

    return read


def integer(cell: Cell, zone: ZoneInfo) -> int:
    """A whole number."""
    found = number(cell, zone)
    if not found.is_integer() or abs(found) > 2**53:
        raise _refused("must be a whole number")
    return int(found)


def number(cell: Cell, _zone: ZoneInfo) -> float:
    """A number, by text too: a decimal comma or point, and spaces between the thousands."""
    match cell:
        case bool():
            raise _refused("must be a number")
        case int() | float():
            return float(cell)
        case str():
            written = _SPACES.sub("", cell).replace("\N{MINUS SIGN}", "-")
            if not _NUMBER.fullmatch(written):
                raise _refused("must be a number, such as 86 or 86,5")
            return float(written.replace(",", "."))
        case _:
            raise _unusable(cell, "must be a number")


def boolean(cell: Cell, _zone: ZoneInfo) -> bool:
    """Yes or no, in the city's languages and Excel's."""
    match cell:
        case bool():
            return cell
        case int() | float() if cell in (0, 1):
            return bool(cell)
        case str() if cell.strip().lower() in _YES:
            return True
        case str() if cell.strip().lower() in _NO:
            return False
        case _:
            raise _unusable(cell, "must be true or false")


def day(cell: Cell, _zone: ZoneInfo) -> date:
    """A day; a moment only at midnight, as Excel keeps days."""
    found = _moment(cell, "must be a day, such as 2018-01-31 or 31.1.2018")
    if found.tzinfo is not None or found.time() != time.min:
        raise _refused("must be a day without a time")
    return found.date()


def instant(cell: Cell, zone: ZoneInfo) -> datetime:
    """A moment, in UTC. Without an offset it is by the clocks of the zone.

    The hour that autumn has twice counts as the first of the two, so its rows stay in their day
    and hour of the clock, and none is lost or doubled. An hour that spring leaves out is read by
    the offset before it. A day without a time is its beginning.
    """
    found = _moment(cell, "must be a time, such as 2018-01-31T14:30:00+02:00 or 31.1.2018 14:30")
    try:
        return found.replace(tzinfo=found.tzinfo or zone, fold=0).astimezone(UTC)
    except OverflowError:
        raise Refused(Reason.INVALID_TIME, "time must lie between 2000 and 2099") from None


def as_of(cell: Cell, zone: ZoneInfo) -> str:
    """A day or a moment, as `events.AsOf` writes it; a moment at midnight is a day."""
    found = _moment(cell, "must be a day or a time, such as 31.1.2018")
    if found.tzinfo is None and found.time() == time.min:
        return found.date().isoformat()
    return instant(cell, zone).isoformat()


def when(cell: Cell, zone: ZoneInfo) -> str:
    """A year, a month or a day, as `events.When` writes it."""
    if isinstance(cell, datetime) or (isinstance(cell, str) and "." in cell):
        return day(cell, zone).isoformat()
    return _SPACES.sub("-", text(cell, zone))


def joined(readers: Mapping[str, Reader], required: int) -> Reader:
    """A reader of a struct: its fields in their order, joined by colons, or a JSON object.

    Args:
        readers: of the fields, by their names.
        required: how many of them must be there; the others come last.
    """

    def read(cell: Any, zone: ZoneInfo) -> dict[str, Any]:
        if isinstance(cell, dict):
            parts = cell
        else:
            values = text(cell, zone).split(":")
            if not required <= len(values) <= len(readers):
                raise _refused(f"must be {':'.join([*readers][:required])}")
            parts = dict(zip(readers, values, strict=False))
        return {
            name: read_part(parts[name], zone)
            for name, read_part in readers.items()
            if name in parts
        }

    return read


def many(read: Reader) -> Reader:
    """A reader of a list in one cell: by space, comma, semicolon or bar, or as JSON."""

    def read_many(cell: Cell, zone: ZoneInfo) -> list[Any]:
        items: list[Any]
        if isinstance(cell, str) and cell.strip().startswith("["):
            try:
                items = json.loads(cell)
            except (ValueError, RecursionError):
                raise _refused("must be a list") from None
            if not all(isinstance(item, str | int | dict) for item in items):
                raise _refused("must be a list of codes or numbers")
        else:
            items = _SEPARATORS.split(cell.strip(" \t\r\n;,|")) if isinstance(cell, str) else [cell]
        return [read(item, zone) for item in items]

    return read_many


def _moment(cell: Cell, expected: str) -> datetime:
    if isinstance(cell, datetime):
        return cell
    if not isinstance(cell, str):
        raise _unusable(cell, expected)
    match = next(filter(None, (form.fullmatch(cell.strip()) for form in _MOMENTS)), None)
    if match is None:
        raise _refused(expected)
    parts = match.groupdict()
    numbers = {name: int(parts[name] or 0) for name in _PARTS}
    microsecond = int((parts["part"] or "0").ljust(6, "0")[:6])
    try:
        offset = _offset(parts["offset"])
        return datetime(**numbers, microsecond=microsecond, tzinfo=offset)
    except ValueError:
        raise Refused(Reason.INVALID_TIME, "this time is on no calendar or clock") from None


def _offset(written: str | None) -> timezone | None:
    if written is None:
        return None
    if written in "Zz":
        return UTC
    size = timedelta(hours=int(written[1:3]), minutes=int(written[-2:]))
    return timezone(-size if written[0] == "-" else size)


def _unusable(cell: Cell, otherwise: str = "cannot be read") -> Refused:
    return _refused(f"the cell {cell.why}" if isinstance(cell, Unusable) else otherwise)


def _refused(detail: str) -> Refused:
    return Refused(Reason.INVALID, detail)
