"""The counts that are rebuilt beside the live ones: a second schema, and how it takes their place.

Of the live schema `metrics` the rebuilt one is `metrics_rebuilt`, and what it replaced is
`metrics_replaced`. Figures, ids seen and gaps are the rebuilt one's own; what tells of the live
counting itself is carried over when it takes its place: offsets and what became of records, who
waits for the operator, what is not announced yet, who may read.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from typing import Any, Final, NamedTuple, Self

import psycopg
import sqlalchemy
from psycopg import sql

from kokemus.migrations import migrate
from metrics.domain.changes import ChangedCell, encode_cells
from metrics.domain.differing import Range, beyond
from metrics.storage import MIGRATIONS
from metrics.storage.counting import CountingStore, Partition, Slice

Connection = psycopg.Connection[Any]

LOCK_SECONDS: Final = 5
"""How long counting and reading may have to be waited for, and have to wait for us."""

_OPTIONS: Final = "-c timezone=UTC -c jit=off -c work_mem=32MB"


class CannotRebuildError(Exception):
    """Why there is no rebuilding or swapping now: somebody has to do something first."""


class Reached(NamedTuple):
    """How far a partition is counted."""

    topic: str
    topic_id: str
    partition: int
    next_offset: int

    @property
    def key(self) -> Partition:
        """As the store knows it."""
        return self.topic_id, self.partition


class RebuiltStore(CountingStore):
    """Counts into the rebuilt schema.

    Nothing is announced: nobody reads these counts. A record that is refused stops nothing and is
    counted nowhere: that is told of the live counting, once.
    """

    def reach(self, partition: Partition, end: int) -> None:
        """Passes over records that hold no events, up to an offset."""
        with self._transaction() as cursor:
            cursor.execute(
                "UPDATE partition_offsets SET next_offset = %s"
                " WHERE topic_id = %s AND partition = %s AND next_offset < %s",
                (end, *partition, end),
            )

    def _announce(self, cursor: psycopg.Cursor[Any], changed: AbstractSet[ChangedCell]) -> None: ...

    def _move_offsets(self, cursor: psycopg.Cursor[Any], slices: Mapping[Partition, Slice]) -> None:
        cursor.executemany(
            "UPDATE partition_offsets SET next_offset = %s WHERE topic_id = %s AND partition = %s",
            [(piece.end, *partition) for partition, piece in sorted(slices.items())],
        )


class Schemas:
    """The three schemas, and the connection that holds the right to rebuild."""

    def __init__(self, database_url: str, connection: Connection, live: str) -> None:
        self._url = sqlalchemy.make_url(database_url)
        self._connection = connection
        self.live = live
        self.rebuilt = f"{live}_rebuilt"
        self.replaced = f"{live}_replaced"

    @classmethod
    @contextmanager
    def held(cls, database_url: str) -> Iterator[Self]:
        """The schemas of a role, for one at a time.

        Args:
            database_url: of SQLAlchemy's form; the role owns the live schema's tables.

        Raises:
            CannotRebuildError: there are no counts, they are not the role's, or another rebuild
                is at work.
        """
        with _connect(database_url) as connection:
            connection.autocommit = True
            owner, live, role = _one(
                connection,
                "SELECT (SELECT pg_get_userbyid(relowner) FROM pg_class"
                " WHERE oid = to_regclass('partition_offsets')), current_schema(), current_user",
            )
            if owner is None:
                raise CannotRebuildError("there are no counts yet: run the migrations of metrics")
            if owner != role:
                raise CannotRebuildError(f"the counts are {owner}'s: connect as that role")
            if not _one(
                connection, "SELECT pg_try_advisory_lock(hashtext('kokemus.rebuild ' || %s))", live
            )[0]:
                raise CannotRebuildError("another rebuild is at work in this database")
            yield cls(database_url, connection, live)

    def create(self) -> None:
        """Makes the rebuilt schema, empty; what is there of an earlier one goes.

        Raises:
            CannotRebuildError: the role may make no schema, or the live one is of another version.
        """
        names = {"rebuilt": sql.Identifier(self.rebuilt), "live": sql.Identifier(self.live)}
        try:
            self._connection.execute(
                sql.SQL("DROP SCHEMA IF EXISTS {rebuilt} CASCADE").format(**names)
            )
            self._connection.execute(sql.SQL("CREATE SCHEMA {rebuilt}").format(**names))
        except psycopg.errors.InsufficientPrivilege:
            database, role = self._connection.info.dbname, self._connection.info.user
            raise CannotRebuildError(
                f"the role may make no schema: GRANT CREATE ON DATABASE {database} TO {role}"
            ) from None
        url = self._url.update_query_dict({"options": f"-c search_path={self.rebuilt}"})
        migrate(url.render_as_string(hide_password=False), MIGRATIONS)
        self._same_version()
        self._connection.execute(  # else no id of one would be known to the other
            sql.SQL("UPDATE {rebuilt}.seen_key SET key = (SELECT key FROM {live}.seen_key)").format(
                **names
            )
        )

    @property
    def compared(self) -> bool:
        """Whether a rebuilt schema stands that was compared to its end."""
        (told,) = _one(
            self._connection,
            "SELECT obj_description(to_regnamespace(%s), 'pg_namespace')",
            self.rebuilt,
        )
        return told is not None

    def ready_to_swap(self) -> None:
        """Whether the rebuilt counts may take the place of the live ones.

        Raises:
            CannotRebuildError: none were compared, or what was replaced before is still there.
        """
        if not self.compared:
            raise CannotRebuildError("nothing is rebuilt and compared yet: rebuild first")
        self._same_version()
        if self._stands(self.replaced):
            raise CannotRebuildError(
                f"what was replaced before still stands as {self.replaced}: --drop-old removes it"
            )

    def drop_replaced(self) -> bool:
        """Removes the counts that were replaced; whether there were any."""
        stood = self._stands(self.replaced)
        self._connection.execute(
            sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(self.replaced))
        )
        return stood

    def reached(self) -> list[Reached]:
        """How far the live one is: by topic, a topic's earlier lives first."""
        return reached(self._connection, self.live)

    def behind(self) -> int:
        """How many offsets the rebuilt one is behind the live one."""
        done = sum(one.next_offset for one in reached(self._connection, self.rebuilt))
        return max(sum(one.next_offset for one in self.reached()) - done, 0)

    @contextmanager
    def snapshots(self) -> Iterator[tuple[Connection, Connection]]:
        """One state of the live counts, taken at once, and one of the rebuilt, at its first use."""
        with (
            _connect(self._url.render_as_string(hide_password=False)) as live,
            _connect(self._url.render_as_string(hide_password=False)) as rebuilt,
        ):
            for one in (live, rebuilt):
                one.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                one.read_only = True
            live.execute("SELECT 1")
            yield live, rebuilt

    def analyse(self) -> None:
        """Tells the planner what the rebuilt tables hold."""
        for table in _tables(self._connection, self.rebuilt):
            self._connection.execute(
                sql.SQL("ANALYZE {}").format(sql.Identifier(self.rebuilt, table))
            )

    def begin_to_compare(self) -> None:
        """Forgets what an earlier comparison found."""
        self._comment(None)
        self._connection.execute(
            sql.SQL("DELETE FROM {}").format(sql.Identifier(self.rebuilt, "changed"))
        )

    def keep_changed(self, cells: AbstractSet[ChangedCell]) -> None:
        """Notes cells that differ, to be announced once swapped."""
        self._connection.execute(
            sql.SQL("INSERT INTO {} (cells) VALUES (%s)").format(
                sql.Identifier(self.rebuilt, "changed")
            ),
            (encode_cells(cells),),
        )

    def mark_compared(self) -> None:
        """Notes that what is rebuilt was compared to its end."""
        self._comment("rebuilt from the archive, and compared")

    @contextmanager
    def counting_stopped(self) -> Iterator[list[Reached]]:
        """How far the live one is, while nobody can count into it; reading goes on.

        A transaction: whatever is not done in it to its end is not done at all.

        Raises:
            psycopg.errors.LockNotAvailable: counting could not be stopped in time.
        """
        with self._connection.transaction():
            self._connection.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            for table in ("gaps", "partition_offsets"):  # in the order of those who fill gaps
                self._lock(table, "EXCLUSIVE")
            yield self.reached()

    def put_in_place(self) -> None:
        """Puts the rebuilt counts in the place of the live ones; called while counting is stopped.

        Whoever reads is waited for, and has to wait from here to the transaction's end: so nobody
        comes upon other counts in the middle of a transaction.

        Raises:
            CannotRebuildError: the rebuilt counts are not as far as the live ones, or lack what
                these have.
            psycopg.errors.LockNotAvailable: somebody reads for too long.
        """
        for table in ("partition_offsets", *_tables(self._connection, self.live)):
            self._lock(table, "ACCESS EXCLUSIVE")
        differ = set(self.reached()) ^ set(reached(self._connection, self.rebuilt))
        behind = {one.topic for one in differ if one.next_offset > 0}
        if behind:
            raise CannotRebuildError(f"not rebuilt to the end: {', '.join(sorted(behind))}")
        if beyond(gaps(self._connection, self.rebuilt), gaps(self._connection, self.live)):
            raise CannotRebuildError("a swap would lose what is neither archived nor on its topic")
        self._grant()
        self._connection.execute(
            sql.SQL(_IN_PLACE).format(
                live=sql.Identifier(self.live),
                rebuilt=sql.Identifier(self.rebuilt),
                replaced=sql.Identifier(self.replaced),
                live_changed=sql.Literal(f"{self.live}.changed"),
                rebuilt_changed=sql.Literal(f"{self.rebuilt}.changed"),
            )
        )

    def _grant(self) -> None:
        """Lets read (or more) whoever was let by grants on the live schema and its tables."""
        schema, tables = sql.SQL("SCHEMA {}"), sql.SQL("TABLE {}")
        given = [
            (schema.format(sql.Identifier(self.rebuilt)), *row)
            for row in self._connection.execute(_SCHEMA_GRANTS, (self.live,)).fetchall()
        ]
        given += [
            (tables.format(sql.Identifier(self.rebuilt, table)), *row)
            for table, *row in self._connection.execute(_TABLE_GRANTS, (self.live,)).fetchall()
        ]
        for what, privilege, grantee in given:
            self._connection.execute(
                sql.SQL("GRANT {} ON {} TO {}").format(
                    sql.SQL(privilege),
                    what,
                    sql.SQL("PUBLIC") if grantee is None else sql.Identifier(grantee),
                )
            )

    def _lock(self, table: str, mode: str) -> None:
        self._connection.execute(
            sql.SQL("LOCK TABLE {} IN {} MODE").format(
                sql.Identifier(self.live, table), sql.SQL(mode)
            )
        )

    def _comment(self, text: str | None) -> None:
        self._connection.execute(
            sql.SQL("COMMENT ON SCHEMA {} IS {}").format(
                sql.Identifier(self.rebuilt), sql.Literal(text)
            )
        )

    def _stands(self, schema: str) -> bool:
        return bool(_one(self._connection, "SELECT to_regnamespace(%s) IS NOT NULL", schema)[0])

    def _same_version(self) -> None:
        versions = [
            _one(
                self._connection,
                sql.SQL("SELECT version_num FROM {}").format(
                    sql.Identifier(schema, "alembic_version")
                ),
            )
            for schema in (self.live, self.rebuilt)
        ]
        if versions[0] != versions[1]:
            raise CannotRebuildError(
                "the live tables are of another version than the rebuilt ones:"
                " run the migrations of metrics, then rebuild"
            )


