"""What every page of an entity on the desk has: whom it is about, since when, and how fresh."""

from datetime import date

from starlette.requests import Request

from reporting.domain import desk
from reporting.domain.live import Status
from reporting.domain.people import Person
from reporting.domain.releases import Entity
from reporting.handlers.signing_in import Visit
from reporting.parts import Parts


class Frame:
    """Reads and tells what pages of an entity have in common."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def wanted(self, visit: Visit) -> str:
        """The entity that is asked for, else the first of the person's own, else the city."""
        return self.wanted_by(visit.person, visit.request)

    def wanted_by(self, person: Person, request: Request) -> str:
        """The same, of a request that is no visit."""
        root = self._parts.settings.root_entity
        return request.query_params.get("entity") or person.starts_at(root)

    def span(self) -> tuple[date, date]:
        """The last twelve months up to today."""
        first, last = self._parts.last_months()
        return first.date(), last.date()

    async def tree(self) -> dict[str, Entity]:
        """The organisation as it stands today.

        Raises:
            Unavailable: the metrics API is away.
        """
        live = await self._parts.metrics.entities()
        return desk.entities_on(live, self._parts.here().date())

    def told(
        self, visit: Visit, wanted: str, tree: dict[str, Entity], status: Status
    ) -> dict[str, object]:
        """The head of the page, for its template."""
        language = self._parts.languages[visit.language]
        first, last = self.span()
        entity = tree.get(wanted)
        return {
            "entity": wanted,
            "name": language.of(entity.names) if entity else wanted,
            "responsible": desk.responsible(entity, language) if entity else "",
            "above": [
                (one.id, language.of(one.names))
                for one in desk.path(tree, wanted)[:-1]
                if desk.may_see(visit.person, one.id, tree)
            ],
            "span": (language.day(first), language.day(last)),
            "status": status,
        }
