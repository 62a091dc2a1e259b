"""Which entity hung under which, for the whole of a period."""

from collections.abc import Collection, Iterable
from datetime import date

from reporting.domain.live import LiveEntity
from reporting.domain.releases import Period


class Hanging:
    """The organisation tree by period: who moved within a period hangs nowhere in it."""

    def __init__(self, entities: Iterable[LiveEntity]) -> None:
        self._entities = {one.id: one for one in entities}

    def kind(self, entity: str) -> str:
        """The kind of an entity; empty where it is unknown."""
        known = self._entities.get(entity)
        return known.kind if known else ""

    def above(self, entity: str, period: Period) -> list[str]:
        """The entities above, the nearest first; cut where one moved within the period."""
        found: list[str] = []
        while (parent := self._parent(entity, period)) is not None and parent not in found:
            found.append(parent)
            entity = parent
        return found

    def nearest(self, entity: str, period: Period, kinds: Collection[str]) -> str | None:
        """The nearest entity above that is of one of these kinds."""
        return next((one for one in self.above(entity, period) if self.kind(one) in kinds), None)

    def stays(self, entity: str, period: Period) -> bool:
        """Whether it hung in one place for as long as it stood in the period."""
        return len(self._parents(entity, period.first, period.last)) == 1

    def _parent(self, entity: str, period: Period) -> str | None:
        parents = self._parents(entity, period.first, period.last)
        return next(iter(parents)) if len(parents) == 1 else None

    def _parents(self, entity: str, first: date, last: date) -> set[str | None]:
        known = self._entities.get(entity)
        return {
            one.parent
            for one in (known.validities if known else ())
            if one.valid_from <= last and (one.valid_to is None or one.valid_to >= first)
        }
