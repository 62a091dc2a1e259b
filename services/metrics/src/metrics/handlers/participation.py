"""The answer of `GET /v1/participation`: the coverage matrix of a year, and its change."""

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from metrics.domain.definitions import Catalogue
from metrics.domain.figures import NOTHING, Answer, Place, counted
from metrics.domain.participation import LEVELS, Return, Returns, coverage, last_day
from metrics.domain.participation_cells import changed, covered, newest
from metrics.domain.participation_rules import Rules
from metrics.domain.periods import Period, Span
from metrics.domain.rounding import number
from metrics.handlers.representation import local

RULE: Final = "participation_coverage"


class Between(BaseModel):
    """Between what a figure lies while some have not returned."""

    low: float
    high: float


class Rule(BaseModel):
    """By what rule a service entity is covered."""

    definition: str
    required: list[int]
    levels: list[int]


class AreaCoverage(BaseModel):
    """The coverage of an area in per cent."""

    covered: int
    valid: int
    not_returned: list[str]
    value: float | None
    rounded: float | None
    range: Between | None
    status: str
    flags: list[str]


class AreaChange(BaseModel):
    """The change of an area's coverage since the base year, in percentage points."""

    value: float | None
    range: Between | None
    entities: int | None
    base_year: int | None
    status: str
    flags: list[str]


class LevelCount(BaseModel):
    """Service entities with a way in use on a level."""

    level: int
    service_entities: int


class Area(BaseModel):
    """The city or a division."""

    entity: str
    kind: str
    coverage: AreaCoverage
    change: AreaChange
    levels: list[LevelCount]


class Way(BaseModel):
    """A way in use; volume null: not counted."""

    method: str
    volume: int | None


class Level(BaseModel):
    """What a service entity returned of a level."""

    level: int
    returned: bool
    in_use: bool
    methods: list[Way]


class ServiceEntity(BaseModel):
    """A row of the matrix; `covered` null: not returned."""

    entity: str
    division: str | None
    returned: bool
    covered: bool | None
    levels: list[Level]


class Participation(BaseModel):
    """The coverage matrix of a year: division, service entity, level."""

    year: int
    as_of: str | None
    rule: Rule
    base_year: int | None
    areas: list[Area]
    service_entities: list[ServiceEntity]


class Matrix:
    """Makes the answer of one year from its returns."""

    def __init__(self, returns: Returns, year: int, catalogue: Catalogue, rules: Rules) -> None:
        self._returns = returns
        self._year = year
        self._catalogue = catalogue
        self._rules = rules

    def of(self, areas: list[str], zone: ZoneInfo) -> Participation:
        """The whole matrix; `areas` are the city and the divisions."""
        returns, year = self._returns, self._year
        divisions = {
            one: area
            for area in areas
            if returns.kinds[area] == "division"
            for one in returns.round(area, year)
        }
        valid = sorted(returns.valid.get(year, ()))
        as_of: list[datetime] = [
            when for area in areas if (when := newest(returns.round(area, year))) is not None
        ]
        return Participation(
            year=year,
            as_of=local(max(as_of, default=None), zone),
            rule=Rule(
                definition=self._catalogue.definitions[RULE].id,
                required=list(self._rules.required),
                levels=list(LEVELS),
            ),
            base_year=returns.base_year(),
            areas=[self._area(area) for area in areas],
            service_entities=[
                self._service_entity(one, divisions.get(one))
                for one in sorted(valid, key=lambda one: (divisions.get(one, ""), one))
            ],
        )

    def _plain(self, metric: str, entity: str, answer: Answer) -> dict[str, Any]:
        span = Span(last_day(self._year).replace(month=1, day=1), last_day(self._year))
        place = Place(entity, NOTHING, Period(span, span), "year")
        figure = counted(self._catalogue.definitions[metric], place, answer, self._catalogue)
        ends = figure.range
        return {
            "value": None if figure.value is None else number(figure.value),
            "rounded": None if figure.rounded is None else number(figure.rounded),
            "range": None if ends is None else {"low": ends[0], "high": ends[1]},
            "status": figure.status,
            "flags": list(figure.flags),
        }

    def _area(self, area: str) -> Area:
        returns, year = self._returns, self._year
        whole = returns.round(area, year)
        found = coverage(whole, self._rules.required)
        cover = covered(whole, self._rules) if whole else Answer(None)
        change = changed(returns, area, year, self._rules) if whole else Answer(None)
        return Area(
            entity=area,
            kind=returns.kinds[area],
            coverage=AreaCoverage(
                covered=found.covered,
                valid=found.valid,
                not_returned=list(found.missing),
                **self._plain(RULE, area, cover),
            ),
            change=AreaChange(
                entities=change.beside.get("service_entities"),
                base_year=change.beside.get("base_year"),
                **self._plain("participation_change", area, change),
            ),
            levels=[
                LevelCount(
                    level=level,
                    service_entities=sum(
                        one is not None and one.covers([level]) for one in whole.values()
                    ),
                )
                for level in LEVELS
            ],
        )

    def _service_entity(self, entity: str, division: str | None) -> ServiceEntity:
        own = self._returns.of(entity, self._year)
        return ServiceEntity(
            entity=entity,
            division=division,
            returned=own is not None,
            covered=None if own is None else own.covers(self._rules.required),
            levels=[_level(own, level) for level in LEVELS],
        )


def _level(own: Return | None, level: int) -> Level:
    ways = own.levels.get(level) if own is not None else None
    return Level(
        level=level,
        returned=ways is not None,
        in_use=bool(ways),
        methods=[Way(method=method, volume=(ways or {})[method]) for method in sorted(ways or {})],
    )
