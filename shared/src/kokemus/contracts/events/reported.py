"""`reported-figures.v1`: figures that were published elsewhere."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from kokemus.contracts.events.envelope import (
    TYPE_PREFIX,
    Channel,
    Count,
    Data,
    Event,
    Identifier,
    Scale,
    Text,
)


class ReportedFigure(Data, frozen=True, gc=False):
    """A figure that was published elsewhere and has no events behind it.

    `value` is the figure as printed, null for not reported; `decimals` how many were printed.
    """

    metric: Identifier
    channel: Channel
    period_start: date
    period_end: date
    as_of: date
    decimals: Annotated[int, Meta(ge=0, le=4)]
    source_document: Text
    value: float | None
    scale: Scale | Literal["likert5", "grade4_10"] | None = None
    n: Count | None = None
    approx: bool = False
    range_low: float | None = None
    range_high: float | None = None


class FigureReported(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "figure.reported.v1"
):
    """A figure published elsewhere is taken over, never into a sum."""

    data: ReportedFigure
