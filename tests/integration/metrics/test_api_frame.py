import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS

from kokemus.telemetry import Meters
from metrics.api_app import create_app
from metrics.handlers.changes import QUEUE, Changes
from metrics.settings import ApiSettings
from support.metrics_tables import LONG_AGO, Tables

UNENDING = {"/v1/changes", "/v1/status"}
"""One streams for ever, the other waits for a broker that is away."""


@pytest.fixture
def app(tables: Tables, database_url: str, keys_file: Path, token: str) -> FastAPI:  # noqa: ARG001
    return create_app(
        ApiSettings(kafka_bootstrap="127.0.0.1:9", database_url=database_url, keys_file=keys_file),
        Meters(),
    )


def test_no_question_is_a_fault_of_the_service(app: FastAPI, tables: Tables, token: str) -> None:
    tables.entity("helsinki", kind="city")
    tables.count("helsinki", date(2017, 3, 4), [1, 2, 3, 4])
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = [found.ok() for found in schema.get_all_operations()]  # type: ignore[union-attr]  # raises
    checks = [CHECKS.get_one(name) for name in ("not_a_server_error", "status_code_conformance")]
    for operation in operations:
        if operation.path in UNENDING:
            continue

        @settings(
            max_examples=40,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def test(case: "schemathesis.Case[Any]") -> None:
            answer = case.call(headers={"Authorization": f"Bearer {token}"})
            case.validate_response(answer, checks=checks)  # type: ignore[arg-type]  # from its own registry

        test()


async def test_every_path_but_health_and_documents_needs_a_key(api: httpx.AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    guarded = [path for path in paths if path.startswith("/v1/")]
    assert len(guarded) >= 9
    for path in guarded:
        answer = await api.get(path.replace("{entity}", "u"), headers={"Authorization": ""})
        assert answer.status_code == 401, path


async def test_status_tells_the_truth_while_the_broker_is_away(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/status")
    assert answer.status_code == 200
    status = answer.json()
    assert (status["settled"], status["gaps"], status["unplaced"]) == (False, [], 0)
    presses = status["topics"]["kiosk-presses.v1"]
    assert (presses["state"], presses["pending"]) == ("waiting", None)
    assert presses["why"] == "Kafka does not answer"


async def test_entities_are_listed_by_page_with_names_and_breaks(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.entity("helsinki", kind="city")
    tables.entity("sote", kind="division")
    tables.entity("u", ("sote", LONG_AGO, date(2018, 12, 31)), ("helsinki", date(2019, 1, 1), None))
    tables.mark("sote", date(2017, 5, 5))
    first = (await api.get("/v1/entities", params={"limit": 2})).json()
    assert [one["id"] for one in first["entities"]] == ["helsinki", "sote"]
    rest = (await api.get("/v1/entities", params={"cursor": first["next"]})).json()
    assert [one["id"] for one in rest["entities"]] == ["u"]
    under = (await api.get("/v1/entities", params={"parent": "sote"})).json()
    assert [one["id"] for one in under["entities"]] == ["u"]
    unit = (await api.get("/v1/entities/u")).json()
    assert (unit["parent"], len(unit["validities"])) == ("helsinki", 2)
    assert [mark["entity"] for mark in unit["breaks"]] == ["sote"]
    assert (await api.get("/v1/entities/nobody")).status_code == 404


async def test_sources_say_how_fresh_they_are(api: httpx.AsyncClient, tables: Tables) -> None:
    tables.heard("kiosks", datetime(2026, 11, 22, 8, tzinfo=UTC), error="token refused")
    (source,) = (await api.get("/v1/sources")).json()["sources"]
    assert (source["source"], source["error"]) == ("kiosks", "token refused")
    assert source["polled_at"] == "2026-11-22T10:00:00+02:00"


async def test_catalogue_is_given_in_three_languages(api: httpx.AsyncClient) -> None:
    listed = (await api.get("/v1/metrics")).json()
    index = next(one for one in listed["metrics"] if one["metric"] == "happy_index")
    assert index["id"] == "happy_index/1"
    assert index["name"].keys() == {"fi", "sv", "en"}


async def first_event(stream: AsyncIterator[bytes]) -> str:
    return (await anext(stream)).decode()


async def test_reader_hears_of_each_change_with_its_offsets() -> None:
    changes = Changes()
    changes.tell("v1")
    stream = changes.stream(None)
    assert await first_event(stream) == ": connected\n\n"
    changes.tell("v2")
    assert await first_event(stream) == "id: v2\nevent: changed\ndata: {}\n\n"


async def test_reader_that_comes_back_hears_what_it_missed_or_is_reset() -> None:
    changes = Changes()
    changes.tell("v1")
    changes.tell("v2")
    assert await first_event(changes.stream("v1")) == "id: v2\nevent: changed\ndata: {}\n\n"
    assert await first_event(changes.stream("v2")) == ": connected\n\n"
    assert await first_event(changes.stream("v0")) == "id: v2\nevent: reset\ndata: {}\n\n"


async def test_reader_that_hears_nothing_gets_a_heartbeat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("metrics.handlers.changes.HEARTBEAT_SECONDS", 0.01)
    stream = Changes().stream(None)
    await first_event(stream)
    assert await first_event(stream) == ": heartbeat\n\n"


async def test_slow_reader_is_dropped_and_the_others_hear_on() -> None:
    changes = Changes()
    slow, quick = changes.stream(None), changes.stream(None)
    await first_event(slow)
    await first_event(quick)
    for number in range(QUEUE + 1):
        changes.tell(f"v{number}")
        assert f"id: v{number}\n" in await first_event(quick)
    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(slow), 1)
