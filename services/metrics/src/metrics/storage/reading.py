"""Reads what a query needs, in one read-only transaction that sees one state of the database."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

import sqlalchemy
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from kokemus.errors import Unavailable
from metrics.domain.definitions import Definition, Measure
from metrics.domain.figures import Key
from metrics.domain.found import Found
from metrics.domain.periods import Span
from metrics.domain.query import Query, Target
from metrics.storage import (
    daily_reading,
    driver_reading,
    feedback_reading,
    hour_reading,
    participation_reading,
    press_reading,
    record_reading,
    statutory_reading,
    survey_reading,
)

STATEMENT_SECONDS: Final = 20
"""A reading that takes longer is given up: nobody waits for it any more."""

RECORDS: Final[frozenset[Measure]] = frozenset({"feedback", "reasons", "games"})
"""What is counted record by record."""

ANSWERS: Final[frozenset[Measure]] = frozenset(
    {"presses", "hours", "reasons", *driver_reading.MEASURES}
)
"""What is made of answers, at least in part."""

POOL: Final = 4
"""Readings at the same time in one process; more would only wait for the processor."""

_VERSION: Final = """
SELECT (SELECT version FROM registry_version)::text || coalesce(
    (SELECT string_agg(next_offset::text, '.' ORDER BY topic, topic_id, partition)
            || '-' || left(md5(string_agg(topic_id, '.' ORDER BY topic, topic_id, partition)), 8)
     FROM partition_offsets), '')
"""

_CHILDREN: Final = """
SELECT v.parent, v.entity_id, bool_or(EXISTS (
    SELECT FROM entity_validities o
    WHERE o.entity_id = v.entity_id AND o.parent IS DISTINCT FROM v.parent
      AND o.valid_from <= %(last)s AND coalesce(o.valid_to, 'infinity') >= %(first)s))
FROM entity_validities v
WHERE v.parent = ANY(%(entities)s)
  AND v.valid_from <= %(last)s AND coalesce(v.valid_to, 'infinity') >= %(first)s
GROUP BY 1, 2
"""


def create_engine(database_url: str) -> Engine:
    """A small pool of connections for reading.

    Args:
        database_url: of the role whose search path is the schema of metrics.
    """
    return sqlalchemy.create_engine(
        database_url,
        pool_size=POOL,
        max_overflow=0,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        connect_args={
            "options": f"-c statement_timeout={STATEMENT_SECONDS}s -c jit=off"
            " -c default_transaction_read_only=on -c plan_cache_mode=force_custom_plan",
            "prepare_threshold": None,  # plans depend on how much is asked for
            "connect_timeout": 5,
        },
    )


_UNDEFINED_TABLE: Final = "42P01"


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read-only transaction that sees one state.

    Raises:
        Unavailable: the database is away, or the reading took too long.
    """
    try:
        with engine.connect() as connection:
            yield connection
    except (DBAPIError, sqlalchemy.exc.TimeoutError) as error:
        if isinstance(error, DBAPIError) and not _away(error):
            raise
        raise Unavailable("the database does not answer") from error


def _away(error: DBAPIError) -> bool:
    """Connection lost (08, none), too many or too long (53, 57), or the schema not yet made."""
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or state is None:
        return True
    return state[:2] in {"08", "53", "57"} or state == _UNDEFINED_TABLE


def version(connection: Connection) -> str:
    """Changes with every event that is applied and every change of the registry."""
    return str(connection.exec_driver_sql(_VERSION).scalar_one())


def read(
    connection: Connection,
    query: Query,
    check: Callable[[int], None],
    wanted: Sequence[Target] | None = None,
) -> Found:
    """Everything that the figures of a query are made of.

    Args:
        connection: in a read-only transaction.
        query: what was asked.
        check: refuses too many entities, once their number is known.
        wanted: the entities, where they are known already.
    """
    found = Found(version(connection), targets(connection, query) if wanted is None else wanted)
    check(len(found.targets))
    entities = [target.entity for target in found.targets]
    found.reported = record_reading.reported(connection, query, entities)
    found.breaks = record_reading.breaks(connection, entities)
    span = query.span
    if span is None:
        return found
    by_measure: dict[Measure, list[Definition]] = defaultdict(list)
    for definition in query.definitions:
        if query.channel is None or query.channel in definition.channels:
            by_measure[definition.measure].append(definition)
    if by_measure.keys() & ANSWERS:
        _read_answers(connection, query, found, span, by_measure)
    _read_records(connection, query, found, span, by_measure)
    found.statutory = {
        (measure, entity): told
        for measure in by_measure.keys() & statutory_reading.MEASURES
        for entity, told in statutory_reading.told(
            connection, query, measure, entities, span
        ).items()
    }
    if any(one.additive for one in query.definitions):
        found.heard = record_reading.heard_until(connection, entities, span)
    return found


