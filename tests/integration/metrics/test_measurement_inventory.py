"""A city's inventory of 2021 goes in as a file and comes out as figures, every oddity flagged.

It is the city of Mikkeli's: a fixture for the form of an inventory, under an entity of its own.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from kokemus_platform.kafka import EmbeddedKafka
from support.counting import Counting
from support.ingest_service import IngestService, running
from support.metrics_tables import Tables

INVENTORY = Path(__file__).parents[2] / "support" / "measurement_inventory_2021.csv"
ASKED = "2021-11-29"
ODD = {
    "varhaiskasvatus": ["note_disagrees"],
    "perusopetus": ["no_note"],
    "kaupunginorkesteri": ["odd_cell"],
    "mikalo": ["several_frequencies"],
    "metsasairila": ["several_frequencies"],
    "henkilostopalvelut": ["contradicts_itself"],
}


def rows() -> list[dict[str, str]]:
    with INVENTORY.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def slug(unit: str) -> str:
    return unit.lower().replace("ä", "a").replace("ö", "o")


def as_sent() -> str:
    """The inventory in the columns of an import: lists of codes instead of ticks."""
    table = io.StringIO()
    writer = csv.writer(table, delimiter=";")
    ticks = ("collects", "survey", "feedback_channel", "continuous", "other_way")
    lists = {
        "frequency": {
            "freq_continuous": "continuous",
            "freq_yearly_or_every_other_year": "yearly_or_every_other_year",
            "freq_occasional": "occasional",
        },
        "last_time": {
            "last_2021": "2021",
            "last_2020": "2020",
            "last_2019_or_before": "2019-or-before",
        },
        "used_where": {"used_in_work_unit": "work_unit", "used_in_management": "management"},
    }
    writer.writerow(["subject", "time", *ticks, *lists, "flags"])
    for row in rows():
        given = {**row, "continuous": row["continuous_tracking"]}
        writer.writerow(
            [
                slug(row["unit"]),
                f"{ASKED}T12:00:00+02:00",
                *("true" if given[tick] == "1" else "false" for tick in ticks),
                *(
                    ",".join(code for column, code in columns.items() if row[column] == "1")
                    for columns in lists.values()
                ),
                row["flags"],
            ]
        )
    return table.getvalue()


@pytest.fixture
def parts(
    embedded_kafka: EmbeddedKafka,
    topic_prefix: str,
    tables: Tables,
    database_url: str,
    tmp_path: Path,
) -> Iterator[tuple[IngestService, Counting]]:
    tables.entity("mikkeli", (None, date(2000, 1, 1), None), kind="city")
    for row in rows():
        tables.entity(slug(row["unit"]), ("mikkeli", date(2000, 1, 1), None), kind="unit")
    with (
        Counting(embedded_kafka.bootstrap, topic_prefix, database_url, tmp_path) as counting,
        running("ingest_feedback", tmp_path, embedded_kafka.bootstrap, topic_prefix) as service,
    ):
        yield service, counting


async def figure(api: httpx.AsyncClient, metric: str, entity: str) -> dict[str, Any]:
    answer = await api.get(
        "/v1/figures",
        params={"metric": metric, "entity": entity, "from": "2021-01-01", "to": ASKED},
    )
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["figures"][0]
    return found


async def test_an_inventory_comes_out_with_every_oddity_flagged(
    parts: tuple[IngestService, Counting], api: httpx.AsyncClient
) -> None:
    service, counting = parts
    async with httpx.AsyncClient(base_url=service.url, timeout=30) as client:
        sent = await client.post(
            "/v1/imports",
            params={"kind": "practice", "source": "inventory-2021"},
            content=as_sent(),
            headers={"Authorization": f"Bearer {service.token}", "Content-Type": "text/csv"},
        )
    assert sent.json() == {"rows": 20, "accepted": 20, "rejected": []}, sent.text
    counting.start()
    counting.wait_for(20)
    whole = await figure(api, "measurement_coverage", "mikkeli")
    assert (whole["value"], whole["n"], whole["asked"]) == (95, 20, 20)
    for row in rows():
        unit = slug(row["unit"])
        stale = await figure(api, "measurement_staleness", unit)
        assert [one for one in stale["flags"] if one != "partial_period"] == ODD.get(unit, []), unit
    old = await figure(api, "measurement_staleness", "museot")
    assert old["range"] == {"low": 22, "high": None}
    before = await figure(api, "measurement_staleness", "miksei")
    assert before["range"] == {"low": 10, "high": 22}