_TABLE_GRANTS: Final = """
SELECT c.relname, a.privilege_type, r.rolname
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = %s AND c.relkind IN ('r', 'v') AND a.grantee <> c.relowner
"""
_SCHEMA_GRANTS: Final = """
SELECT a.privilege_type, r.rolname
FROM pg_namespace n CROSS JOIN aclexplode(n.nspacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
WHERE n.nspname = %s AND a.grantee <> n.nspowner
"""

# Readers tell states of the counts apart by the offsets and the registry's version: the new one
# was never seen. Numbers of changes never come again: the relay deletes by them what it announced.
_IN_PLACE: Final = """
DELETE FROM {rebuilt}.partition_offsets;
INSERT INTO {rebuilt}.partition_offsets SELECT * FROM {live}.partition_offsets;
UPDATE {rebuilt}.registry_version
SET version = greatest(version, (SELECT version FROM {live}.registry_version)) + 1;
SELECT setval(pg_get_serial_sequence({rebuilt_changed}, 'id'), greatest(
    nextval(pg_get_serial_sequence({rebuilt_changed}, 'id')),
    nextval(pg_get_serial_sequence({live_changed}, 'id'))));
UPDATE {rebuilt}.changed SET id = DEFAULT;
INSERT INTO {rebuilt}.changed OVERRIDING SYSTEM VALUE SELECT * FROM {live}.changed;
COMMENT ON SCHEMA {rebuilt} IS NULL;
ALTER SCHEMA {live} RENAME TO {replaced};
ALTER SCHEMA {rebuilt} RENAME TO {live}
"""


