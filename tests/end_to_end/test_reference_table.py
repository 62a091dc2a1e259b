"""The published kiosk table out of single presses, through HTTP and Kafka."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
import msgspec
import pytest

from kokemus.contracts import events
from support.counting import press, wait_until
from support.fake_platform import await_no_process
from support.platform_command import kokemus
from support.reference_presses import PUBLISHED, PUBLISHED_TO, TOGETHER, counts_by_value

pytestmark = pytest.mark.timeout(600)

BATCH = 10_000


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A platform of this test's own that has counted the eight rows of the table."""
    home = tmp_path_factory.mktemp("reference") / "home"
    kokemus(home, "up", "--detach")
    try:
        status: dict[str, Any] = json.loads(kokemus(home, "status", "--json"))
        send_all(status)
        wait_until(lambda: metrics(status, "status")["settled"], 120)
        yield status
    finally:
        kokemus(home, "down", "--wipe")
        await_no_process(home)


def presses_of(service: str, year: int) -> Iterator[events.KioskPressed]:
    """Every press of a row of the table, spread over its part of the year."""
    counts = counts_by_value(service, year)
    first = datetime(year, 1, 1, 6, tzinfo=UTC)
    days = (datetime(year, *PUBLISHED_TO[year], tzinfo=UTC) - first).days
    for value, count in enumerate(counts):
        for number in range(count):
            yield press(
                id=f"{service}-{year}-{value}-{number}",
                source="reference-test",
                subject=service,
                time=first + timedelta(days=number % days, seconds=number % 36_000),
                device="d1",
                value=value,
            )


def send_all(status: dict[str, Any]) -> None:
    headers = {
        "Authorization": f"Bearer {status['key']}",
        "Content-Type": "application/cloudevents-batch+json",
    }
    with httpx.Client(timeout=60, headers=headers) as client:
        for service, year in PUBLISHED:
            presses = presses_of(service, year)
            while part := list(islice(presses, BATCH)):
                answer = client.post(
                    f"{status['services']['ingest-kiosk']}/v1/events",
                    content=msgspec.json.encode(part),
                )
                assert answer.status_code == 202, answer.text
                assert answer.json() == {"accepted": len(part), "rejected": []}


def metrics(status: dict[str, Any], path: str, **parameters: str) -> dict[str, Any]:
    answer = httpx.get(
        f"{status['services']['metrics']}/v1/{path}",
        params=parameters,
        headers={"Authorization": f"Bearer {status['key']}"},
        timeout=30,
    )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def figure(status: dict[str, Any], metric: str, entity: str, year: int) -> dict[str, Any]:
    asked = {"metric": metric, "entity": entity, "from": f"{year}-01-01", "to": f"{year}-12-31"}
    (found,) = metrics(status, "figures", **asked, channel="kiosk")["figures"]
    only: dict[str, Any] = found
    return only


@pytest.mark.parametrize(("service", "year"), PUBLISHED)
def test_counts_and_indices_come_out_exactly(
    platform: dict[str, Any], service: str, year: int
) -> None:
    published = PUBLISHED[service, year]
    assert figure(platform, "press_count", service, year)["value"] == published.presses
    index = figure(platform, "happy_index", service, year)
    assert (index["rounded"], index["n"]) == (published.happy_index, published.presses)


@pytest.mark.parametrize("year", TOGETHER)
@pytest.mark.parametrize("entity", ["sote", "helsinki"])
def test_a_parent_is_weighted_by_its_childrens_counts(
    platform: dict[str, Any], entity: str, year: int
) -> None:
    index = figure(platform, "happy_index", entity, year)
    assert round(index["value"], 2) == TOGETHER[year]
    assert index["n"] == sum(row.presses for (_, of), row in PUBLISHED.items() if of == year)
