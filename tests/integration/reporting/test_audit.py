"""The audit log: nobody changes it, and who may reads what was done, seen, taken and refused."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from kokemus.migrations import migrate
from kokemus_platform import database
from kokemus_platform.home import Home
from reporting.handlers.audit import PAGE
from reporting.storage import MIGRATIONS
from support.reporting_service import PASSWORDS, Reporting, enter


def test_the_role_of_reporting_may_add_to_the_log_and_nothing_else(
    database_url: str, tmp_path: Path
) -> None:
    """By its rights alone: the triggers, which hold owners of databases too, are away."""
    url = database.prepare(database_url, ["reporting"], Home(tmp_path))["reporting"]
    migrate(url, MIGRATIONS)
    with psycopg.connect(database.plain(url), autocommit=True) as role:
        role.execute("ALTER TABLE audit DISABLE TRIGGER ALL")
        role.execute("INSERT INTO audit (actor, action, subject) VALUES ('a', 'sign-in', 'desk')")
        for statement in (
            "UPDATE audit SET actor = 'b'",
            "DELETE FROM audit",
            "TRUNCATE audit",
            "MERGE INTO audit USING audit AS b ON TRUE WHEN MATCHED THEN DELETE",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                role.execute(statement)
        assert role.execute("SELECT actor FROM audit").fetchall() == [("a",)]


@pytest.fixture
def auditor(published: Reporting) -> Iterator[httpx.Client]:
    """Somebody who may read the log."""
    with httpx.Client(base_url=published.url, timeout=30) as client:
        enter(client, "ilona", PASSWORDS["ilona"])
        yield client


def table(client: httpx.Client, **query: str) -> list[dict[str, str]]:
    answer = client.get("/desk/audit.csv", params=query)
    assert answer.status_code == 200
    return list(csv.DictReader(io.StringIO(answer.text.removeprefix("\N{BYTE ORDER MARK}"))))


def test_what_is_seen_refused_and_taken_away_is_told(
    published: Reporting, auditor: httpx.Client
) -> None:
    with httpx.Client(base_url=published.url) as client:
        token = enter(client, "ville", PASSWORDS["ville"])
        client.get("/desk/audit")
        client.post("/desk/notes", data={"token": "forged"})
        client.get("/desk/figures.csv", params={"entity": "kallio"})
        client.post("/desk/sign-out", data={"token": token})
    rows = [tuple(row.values())[1:] for row in table(auditor, who="ville")]
    assert rows[:5] == [
        ("ville", "sign-out", "desk", ""),
        ("ville", "exported", "/desk/figures.csv", "entity=kallio"),
        ("ville", "refused", "/desk/notes", "POST"),
        ("ville", "refused", "/desk/audit", "GET"),
        ("ville", "sign-in", "desk", ""),
    ]
    assert table(auditor, what="exported")[0]["about"] == "/desk/audit.csv"


def test_the_log_is_searched_and_read_page_by_page(
    published: Reporting, auditor: httpx.Client
) -> None:
    with psycopg.connect(database.plain(published.environment["KOKEMUS_DATABASE_URL"])) as role:
        role.execute(
            "INSERT INTO audit (actor, action, subject, detail)"
            " SELECT '=cmd()', 'note.written', 'searched-' || to_char(n, 'FM000'), '<b>@x</b>'"
            " FROM generate_series(0, %s) n",
            [PAGE + 1],
        )
    query = {"who": "=cmd()", "what": "notes", "about": "searched-"}
    first = auditor.get("/desk/audit", params=query)
    assert "<b>" not in first.text.partition("</thead>")[2].partition("</tbody>")[0]
    assert "searched-101" in first.text
    assert "searched-001" not in first.text
    older = first.text.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = auditor.get(older).text
    assert "searched-001" in second
    assert "searched-000" in second
    assert "searched-002" not in second
    assert 'rel="next"' not in second
    rows = table(auditor, **query)
    assert len(rows) == PAGE + 2
    assert rows[0]["who"] == "'=cmd()"
    for none in ({"what": "mail"}, {"from": "2100-01-01"}, {"to": "2000-01-01"}, {"who": "x"}):
        assert table(auditor, **(query | none)) == []
    assert len(table(auditor, **query, **{"from": "2020-01-01", "to": "2100-01-01"})) == PAGE + 2
    for wrong in ({"from": "x"}, {"before": "x"}, {"what": "x"}):
        assert auditor.get("/desk/audit", params=wrong).status_code == 422
