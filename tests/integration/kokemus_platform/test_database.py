from pathlib import Path

import psycopg
import pytest

from kokemus_platform import database
from kokemus_platform.home import Home
from kokemus_platform.processes import PartFailedError


def test_each_role_owns_its_schema_and_sees_no_other(database_url: str, tmp_path: Path) -> None:
    addresses = database.prepare(database_url, ["one", "two"], Home(tmp_path))
    assert database.prepare(database_url, ["one", "two"], Home(tmp_path)) == addresses
    with psycopg.connect(database.plain(addresses["one"])) as one:
        one.execute("CREATE TABLE own (n int)")
        found = one.execute("SELECT schemaname FROM pg_tables WHERE tablename = 'own'").fetchone()
    assert found == ("one",)
    with (
        psycopg.connect(database.plain(addresses["two"])) as two,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        two.execute("SELECT n FROM one.own")


def test_only_the_role_of_metrics_may_make_a_schema_for_a_rebuild(
    database_url: str, tmp_path: Path
) -> None:
    addresses = database.prepare(database_url, ["metrics", "reporting"], Home(tmp_path))
    assert database.address(database_url, "metrics", Home(tmp_path)) == addresses["metrics"]
    with psycopg.connect(database.plain(addresses["metrics"])) as metrics:
        metrics.execute("CREATE SCHEMA metrics_rebuilt")
    with (
        psycopg.connect(database.plain(addresses["reporting"])) as reporting,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        reporting.execute("CREATE SCHEMA reporting_rebuilt")


def test_a_database_that_is_away_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(PartFailedError, match=r"127\.0\.0\.1:1 ") as failed:
        database.prepare("postgresql://u:secret@127.0.0.1:1/db", ["one"], Home(tmp_path))
    assert "secret" not in str(failed.value)


def test_a_database_in_which_another_platform_works_is_refused(
    database_url: str, tmp_path: Path
) -> None:
    addresses = database.prepare(database_url, ["one", "two"], Home(tmp_path / "a"))
    with (
        psycopg.connect(database.plain(addresses["two"])),
        pytest.raises(PartFailedError, match="Another Kokemus works in the database"),
    ):
        database.prepare(database_url, ["one", "two"], Home(tmp_path / "b"))
    with psycopg.connect(database.plain(addresses["one"])):
        """The other platform's password is as it was."""
