"""From a request's parameters to a query, or the problem with them."""

import base64
import binascii
from datetime import date, datetime
from typing import Annotated, Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from fastapi import Query as Parameter
from pydantic import BaseModel, ConfigDict, Field

from kokemus.contracts.events import IDENTIFIER_PATTERN
from kokemus.problems import Problem
from metrics.domain.definitions import Catalogue
from metrics.domain.periods import Grain, Span
from metrics.domain.query import MOST_CELLS, Query

Identifier = Annotated[str, Field(pattern=IDENTIFIER_PATTERN, max_length=128)]

MOST_ROWS: Final = 10_000
EARLIEST: Final = date(1900, 1, 1)
LATEST: Final = date(2200, 12, 31)
"""Outside these days nothing was counted and nothing will be."""

Place = list[int | str]
"""Where a figure stands in its answer; see `answering.Order`."""


class FigureParameters(BaseModel):
    """The parameters of `GET /v1/figures`."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    metric: Annotated[list[Identifier], Field(min_length=1, max_length=50)]
    entity: Annotated[list[Identifier], Field(min_length=1, max_length=2_000)]
    first: Annotated[
        date, Field(alias="from", ge=EARLIEST, le=LATEST, description="First local day, included")
    ]
    last: Annotated[
        date, Field(alias="to", ge=EARLIEST, le=LATEST, description="Last local day, included")
    ]
    grain: Grain = "total"
    channel: Identifier | None = None
    question: Identifier | None = None
    children: Annotated[
        bool, Field(description="Add the direct children, each with its own whole figure")
    ] = False
    observations: Annotated[
        Literal["all"] | None,
        Field(description="Every figure published elsewhere, not only the newest"),
    ] = None
    change: Annotated[
        Literal["previous", "year"] | None,
        Field(description="Compare with the period before, or with the same one a year before"),
    ] = None
    variation: Annotated[
        bool, Field(description="Add how much the figure swings from day to day")
    ] = False
    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 1_000
    cursor: Annotated[str | None, Field(max_length=2_000)] = None


Asked = Annotated[FigureParameters, Parameter()]


def query_of(asked: FigureParameters, catalogue: Catalogue, now: datetime, zone: ZoneInfo) -> Query:
    """The query that was asked.

    Raises:
        Problem: 404 for an unknown metric, 400 for days or a grain that do not fit, 422 for too
            many cells.
    """
    if asked.first > asked.last:
        raise Problem(400, "'from' is after 'to'")
    if asked.change and asked.grain == "day":
        raise Problem(400, "single days are not compared: ask by week or longer")
    unknown = [metric for metric in asked.metric if metric not in catalogue.definitions]
    if unknown:
        raise Problem(404, "no such metric: /v1/metrics lists them")
    query = Query(
        definitions=tuple(catalogue.definitions[one] for one in dict.fromkeys(asked.metric)),
        entities=tuple(dict.fromkeys(asked.entity)),
        asked=Span(asked.first, asked.last),
        today=now.astimezone(zone).date(),
        grain=asked.grain,
        channel=asked.channel,
        question=asked.question,
        children=asked.children,
        observations=asked.observations == "all",
        change=asked.change,
        variation=asked.variation,
    )
    if asked.grain not in ("year", "total") and any(
        one.measure == "profile" for one in query.definitions
    ):
        raise Problem(400, "a profile is of twelve months: ask by year or in total")
    bounded(query, len(query.entities))
    return query


def bounded(query: Query, targets: int) -> None:
    """See that an answer stays within bounds.

    Raises:
        Problem: 422.
    """
    if query.cells(targets) > MOST_CELLS:
        raise Problem(422, f"more than {MOST_CELLS} cells: ask for fewer entities or periods")


def cursor_of(place: Place) -> str:
    """The opaque mark of the last figure that was given."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """The place that a cursor marks.

    Raises:
        Problem: 400.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = msgspec.json.decode(
            base64.b64decode(padded, altchars=b"-_", validate=True),
            type=tuple[int, int, str, str, str, str, str, str, str, str],
        )
    except (binascii.Error, ValueError) as error:
        raise Problem(400, "this cursor was not given by this service") from error
    return list(place)