def reached(connection: Connection, schema: str) -> list[Reached]:
    """How far the counts of a schema are: by topic, a topic's earlier lives first."""
    rows = connection.execute(
        sql.SQL(
            "SELECT topic, topic_id, partition, next_offset FROM {} ORDER BY"
            " topic, max(watermark) OVER (PARTITION BY topic_id) NULLS FIRST, topic_id, partition"
        ).format(sql.Identifier(schema, "partition_offsets"))
    ).fetchall()
    return [Reached(*row) for row in rows]


def gaps(connection: Connection, schema: str) -> list[Range]:
    """What the counts of a schema lack."""
    rows = connection.execute(
        sql.SQL("SELECT topic_id, partition, first_offset, last_offset FROM {}").format(
            sql.Identifier(schema, "gaps")
        )
    ).fetchall()
    return [Range(*row) for row in rows]


def _tables(connection: Connection, schema: str) -> list[str]:
    query = "SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1"
    return [table for (table,) in connection.execute(query, (schema,)).fetchall()]


def _connect(database_url: str) -> Connection:
    return psycopg.connect(
        database_url.replace("postgresql+psycopg://", "postgresql://", 1),
        options=_OPTIONS,
        connect_timeout=5,
        keepalives_idle=30,
    )


def _one(connection: Connection, query: Any, *values: object) -> tuple[Any, ...]:
    row = connection.execute(query, values).fetchone()
    return row if row is not None else (None,)
