"""Where experience is measured: what is right below an entity, with how, and how lately."""

from collections.abc import Sequence
from typing import Final

from reporting.domain.editions import Edition
from reporting.domain.grids import Chapter, Grid, GridRow, cell, metric_name
from reporting.domain.languages import Language
from reporting.domain.releases import Entity

METRICS: Final = (
    "measurement_coverage",
    "observed_measurement_coverage",
    "measurement_staleness",
    "device_count",
)
"""What is declared and what is heard are never mixed: each is a column of its own."""


def inventory(children: Sequence[Entity], edition: Edition, language: Language) -> Chapter | None:
    """A row a child, in this order; None where nothing is known of any.

    Args:
        children: those right below.
        edition: with one period of `METRICS` for each of them.
        language: to tell it in.
    """
    found = {
        (one.entity, one.metric): one
        for child in children
        for one in edition.figures(child.id, *METRICS)
        if not one.dimension
    }
    known = [name for name in METRICS if any(metric == name for _, metric in found)]
    if not known:
        return None
    rows = [
        GridRow(
            language.of(child.names),
            "",
            [cell(found.get((child.id, name)), language) for name in known],
        )
        for child in children
    ]
    grid = Grid(
        language.say("Mittaaminen tähän kuuluvissa"),
        language.say("Nimi"),
        [metric_name(name, edition, language) for name in known],
        rows,
    )
    return Chapter("inventory", language.say("Missä kokemusta mitataan"), "", [], [grid])
