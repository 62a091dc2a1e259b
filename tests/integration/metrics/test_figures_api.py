from datetime import date
from typing import Any

import httpx

from support.metrics_tables import Tables

YEAR = {"from": "2017-01-01", "to": "2017-12-31"}


async def figures(api: httpx.AsyncClient, metric: str, entity: str, **more: str) -> list[Any]:
    answer = await api.get(
        "/v1/figures", params={"metric": metric, "entity": entity, **YEAR, **more}
    )
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["figures"]
    return found


async def test_figure_carries_all_that_the_contract_names(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.entity("helsinki", kind="city")
    tables.entity("terveysasemat", kind="service")
    tables.count("terveysasemat", date(2017, 3, 4), [17, 16, 60, 126], misuse=[1, 0, 0, 0])
    assert await figures(api, "happy_index", "terveysasemat") == [
        {
            "metric": "happy_index",
            "entity": "terveysasemat",
            "channel": "kiosk",
            "scale": "smiley4",
            "family": "overall",
            "dimension": {},
            "period": {"from": "2017-01-01", "to": "2017-12-31", "grain": "total"},
            "value": 51400 / 657,
            "rounded": 78,
            "n": 219,
            "status": "ok",
            "interval": None,
            "range": None,
            "flags": ["self_selected"],
            "bias_notes": ["pressed_when_leaving"],
            "as_of": "2026-11-22T10:00:00+02:00",
            "definition": "happy_index/1",
        }
    ]
