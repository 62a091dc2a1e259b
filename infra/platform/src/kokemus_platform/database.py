"""Readies a database: for each schema a role that owns it and sees nothing else."""

import secrets
import time
from collections.abc import Collection, Sequence
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

import psycopg
from psycopg import sql

from kokemus_platform.home import Home
from kokemus_platform.processes import PartFailedError

NAME = "kokemus"
"""The embedded server's database."""
REBUILT: Final = "metrics"
"""The schema of which a second one can be made beside it: its role may make schemas."""
LEAVING_SECONDS: Final = 5.0
"""How long the sessions of an own platform that was killed may still be seen."""


def plain(url: str) -> str:
    """The address without SQLAlchemy's driver, as PostgreSQL's own tools take it."""
    return f"postgresql://{url.partition('://')[2]}"


def prepare(url: str, schemas: Collection[str], home: Home) -> dict[str, str]:
    """Create what is missing of roles and schemas; return each schema's address. Idempotent.

    Roles bear the database's name, so that platforms can share a server; their passwords are set
    anew from the state folder.

    Args:
        url: of someone who may create roles and schemas.
        schemas: their names.
        home: where the passwords lie.

    Raises:
        PartFailedError: the database is away or refuses, or another platform works in it.
    """
    given = urlsplit(url)
    addresses = {}
    try:
        with psycopg.connect(plain(url), connect_timeout=10) as connection:
            database = str(connection.info.dbname)
            _refuse_a_shared_database(connection, [f"{database}_{schema}" for schema in schemas])
            connection.execute(
                sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database))
            )
            for schema in schemas:
                role = f"{database}_{schema}"
                password = home.secret(f"database-{schema}", secrets.token_hex)
                _own_schema(connection, database, schema, role, password)
                addresses[schema] = _address(given, role, password)
    except psycopg.Error as error:
        raise PartFailedError(
            f"The database at {given.hostname}:{given.port} cannot be made ready: {error}"
        ) from error
    return addresses


def _refuse_a_shared_database(connection: psycopg.Connection, roles: Sequence[str]) -> None:
    """Two platforms in one schema would count into each other's figures."""
    deadline = time.monotonic() + LEAVING_SECONDS
    busy = "SELECT pg_stat_clear_snapshot() FROM pg_stat_activity WHERE usename = ANY(%s) LIMIT 1"
    while connection.execute(busy, [list(roles)]).fetchone():
        if time.monotonic() > deadline:
            raise PartFailedError(
                f"Another Kokemus works in the database {connection.info.dbname}."
                " End it, or give each platform a database of its own."
            )
        time.sleep(0.25)


def _own_schema(
    connection: psycopg.Connection, database: str, schema: str, role: str, password: str
) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    names = {
        "role": sql.Identifier(role),
        "schema": sql.Identifier(schema),
        "database": sql.Identifier(database),
        "password": sql.Literal(password),
    }
    statements = [
        "ALTER ROLE {role} LOGIN PASSWORD {password}"
        if known
        else "CREATE ROLE {role} LOGIN PASSWORD {password}",
        "GRANT {role} TO CURRENT_USER",
        "GRANT CONNECT ON DATABASE {database} TO {role}",
        "ALTER ROLE {role} IN DATABASE {database} SET search_path TO {schema}",
        "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role}",
    ]
    if schema == REBUILT:
        statements.append("GRANT CREATE ON DATABASE {database} TO {role}")
    for statement in statements:
        connection.execute(sql.SQL(statement).format(**names))


def address(url: str, schema: str, home: Home) -> str:
    """A schema's address, once `prepare` has made its role.

    Args:
        url: what `prepare` was given.
        schema: one of its schemas.
        home: where the passwords lie.
    """
    given = urlsplit(url)
    role = f"{given.path.removeprefix('/')}_{schema}"
    return _address(given, role, home.secret(f"database-{schema}", secrets.token_hex))


def _address(given: SplitResult, role: str, password: str) -> str:
    server = given.netloc.rpartition("@")[2]
    own = given._replace(scheme="postgresql+psycopg", netloc=f"{quote(role)}:{password}@{server}")
    return own.geturl()
