"""How fast figures are read: every metric of a city with 2,000 units, and an unchanged answer."""

import asyncio
import gc
import resource
import tempfile
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
import psycopg

from benchmarks import city
from kokemus import keys
from kokemus.migrations import migrate
from kokemus.telemetry import Meters
from kokemus_platform.measuring import Measured, below, percentile
from kokemus_platform.postgres import Postgres
from metrics.api_app import YOUNG_OBJECTS, create_app
from metrics.settings import ApiSettings
from metrics.storage import MIGRATIONS, packed_months

YEAR: Final = {"from": "2025-01-01", "to": "2025-12-31", "grain": "month", "limit": "10000"}
YEARS: Final = {"from": "2021-01-01", "to": "2025-12-31", "limit": "10000"}
PLACES: Final[Mapping[str, Mapping[str, str]]] = {
    "city, 5 years": {"entity": "helsinki", **YEARS},
    "division and below by month": {"entity": "division-1", "children": "true", **YEAR},
    "service and its units by month": {"entity": "service-0", "children": "true", **YEAR},
}
"""Where and of when each metric is asked for."""

OTHERS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "the city's figures beside the year before": (
        "/v1/figures",
        {"metric": "happy_index", "entity": "helsinki", "change": "year", **YEAR, "grain": "total"},
    ),
    "the coverage matrix": ("/v1/participation", {"year": "2025"}),
    "the whole tree": ("/v1/entities", {"limit": "10000"}),
    "every break": ("/v1/breaks", {}),
    "what nobody can place": ("/v1/unplaced", {}),
}

LIMIT_MS: Final = 200


def run(
    *, units: int = 2_000, rounds: int = 60, each: int = 20, unchanged: int = 2_000
) -> list[Measured]:
    """Measures on an embedded PostgreSQL of its own.

    Args:
        units: of the city.
        rounds: of asking for all of them.
        each: rounds of asking for each metric.
        unchanged: conditional requests.
    """
    gc.set_threshold(YOUNG_OBJECTS)
    with tempfile.TemporaryDirectory(prefix="kokemus-bench-") as folder:
        Path(folder).chmod(0o711)
        server = Postgres(Path(folder) / "postgres")
        server.start()
        try:
            url = server.create_database("reading")
            migrate(url, MIGRATIONS)
            plain = url.replace("postgresql+psycopg://", "postgresql://")
            with psycopg.connect(plain, autocommit=True) as connection:
                city.fill(connection, units=units, lives=units * 100, responses=units * 10)
                _pack(connection)
            return asyncio.run(_measure(url, Path(folder), units, (rounds, each, unchanged)))
        finally:
            server.wipe()


def _pack(connection: psycopg.Connection[Any]) -> None:
    """Packs all months, as they are once they have rested."""
    with connection.cursor() as cursor:
        while packed_months.pack(cursor, -timedelta(days=1)):
            pass
    connection.execute("VACUUM ANALYZE")


async def _measure(
    url: str, folder: Path, units: int, counts: tuple[int, int, int]
) -> list[Measured]:
    rounds, each, unchanged = counts
    whole = _city(units)
    token, entry = keys.create("reader", types=[], sources=[], read=True)
    keys_file = folder / "keys.json"
    keys_file.write_bytes(msgspec.json.encode(keys.KeysFile([entry])))
    app = create_app(
        ApiSettings(kafka_bootstrap="127.0.0.1:9", database_url=url, keys_file=keys_file), Meters()
    )
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://metrics",
            headers={"Authorization": f"Bearer {token}"},
        ) as api,
    ):
        seconds, answer = await _seconds(api, "/v1/figures", whole, rounds)
        assert len(answer.json()["figures"]) == 6 + city.services(units) + units
        spent = await _unchanged(app, token, whole, answer.headers["etag"], unchanged)
        catalogue = (await api.get("/v1/metrics")).json()["metrics"]
        several = [await _metric(api, one["metric"], each) for one in catalogue]
        for what, (path, query) in OTHERS.items():
            taken, _ = await _seconds(api, path, query, each)
            several.append(_judged(what, taken))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    what = f"the city and all {units:,} units over 5 years"
    return [
        _judged(what, seconds),
        below("processor of an unchanged answer (304)", spent * 1e3, 1, "ms", ".2f"),
        *several,
        Measured("greatest memory of the process that answers", f"{memory:,.0f} MB"),
    ]


def _city(units: int) -> dict[str, str | list[str]]:
    """The question for the city with each of its units."""
    above = ["helsinki", *(f"service-{number}" for number in range(city.services(units)))]
    return {"metric": "happy_index", "entity": above, "children": "true", **YEARS}


async def _seconds(
    api: httpx.AsyncClient, path: str, query: Mapping[str, Any], rounds: int
) -> tuple[list[float], httpx.Response]:
    """How long each answer took, and the last one."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        answer = await api.get(path, params=query)
        taken.append(time.perf_counter() - start)
        assert answer.status_code == 200, answer.text
    return taken, answer


async def _metric(api: httpx.AsyncClient, metric: str, rounds: int) -> Measured:
    """A metric at each place, judged where it takes longest."""
    slowest: tuple[float, str, list[float]] = 0.0, "", [0.0]
    for where, place in PLACES.items():
        query = {**place, "metric": metric}
        if metric == "experience_profile":
            query["grain"] = "total"
        taken, _ = await _seconds(api, "/v1/figures", query, rounds)
        slowest = max(slowest, (percentile(taken, 95), where, taken))
    return _judged(f"{metric}: {slowest[1]}", slowest[2])


def _judged(what: str, seconds: Sequence[float]) -> Measured:
    median = f"{percentile(seconds, 50) * 1e3:,.0f}"
    return below(f"{what} (p50 {median} ms), p95", percentile(seconds, 95) * 1e3, LIMIT_MS, "ms")


async def _unchanged(
    app: object, token: str, query: Mapping[str, Any], etag: str, count: int
) -> float:
    """Processor seconds of a 304 at the application, with no HTTP client in between."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/figures",
        "query_string": str(httpx.QueryParams(query)).encode(),
        "headers": [
            (b"authorization", f"Bearer {token}".encode()),
            (b"if-none-match", etag.encode()),
            (b"accept", b"*/*"),
        ],
    }
    statuses: list[int] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.request"}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            statuses.append(int(str(message["status"])))

    start = _processor()
    for _ in range(count):
        await app(dict(scope), receive, send)  # type: ignore[operator]
    assert set(statuses) == {304}
    return (_processor() - start) / count


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
