"""Reads what is counted as cells with a key, in one order, whatever the table.

A cell is a row of a table: its primary key, and what else stands in it. Rows of presses are named
by what they are of and not by row ids, which two databases give out differently. Sums that are
nothing are no cells: whether a row of zeros stands depends on what was counted together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from metrics.domain.differing import Row

Connection = psycopg.Connection[Any]

BOOKKEEPING: Final = frozenset(
    {
        "alembic_version",
        "changed",
        "gaps",
        "packed_days",
        "packed_hours",
        "partition_offsets",
        "registry_version",
        "seen",
        "seen_key",
        "series",
        "stream",
    }
)
"""Tables whose rows are no cells: how far was counted, what names the cells of presses, and what
says the same as cells in another form."""

_ROWS: Final = 5_000
"""Cells that a reader holds of each side."""

_SERIES: Final[tuple[LiteralString, LiteralString]] = (
    " JOIN {schema}.series ON series.id = series_id",
    "(to_jsonb(series) - 'id')",
)
_NAMED: Final[Mapping[str, tuple[LiteralString, LiteralString]]] = {
    "stream_id": (
        " JOIN {schema}.stream ON stream.id = stream_id" + _SERIES[0],
        "(to_jsonb(stream) - ARRAY['id', 'series_id']) || " + _SERIES[1],
    ),
    "series_id": _SERIES,
}
"""By a column that holds a row id what it stands for: where that is, and how it is named."""

_SOMETHING: Final[Mapping[str, LiteralString]] = {
    "day_counts": "0 <> ANY(t.counts || t.misuse)",
    "month_counts": "0 <> ANY(t.counts || t.misuse)",
    "hour_counts": "0 <> ANY(t.counts)",
    "reason_counts": "t.count <> 0",
    "ombudsman_counts": "t.contacts <> 0 OR t.matters <> 0",
    "matter_counts": "t.count <> 0",
    "survey_answers": "t.count <> 0",
}
"""Where a row of sums says anything."""

_TABLES: Final = """
SELECT c.relname, coalesce((
    SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY(i.indkey)
    WHERE i.indrelid = c.oid AND i.indisprimary), '{}')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind = 'r' AND NOT c.relname = ANY(%s) ORDER BY 1
"""


class Table(NamedTuple):
    """A table of cells; one without a primary key has its whole rows as keys."""

    name: str
    key: Sequence[str]


def tables(connection: Connection, schema: str) -> list[Table]:
    """Every table of cells that a schema has."""
    rows = connection.execute(_TABLES, (schema, list(BOOKKEEPING))).fetchall()
    return [Table(*row) for row in rows]


def cells(connection: Connection, schema: str, table: Table) -> Iterator[Row]:
    """Every cell of a table, by its key, some at a time.

    Args:
        connection: in a transaction; its time zone decides how times are written.
        schema: which counts.
        table: one of `tables`.
    """
    with connection.cursor(f"cells of {schema}") as cursor:
        cursor.itersize = _ROWS
        cursor.execute(_statement(schema, table))
        yield from cursor


def _statement(schema: str, table: Table) -> sql.Composed:
    names = {
        "schema": sql.Identifier(schema),
        "table": sql.Identifier(schema, table.name),
        "columns": sql.Literal([*table.key, "updated_at", "merged_id"]),
        "key": _key(table),
    }
    if not table.key:
        return sql.SQL(
            "SELECT to_jsonb(t)::text COLLATE \"C\", jsonb_build_object('rows', count(*))::text"
            " FROM {table} AS t GROUP BY 1 ORDER BY 1"
        ).format(**names)
    joined = "".join(_NAMED[column][0] for column in table.key if column in _NAMED)
    return sql.SQL(
        'SELECT ({key})::text COLLATE "C", (to_jsonb(t) - {columns}::text[])::text'
        f" FROM {{table}} AS t{joined} WHERE {_SOMETHING.get(table.name, 'true')} ORDER BY 1"
    ).format(**names)


def _key(table: Table) -> sql.Composable:
    parts: list[sql.Composable] = [
        sql.SQL(_NAMED[column][1]) for column in table.key if column in _NAMED
    ]
    named = [column for column in table.key if column not in _NAMED]
    fields = [sql.SQL("{}, t.{}").format(name, sql.Identifier(name)) for name in named]
    parts.append(sql.SQL("jsonb_build_object({})").format(sql.SQL(", ").join(fields)))
    return sql.SQL(" || ").join(parts)
