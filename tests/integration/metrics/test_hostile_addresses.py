"""Whatever stands in a path or a query of the metrics API, the answer is no fault of its own."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import httpx

HOSTILE = (
    "%00", "a%00b", "%01", "%ff%fe", "%ed%a0%80", "99999999999999999999", "-1", "0", "1e999",
    "9999-12-31", "0001-01-01", "..%2f..", "%25s{}", "x" * 200,
)  # fmt: skip
GOOD = {"metric": "nps", "entity": "sote", "from": "2026-01-01", "to": "2026-01-31", "year": "2026"}


async def test_no_address_is_a_fault_of_the_service(api: httpx.AsyncClient) -> None:
    document: dict[str, Any] = (await api.get("/openapi.json")).json()
    asked = [
        (path, [one["name"] for one in operations["get"].get("parameters", ())])
        for path, operations in document["paths"].items()
        if "get" in operations and path not in ("/v1/changes", "/health/ready")
    ]
    addresses = [one for hostile in HOSTILE for one in _addresses(asked, hostile)]
    assert len(addresses) > 30 * len(HOSTILE)
    answers = [(one, (await api.get(one)).status_code) for one in addresses]
    # The broker is away in this test, so 503 is an honest answer where it is asked.
    assert [one for one in answers if one[1] >= 500 and one[1] != 503] == []


def _addresses(asked: Sequence[tuple[str, Sequence[str]]], hostile: str) -> Iterator[str]:
    """Each path with the hostile value in it, and in each parameter beside good ones."""
    for path, names in asked:
        address = re.sub(r"{\w+}", hostile, path)
        yield address
        for chosen in names:
            good = [
                f"{one}={value}" for one, value in GOOD.items() if one in names and one != chosen
            ]
            yield f"{address}?{'&'.join([*good, f'{chosen}={hostile}'])}"
