"""Reads from the metrics API all that a release of kind `public-monthly` is drafted from."""

from datetime import date

from reporting.disclosure.public_tables import TABLES
from reporting.domain.drafting import GRAINS, METRICS, NPS_SHARES, OWN_DOING, UPPER, Tree
from reporting.domain.live import LiveEntity, LiveFigure
from reporting.metrics_client import MetricsClient


class DraftReading:
    """The figures of a span of days."""

    def __init__(self, metrics: MetricsClient, span: tuple[date, date]) -> None:
        self._metrics = metrics
        self._span = span
        self._years = span[0].replace(month=1, day=1), span[1]
        self._entities: list[LiveEntity] = []

    async def tree(self) -> Tree:
        """The organisation tree; asked for first.

        Raises:
            Unavailable: the metrics API cannot be read; so do all the others.
        """
        self._entities = await self._metrics.entities()
        return Tree(self._entities, await self._metrics.breaks())

    async def answers(self) -> list[LiveFigure]:
        """Anonymous answers; the parts of NPS only of those that have it, which are few."""
        ids, most = self._of(None), tuple(name for name in METRICS if name not in NPS_SHARES)
        found: list[LiveFigure] = []
        for grain in GRAINS:
            figures = await self._metrics.figures(most, ids, self._span, grain, change="year")
            heard = {one.entity for one in figures if one.metric == "nps" and one.channel}
            found += figures
            found += await self._metrics.figures(
                NPS_SHARES, sorted(heard), self._span, grain, change="year"
            )
        return found

    async def own_doing(self) -> list[LiveFigure]:
        """What the city did itself, by year."""
        return await self._metrics.figures(OWN_DOING, self._of(UPPER), self._years, "year")

    async def acts(self) -> list[LiveFigure]:
        """Persons' acts, as `protect` takes them."""
        found: list[LiveFigure] = []
        for table in TABLES:
            by_month = table.kinds.get("month", frozenset())
            for grain, kinds in table.kinds.items():
                asked = kinds | by_month  # months of those add up to their years
                span = self._years if grain == "year" else self._span
                found += await self._metrics.figures(
                    (table.metric, *table.derived),
                    self._of(asked),
                    span,
                    grain,
                    channel=table.channel,
                )
        return found

    def _of(self, kinds: frozenset[str] | None) -> list[str]:
        return [one.id for one in self._entities if kinds is None or one.kind in kinds]
