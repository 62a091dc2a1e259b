"""The SQL that the chart hands to CloudNativePG makes a database in which the services migrate."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from kokemus_platform.database import plain
from support.charts import Resource, of_kind, one_container, pods, rendered, values_files, variables


@pytest.fixture
def release(database_url: str) -> Mapping[str, Resource]:
    """The migrations of a release whose database has been made as the chart says."""
    (own,) = (path for path in values_files("kokemus") if "cloudnativepg" in path.name)
    given = urlsplit(database_url)
    name = given.path.removeprefix("/")
    resources = rendered(
        "kokemus",
        own,
        f"global.database.name={name}",
        "global.database.sslMode=disable",
    )
    (cluster,) = of_kind(resources, "Cluster").values()
    with psycopg.connect(plain(database_url), autocommit=True) as connection:
        for statement in cluster["spec"]["bootstrap"]["initdb"]["postInitApplicationSQL"]:
            connection.execute(statement)
        for role in cluster["spec"]["managed"]["roles"]:
            connection.execute(
                sql.SQL("ALTER ROLE {} PASSWORD 'from-a-secret'").format(
                    sql.Identifier(role["name"])
                )
            )
    return {name: pod for name, pod in pods(resources).items() if name.endswith("-migration")}


@pytest.mark.parametrize("service", ["metrics", "reporting"])
def test_each_service_migrates_its_own_schema(
    service: str, release: Mapping[str, Resource], database_url: str, tmp_path: Path
) -> None:
    pod = release[f"kokemus-{service}-migration"]
    given = urlsplit(database_url)
    role = f"{given.path.removeprefix('/')}_{service}"
    url = given._replace(
        scheme="postgresql+psycopg",
        netloc=f"{role}:from-a-secret@{given.netloc.rpartition('@')[2]}",
    ).geturl()
    told = variables(pod, tmp_path)
    assert urlsplit(told["KOKEMUS_DATABASE_URL"]).path == given.path
    container = one_container(pod)
    done = subprocess.run(
        [sys.executable, *container["command"][1:], *container["args"]],
        env={**told, "KOKEMUS_DATABASE_URL": url, "PATH": os.environ["PATH"]},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    with psycopg.connect(plain(url)) as connection:
        found = connection.execute(
            "SELECT has_database_privilege(current_database(), 'CREATE'), count(*)"
            " FROM pg_tables WHERE schemaname = %s",
            [service],
        ).fetchone()
    assert found is not None
    may_make_schemas, tables = found
    assert tables > 1
    assert may_make_schemas is (service == "metrics")  # a rebuild is made beside the live one
