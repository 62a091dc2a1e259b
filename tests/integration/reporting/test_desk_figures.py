"""The desk's live figures over HTTP: whom they are shown to, as CSV, in an intranet's frame."""

import csv
import io
from collections.abc import Iterator

import httpx
import pytest

from support.fake_metrics_api import figure
from support.reporting_service import PASSWORDS, Reporting, enter


@pytest.fixture
def reader(published: Reporting) -> Iterator[httpx.Client]:
    """Somebody who may read everything."""
    with httpx.Client(base_url=published.url) as client:
        enter(client, "reeta", PASSWORDS["reeta"])
        yield client


def test_the_first_screen_says_five_things(reader: httpx.Client) -> None:
    page = reader.get("/desk").text
    told = page.partition('class="briefing"')[2].partition("</ul>")[0]
    assert told.count("<li>") == 5


def test_a_division_s_people_see_their_division_first_and_no_other(published: Reporting) -> None:
    with (
        httpx.Client(base_url=published.url) as kaisa,
        httpx.Client(base_url=published.url) as sanna,
    ):
        enter(kaisa, "kaisa", PASSWORDS["kaisa"])
        enter(sanna, "sanna", PASSWORDS["sanna"])
        assert "<h1>Sosiaali- ja terveystoimiala</h1>" in sanna.get("/desk").text
        assert sanna.get("/desk?entity=kallio").status_code == 200
        assert sanna.get("/desk?entity=helsinki").status_code == 403
        for path in ("/desk?entity=kallio", "/desk/figures.csv?entity=kallio"):
            answer = kaisa.get(path)
            assert answer.status_code == 403
            assert "11000" not in answer.text
        assert kaisa.get("/desk/embed?entity=kallio").text.count("<li>") == 0


def test_the_table_has_what_the_page_shows_and_no_more_decimals(reader: httpx.Client) -> None:
    answer = reader.get("/desk/figures.csv?entity=kallio")
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    (index,) = [one for one in rows if one["metric"] == "happy_index" and one["entity"] == "kallio"]
    assert (index["value"], index["n"], index["change"], index["verdict"]) == (
        "83", "11000", "2", "better",
    )  # fmt: skip


def test_the_embed_shows_nothing_to_strangers_and_stands_where_the_settings_allow(
    published: Reporting, reader: httpx.Client
) -> None:
    stranger = httpx.get(f"{published.url}/desk/embed")
    assert stranger.status_code == 200
    assert "briefing" not in stranger.text
    inside = reader.get("/desk/embed")
    assert inside.text.count("<li>") == 5
    for answer in (stranger, inside):
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_count_of_two_persons_is_told_to_the_units_manager_only(reporting: Reporting) -> None:
    reporting.metrics.figures.append(
        figure(
            "complaint_count", "kallio", ("2025-01-01", "2025-12-31", "year"), 2, None,
            channel="statutory", scale=None, family=None, dimension={"kind": "kantelu"},
        )
    )  # fmt: skip
    for user, page_says, table_says in (("reeta", "&lt; 3", ",few,"), ("kerttu", ">2<", ",2,")):
        with httpx.Client(base_url=reporting.url) as client:
            enter(client, user, PASSWORDS[user])
            page = client.get("/desk/voices?entity=kallio").text
            table = client.get("/desk/voices?entity=kallio&format=csv").text
        assert page_says in page
        assert table_says in table.partition("complaint_count")[2].partition("\r\n")[0]
        assert (user == "kerttu") == (">2<" in page) == (",2," in table)


def test_the_months_of_an_entity_have_their_chart_table_break_and_explanation(
    reporting: Reporting,
) -> None:
    with httpx.Client(base_url=reporting.url) as client:
        token = enter(client, "ilona", PASSWORDS["ilona"])
        client.post(
            "/desk/notes",
            data={"token": token, "entity": "kallio", "kind": "explanation", "day": "2026-11-01",
                  "metric": "happy_index", "month": "2026-05", "text_fi": "Remontti alkoi."},
        )  # fmt: skip
        page = client.get("/desk/months?entity=kallio").text
        table = client.get("/desk/months?entity=kallio&format=csv").text
    for told in ('class="chart"', "toukokuu 2026", "Uusi toimittaja.", "Remontti alkoi."):
        assert told in page
    assert "happy_index,kiosk,smiley4,overall,,2026-05-01,2026-05-31," in table
