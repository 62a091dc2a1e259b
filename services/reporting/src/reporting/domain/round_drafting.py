"""Makes the content of a `round-yearly` release: the strategy's meters, with what they say.

All of it is the city's own doing (class D), so nothing in it needs hiding.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

import msgspec

from reporting.domain.drafting import UPPER, Tree, draft
from reporting.domain.live import LiveFigure
from reporting.domain.meters import Field, MeterCode, meter_texts
from reporting.domain.releases import Content, Text

ROUND_METRICS: Final = (
    "participation_methods",
    "participation_coverage",
    "participation_change",
    "experience_profile",
    "measurement_coverage",
    "observed_measurement_coverage",
    "measurement_staleness",
    "measured_entities",
)
"""What the meters of the strategy are made of."""


def round_span(year: int) -> tuple[date, date]:
    """The days that a round tells of."""
    return date(year, 1, 1), date(year, 12, 31)


def draft_round(  # noqa: PLR0913 - all that a release is made of
    live: Iterable[LiveFigure],
    tree: Tree,
    texts: Mapping[str, Text],
    year: int,
    *,
    as_of: date,
    written: Mapping[tuple[MeterCode, Field], Text],
) -> Content:
    """The content of a round's release.

    Args:
        live: figures of `ROUND_METRICS` by year, of the year.
        tree: the organisation tree; units and services are left out.
        texts: names and explanations by code, such as `metric.participation_coverage`.
        year: of the round.
        as_of: the local day of the draft: the cut-off of knowledge.
        written: the texts of the meters that somebody wrote for this year.
    """
    upper = Tree([one for one in tree.entities if one.kind in UPPER], ())
    own = [one for one in live if one.metric in ROUND_METRICS]
    content = draft(own, upper, texts, round_span(year), as_of)
    return msgspec.structs.replace(
        content, kind="round-yearly", texts={**content.texts, **meter_texts(written)}
    )
