"""A release as open data: tables as CSV and JSON, and what belongs to which."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from reporting.disclosure.public_tables import TABLES
from reporting.domain import code_book
from reporting.domain.drafting import METRICS, OWN_DOING
from reporting.domain.editions import Edition
from reporting.domain.languages import CODES, N_
from reporting.domain.releases import Figure, Text

LICENCE: Final = "https://creativecommons.org/licenses/by/4.0/"
Row = dict[str, Any]

NAMES: Final[Mapping[str, str]] = {
    "experience": N_("Asiakaskokemus: hymiöt, kyselyt ja suosittelu"),
    "feedback": N_("Verkkopalaute ja vastauslupaus"),
    "statutory": N_("Muistutukset, kantelut ja yhteydenotot asiavastaavaan"),
    "participation": N_("Osallisuus ja asiakaskokemuksen mittaaminen"),
    "breaks": N_("Aikasarjojen katkokset"),
    "notes": N_("Selitykset sekä mitä kuultiin ja mitä tehtiin"),
    "organisation": N_("Organisaatio, josta luvut kertovat"),
    "code-book": N_("Koodikirja: mittarit, tilat, merkinnät ja muut koodit"),
}
"""The datasets and what they are called."""
OF_FIGURES: Final = ("experience", "feedback", "statutory", "participation")
"""Those of figures; each figure of a release is in one of them."""
_METRICS: Final[Mapping[str, frozenset[str]]] = {
    "feedback": frozenset(
        name
        for one in TABLES
        if one.name in {"feedback", "promises"}
        for name in (one.metric, *one.derived)
    ),
    "statutory": frozenset(one.metric for one in TABLES if one.rule == "C"),
    "participation": frozenset(OWN_DOING) | {"participation_volume"},
    "experience": frozenset(METRICS)
    | {name for one in TABLES if one.name == "surveys" for name in one.derived},
}
FORMATS: Final = ("csv", "json")
COLUMNS: Final = (
    "metric", "definition", "entity", "entity_kind", "entity_name_fi", "entity_name_sv",
    "entity_name_en", "channel", "scale", "family", "dimension", "period_from", "period_to",
    "grain", "value", "low", "high", "n", "status", "flags", "bias_notes", "change",
    "change_verdict", "change_status", "reported_as_of", "reported_source", "release",
)  # fmt: skip
"""Columns of a table of figures; numbers with a full stop, nothing for null."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def figures(edition: Edition, dataset: str) -> list[Figure]:
    """The figures of a dataset, in the order of the release."""
    metrics = _METRICS[dataset]
    return [one for one in edition.content.figures if one.metric in metrics]


def rows(edition: Edition, dataset: str) -> tuple[Sequence[str], list[Row]]:
    """A dataset as columns and rows.

    Raises:
        KeyError: no such dataset.
    """
    if dataset == "organisation":
        return _organisation(edition)
    if dataset == "code-book":
        return code_book.COLUMNS, code_book.code_book(edition)
    if dataset == "breaks":
        return _breaks(edition)
    if dataset == "notes":
        return _notes(edition)
    return COLUMNS, [_row(edition, one) for one in figures(edition, dataset)]


def as_csv(edition: Edition, dataset: str) -> bytes:
    """A dataset as CSV (RFC 4180): UTF-8 with a byte order mark, so that spreadsheets see it.

    A name that a spreadsheet would take for a formula gets an apostrophe before it. Codes and
    numbers stay as they are: none of them begins so, but a negative number.
    """
    columns, table = rows(edition, dataset)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in table:
        writer.writerow([cell(row[name]) for name in columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_json(edition: Edition, dataset: str) -> bytes:
    """A dataset as JSON: figures as `/v1/releases` gives them, else the rows of the CSV."""
    content: dict[str, Any] = {"release": edition.id, "licence": LICENCE}
    if dataset in _METRICS:
        content["figures"] = figures(edition, dataset)
    else:
        content["rows"] = rows(edition, dataset)[1]
    return msgspec.json.encode(content)


def _row(edition: Edition, one: Figure) -> Row:
    entity, change, low_high = edition.entities[one.entity], one.change, one.range
    return {
        "metric": one.metric,
        "definition": one.definition,
        "entity": one.entity,
        "entity_kind": entity.kind,
        **_texts("entity_name", entity.names),
        "channel": one.channel,
        "scale": one.scale,
        "family": one.family,
        "dimension": ";".join(f"{name}={value}" for name, value in sorted(one.dimension.items())),
        "period_from": one.period.first,
        "period_to": one.period.last,
        "grain": one.period.grain,
        "value": one.value,
        "low": low_high.low if low_high else None,
        "high": low_high.high if low_high else None,
        "n": one.n,
        "status": one.status,
        "flags": ";".join(one.flags),
        "bias_notes": ";".join(one.bias_notes),
        "change": change.value if change else None,
        "change_verdict": change.verdict if change else None,
        "change_status": change.status if change else None,
        "reported_as_of": one.reported.as_of if one.reported else None,
        "reported_source": one.reported.source if one.reported else None,
        "release": edition.id,
    }


def _organisation(edition: Edition) -> tuple[Sequence[str], list[Row]]:
    table = [
        {"id": one.id, "kind": one.kind, "parent": one.parent, **_texts("name", one.names)}
        for one in edition.content.entities
    ]
    return ("id", "kind", "parent", *(f"name_{code}" for code in CODES)), table


def _breaks(edition: Edition) -> tuple[Sequence[str], list[Row]]:
    table = [
        {
            "entity": one.entity,
            "date": one.date,
            "metric": one.metric,
            "channel": one.channel,
            "kind": one.kind,
            **_texts("what", one.what),
        }
        for one in edition.content.breaks
    ]
    what = (f"what_{code}" for code in CODES)
    return ("entity", "date", "metric", "channel", "kind", *what), table


def _notes(edition: Edition) -> tuple[Sequence[str], list[Row]]:
    table = [
        {
            "kind": one.kind,
            "entity": one.entity,
            "day": one.day,
            "metric": one.metric,
            "period_from": one.period.first if one.period else None,
            "period_to": one.period.last if one.period else None,
            **_texts("text", one.text),
        }
        for one in edition.content.notes
    ]
    told = (f"text_{code}" for code in CODES)
    return ("kind", "entity", "day", "metric", "period_from", "period_to", *told), table


def _texts(name: str, text: Text) -> Row:
    return {f"{name}_{code}": getattr(text, code) or "" for code in CODES}


def cell(value: Any) -> Any:
    """What stands in a cell of a CSV file: no text there is a formula for a spreadsheet."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
