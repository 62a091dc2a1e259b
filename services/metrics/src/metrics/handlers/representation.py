"""Figures as JSON and CSV. Nothing is computed here."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from metrics.domain.figures import Figure, Reported
from metrics.domain.rounding import number, outward

INTERVAL_DECIMALS: Final = 2
"""Ends of an interval are given so, rounded outward."""

COLUMNS: Final = (
    "metric", "entity", "channel", "scale", "family", "dimension", "from", "to", "grain", "value",
    "rounded", "n", "status", "interval_low", "interval_high", "range_low", "range_high", "flags",
    "bias_notes", "as_of", "definition",
)  # fmt: skip


def as_json(figures: Iterable[Figure], following: str | None, zone: ZoneInfo) -> bytes:
    """The answer as JSON."""
    rows = [row(figure, zone) for figure in figures]
    return msgspec.json.encode({"figures": rows, "next": following})


def row(figure: Figure, zone: ZoneInfo) -> dict[str, Any]:
    """One figure as plain values."""
    entity, key, _, grain, dimension = figure.place
    plain: dict[str, Any] = {
        "metric": figure.definition.metric,
        "entity": entity,
        "channel": key.channel,
        "scale": key.scale,
        "family": key.family,
        "dimension": dimension,
        "period": {"from": figure.span.first, "to": figure.span.last, "grain": grain},
        "value": None if figure.value is None else number(figure.value),
        "rounded": None if figure.rounded is None else number(figure.rounded),
        "n": figure.n,
        "status": figure.status,
        "interval": _interval(figure),
        "range": _range(figure.range),
        "flags": figure.flags,
        "bias_notes": figure.bias_notes,
        "as_of": local(figure.as_of, zone),
        "definition": figure.definition.id,
        **figure.beside,
    }
    if figure.reported is not None:
        plain["reported"] = _reported(figure.reported)
    if figure.change is not None:
        change = figure.change
        plain["change"] = {
            "value": None if change.value is None else number(change.value),
            "verdict": change.verdict,
            "status": change.status,
        }
    if figure.variation is not None:
        middle, half = figure.variation.ratio, figure.variation.half_width
        plain["variation"] = {
            "low": middle - half,
            "high": middle + half,
            "days": figure.variation.days,
        }
    return plain


def _interval(figure: Figure) -> dict[str, Any] | None:
    if figure.interval is None:
        return None
    low, high = outward(figure.interval.low, figure.interval.high, INTERVAL_DECIMALS)
    return {
        "low": low,
        "high": high,
        "level": figure.interval.level,
        "method": figure.interval.method,
    }


def _range(ends: tuple[float, float | None] | None) -> dict[str, float | None] | None:
    return None if ends is None else {"low": ends[0], "high": ends[1]}


def _reported(published: Reported) -> dict[str, Any]:
    """What was published elsewhere of the same cell."""
    return {
        "value": published.value,
        "range": _range(published.range),
        "decimals": published.decimals,
        "n": published.n,
        "approx": published.approx,
        "period": {"from": published.span.first, "to": published.span.last},
        "as_of": published.as_of,
        "source_document": published.source_document,
    }


def local(instant: datetime | date | None, zone: ZoneInfo) -> str | None:
    """An instant with the local offset, to the second; a date as it is."""
    if isinstance(instant, datetime):
        return instant.astimezone(zone).isoformat(timespec="seconds")
    return None if instant is None else instant.isoformat()


def as_csv(figures: Iterable[Figure], zone: ZoneInfo) -> bytes:
    """The answer as CSV: a line a figure, lists by semicolons."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_line(row(figure, zone)) for figure in figures)
    return text.getvalue().encode()


def _line(plain: dict[str, Any]) -> Sequence[Any]:
    interval, ends, period = plain["interval"] or {}, plain["range"] or {}, plain["period"]
    return [
        *(plain[name] for name in COLUMNS[:5]),
        ";".join(f"{name}={value}" for name, value in plain["dimension"].items()),
        *(period[name] for name in ("from", "to", "grain")),
        *(plain[name] for name in ("value", "rounded", "n", "status")),
        interval.get("low"),
        interval.get("high"),
        ends.get("low"),
        ends.get("high"),
        ";".join(plain["flags"]),
        ";".join(plain["bias_notes"]),
        plain["as_of"],
        plain["definition"],
    ]