def _read_records(
    connection: Connection,
    query: Query,
    found: Found,
    span: Span,
    by_measure: Mapping[Measure, Sequence[Definition]],
) -> None:
    entities = [target.entity for target in found.targets]
    counted = entities
    if any(one.metric == "share_of_city" for one in by_measure.get("feedback", ())):
        found.city = record_reading.city(connection)
        if found.city is not None:
            whole = [found.city.entity, *(name for name, _ in found.city.divisions)]
            counted = list(dict.fromkeys([*entities, *whole]))
    found.tallies = {
        (measure, entity): tallies
        for measure in by_measure.keys() & RECORDS
        for entity, tallies in record_reading.records(
            connection, query, measure, counted, span
        ).items()
    }
    if "devices" in by_measure:
        found.devices = record_reading.devices(connection, query, entities)
    if "answers" in by_measure:
        found.fates = feedback_reading.fates(connection, query, entities, span)
    if "rates" in by_measure:
        found.waves = survey_reading.waves(connection, query, entities, span)
    if "statements" in by_measure:
        found.statements = survey_reading.statements(connection, query, entities, span)
    if by_measure.keys() & {"methods", "volumes", "coverage", "coverage_change"}:
        found.returns = participation_reading.returns(
            connection,
            entities,
            {period.span.last.year for period in query.periods},
            rounds="coverage_change" in by_measure,
        )
    if "practices" in by_measure:
        found.practices = participation_reading.practices(
            connection, entities, [period.span.last for period in query.periods]
        )
    if "overdue" in by_measure:
        found.overdue = feedback_reading.overdue(connection, query, entities, span.last)


def targets(connection: Connection, query: Query) -> list[Target]:
    """The entities that were asked for, each once, and their direct children if asked for."""
    asked = {
        entity: Target(position, "", entity)
        for position, entity in reversed(list(enumerate(query.entities)))
    }
    if not query.children or query.span is None:
        return sorted(asked.values())
    rows = connection.exec_driver_sql(
        _CHILDREN,
        {"entities": list(asked), "first": query.span.first, "last": query.span.last},
    )
    children = {
        child: Target(asked[parent].position, child, child, moved)
        for parent, child, moved in rows
        if child not in asked
    }
    return sorted([*asked.values(), *children.values()])


def _read_answers(
    connection: Connection,
    query: Query,
    found: Found,
    span: Span,
    by_measure: Mapping[Measure, Sequence[Definition]],
) -> None:
    entities = [target.entity for target in found.targets]
    leaves = press_reading.leaves(connection, query, entities, span)
    wanted = [one for measure in ANSWERS for one in by_measure.get(measure, ())]
    asked = query.question is not None
    feeding = {
        key: any(one.feeds(*key, asked=asked) for one in wanted)
        for key in {leaf.key for leaf in leaves}
    }
    leaves = [leaf for leaf in leaves if feeding[leaf.key]]
    misuse = any(one.metric == "misuse_share" for one in wanted)
    starts = [period.span.first for period in query.periods]
    if by_measure.keys() & {"presses", "reasons"}:
        found.presses = press_reading.sums(connection, leaves, query.grain, starts, misuse=misuse)
        press_reading.add_summaries(connection, query, entities, found.presses)
        series: dict[str, set[Key]] = defaultdict(set)
        for leaf in leaves:
            for entity in leaf.entities:
                series[entity].add(leaf.key)
        for entity, key in found.presses:
            series[entity].add(key)
        found.series = series
        found.samplings = survey_reading.samplings(connection, leaves, starts)
        if query.observations:
            found.counted = press_reading.observed(connection, query, entities)
        if query.variation or query.change:
            found.by_day, found.by_device = daily_reading.by_day(
                connection, leaves, starts, devices=query.change is not None
            )
    if "hours" in by_measure:
        found.hours = hour_reading.hours(connection, query, leaves)
    found.arms = {
        (measure, *cell): arms
        for measure in by_measure.keys() & driver_reading.MEASURES
        for cell, arms in driver_reading.arms(connection, measure, leaves, query.periods).items()
    }
