"""The profile of experience and what goes with satisfied answers, through the API."""

from datetime import date, timedelta
from typing import Any

import httpx

from support.metrics_tables import LONG_AGO, Tables

YEARS = {"from": "2025-01-01", "to": "2025-12-31"}


async def figures(api: httpx.AsyncClient, metric: str, entity: str, **more: str) -> Any:
    answer = await api.get(
        "/v1/figures", params={"metric": metric, "entity": entity, **YEARS, **more}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["figures"]


def tree(tables: Tables) -> None:
    tables.entity("helsinki", kind="city")
    tables.entity("sote", kind="division")
    for entity in ("a", "b", "c", "d"):
        tables.entity(entity, ("sote", LONG_AGO, None), kind="service_entity")


def days(year: int) -> list[date]:
    return [date(year, 3, 1) + timedelta(days=number) for number in range(20)]


async def test_profile_counts_entities_each_in_its_own_channel(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tree(tables)
    for place, day in enumerate(days(2024)):
        tables.count("a", day, [5 + place % 2, 0, 0, 5])
        tables.count("b", day, [2, 0, 0, 8])
    for place, day in enumerate(days(2025)):
        tables.count("a", day, [1, 0, 0, 9 + place % 2])
        tables.count("b", day, [2, 0, 0, 8])
        recommended = [0] * 10 + [6]
        tables.count("c", day, recommended, scale="nps", channel="link", question="q-nps")
    tables.count("d", date(2025, 3, 1), [0, 0, 0, 29])
    for entity in ("sote", "helsinki"):
        found = await figures(api, "experience_profile", entity)
        rows = {(row["channel"], *row["dimension"].items()): row for row in found}
        measured = rows[None, ("measured", "yes")]
        assert (measured["value"], measured["n"]) == (3, 4)
        assert measured["period"] == {"from": "2025-01-01", "to": "2025-12-31", "grain": "total"}
        assert rows[None, ("measured", "no")]["value"] == 1
        kiosk = {
            change: rows["kiosk", ("change", change)]["value"]
            for change in ("better", "no_clear_change", "worse", "not_comparable")
        }
        assert kiosk == {"better": 1, "no_clear_change": 1, "worse": 0, "not_comparable": 0}
        assert rows["link", ("change", "not_comparable")]["value"] == 1
        asked = rows["link", ("recommend", "asked")]
        assert (asked["value"], asked["nps"], asked["nps_n"]) == (1, 100, 120)
    by_month = {"metric": "experience_profile", "entity": "sote", "grain": "month", **YEARS}
    assert (await api.get("/v1/figures", params=by_month)).status_code == 400
    assert (await figures(api, "experience_profile", "a"))[0]["status"] == "no_data"


async def test_hours_are_held_against_the_rest_of_their_unit(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tree(tables)
    for day in days(2025):
        for unit, good in (("a", 9), ("b", 5)):
            tables.count(unit, day, [10 - good, 0, 0, good], hour=10)
            tables.count(unit, day, [12 - good, 0, 0, good - 2], hour=15)
    found = await figures(api, "driver_hour_difference", "sote")
    assert [(row["dimension"], row["value"], row["n"], row["rest"]) for row in found] == [
        ({"hour": 10}, 20, 400, 400),
        ({"hour": 15}, -20, 400, 400),
    ]
    varied = await figures(api, "driver_hour_difference", "sote", variation="true")
    assert varied[0]["variation"]["days"] == 20


async def test_reasons_stand_beside_how_many_were_asked(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tree(tables)
    tables.count("a", date(2025, 3, 1), [30, 20, 5, 5])
    tables.execute(
        "INSERT INTO reason_counts VALUES ('a', 's', '1', 'kiosk', '2025-03-01', 'negative',"
        " 'odotusaika', 31)"
    )
    (row,) = await figures(api, "reason_share", "sote")
    assert (row["value"], row["n"], row["follow_ups"], row["answers"]) == (100, 31, 31, 50)
