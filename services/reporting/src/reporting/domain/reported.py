"""What was published elsewhere of the services below an entity, side by side as it was published.

Such figures never feed a parent: no figure of the entity itself can be worked out from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from reporting.domain.editions import Edition, Row
from reporting.domain.finding import by_name
from reporting.domain.languages import Language
from reporting.domain.releases import Entity, Period
from reporting.domain.wording import printed

_CHANNEL: Final = "kiosk"
_METRICS: Final = ("press_count", "happy_index")


@dataclass(frozen=True)
class ReportedTable:
    """Services by name, and for each period the count and the index, or the status in words."""

    periods: Sequence[str]
    rows: Sequence[tuple[str, str, Sequence[str]]]
    """Id, name, and two cells a period."""
    source: str


def reported_below(edition: Edition, entity: Entity, language: Language) -> ReportedTable | None:
    """The yearly kiosk figures that were published elsewhere of what is below an entity.

    Returns:
        None where there are no such figures.
    """
    found = {
        one.id: rows
        for one in edition.entities.values()
        if (rows := _rows(edition, one)) and entity in edition.ancestors(one.id)
    }
    if not found:
        return None
    periods = sorted({period for rows in found.values() for period in rows}, key=_in_order)
    services = by_name([edition.entities[id_] for id_ in found], language)
    silence = language.word("status.no_data")
    told = {
        figure.reported.source
        for rows in found.values()
        for row in rows.values()
        for figure in row.figures.values()
        if figure.reported
    }
    return ReportedTable(
        periods=[language.period(one) for one in periods],
        rows=[
            (
                one.id,
                language.of(one.names),
                [
                    printed(row.figures[metric], language)
                    if (row := found[one.id].get(period)) and metric in row.figures
                    else silence
                    for period in periods
                    for metric in _METRICS
                ],
            )
            for one in services
        ],
        source=language.sentence(sorted(told)),
    )


def _rows(edition: Edition, entity: Entity) -> dict[Period, Row]:
    return {
        row.period: row
        for series in edition.series(entity.id)
        if series.channel == _CHANNEL
        for row in series.rows["year"]
        if any("reported" in one.flags for one in row.figures.values())
    }


def _in_order(period: Period) -> tuple[int, int]:
    return period.first.toordinal(), period.last.toordinal()
