"""The reference: the city's tree, breaks in its series, and figures that were published elsewhere.

Three data files, one row a fact. A pure reading turns them into the events that a source system
would send, always with the same ids, so that loading them twice changes nothing.

What the files keep of their sources: figures of a year that was cut short end on the day of the
cut, and two cuts of one year stand side by side (208 and 405 complaints in 2018), never added. A
dash in a table is an empty value: not reported, which is not zero. Dates that were inferred carry
`approx`. Single survey items are left out, since they would fall into the cell of the survey's
overall mean. The tree's service entities are inferred for kiosk services, and it begins long before
the divisions did, so that older figures have a place. Swedish and English names await the city's
translators.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from importlib import resources
from typing import Any, Final

import msgspec

from kokemus.contracts.events import (
    EntityDefined,
    EntityDefinition,
    EntityValidity,
    Event,
    FigureReported,
    ReportedFigure,
    SeriesBreak,
    SeriesBroken,
    Translated,
)

SOURCE: Final = "kokemus.reference"

DEFINED_AT: Final = datetime(2020, 6, 1, tzinfo=UTC)
"""Older than any definition that a city sends, so that the city's own always wins."""

Row = Mapping[str, str]


def events() -> Iterator[Event]:
    """Every event of the reference: the tree first, then the breaks, then the figures."""
    yield from _entities()
    yield from map(_break, _rows("series_breaks"))
    yield from map(_figure, _rows("reported_figures"))


def _rows(name: str) -> list[Row]:
    text = (resources.files(__name__) / f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _entities() -> Iterator[EntityDefined]:
    by_entity: dict[str, list[Row]] = defaultdict(list)
    for row in _rows("entities"):
        by_entity[row["id"]].append(row)
    for entity, rows in by_entity.items():
        yield EntityDefined(
            specversion="1.0",
            id=f"entity/{entity}",
            source=SOURCE,
            subject=entity,
            time=DEFINED_AT,
            data=msgspec.convert(
                {"kind": rows[0]["kind"], "validities": [_validity(row) for row in rows]},
                EntityDefinition,
            ),
        )


def _validity(row: Row) -> EntityValidity:
    return EntityValidity(
        parent=row["parent"] or None,
        names=Translated(row["name_fi"], row["name_sv"], row["name_en"]),
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
    )


def _break(row: Row) -> SeriesBroken:
    plain = {name: row[name] for name in ("break_id", "date", "metric", "channel", "kind")}
    what = {language: row[f"what_{language}"] for language in ("fi", "sv", "en")}
    return SeriesBroken(
        specversion="1.0",
        id=f"break/{row['break_id']}",
        source=SOURCE,
        subject=row["entity"],
        time=DEFINED_AT,
        data=msgspec.convert({**plain, "what": what}, SeriesBreak),
    )


def _figure(row: Row) -> FigureReported:
    """A corrected row is a new event: its id holds a hash of what it says."""
    plain: dict[str, Any] = {"value": None}
    plain |= {name: value for name, value in row.items() if value}
    entity = plain.pop("entity")
    digest = hashlib.sha256(repr(sorted(row.items())).encode()).hexdigest()[:12]
    return FigureReported(
        specversion="1.0",
        id=f"figure/{entity}/{digest}",
        source=SOURCE,
        subject=entity,
        time=datetime.combine(date.fromisoformat(row["as_of"]), time(12), UTC),
        data=msgspec.convert(plain, ReportedFigure, strict=False),
    )
