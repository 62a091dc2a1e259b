"""How fast figures are read: the city over five years with 2,000 units, and an unchanged answer."""

import asyncio
import gc
import resource
import tempfile
import time
from pathlib import Path

import httpx
import msgspec
import psycopg

from kokemus import keys
from kokemus.migrations import migrate
from kokemus.telemetry import Meters
from kokemus_platform.measuring import Measured, below, percentile
from kokemus_platform.postgres import Postgres
from metrics.api_app import YOUNG_OBJECTS, create_app
from metrics.settings import ApiSettings
from metrics.storage import MIGRATIONS

FILL = """
INSERT INTO entities VALUES ('helsinki', 'city', NULL, now(), 'x');
INSERT INTO entities
    SELECT 'unit-' || i, 'unit', NULL, now(), 'x' FROM generate_series(1, {units}) i;
INSERT INTO entity_validities
    VALUES ('helsinki', NULL, 'Helsinki', NULL, NULL, '2000-01-01', NULL);
INSERT INTO entity_validities
    SELECT 'unit-' || i, 'helsinki', 'Unit', NULL, NULL, '2000-01-01', NULL
    FROM generate_series(1, {units}) i;
INSERT INTO ancestry SELECT id, id, '-infinity', 'infinity' FROM entities;
INSERT INTO ancestry
    SELECT 'helsinki', 'unit-' || i, '2000-01-01', 'infinity' FROM generate_series(1, {units}) i;
INSERT INTO series (entity, channel, scale, question)
    SELECT 'unit-' || i, 'kiosk', 'smiley4', 'q' FROM generate_series(1, {units}) i;
INSERT INTO month_counts
    SELECT s.id, m, ARRAY[(random() * 50)::int, 40, 80, (random() * 900)::int], '{{0,1,0,2}}', now()
    FROM series s, generate_series('2018-01-01'::date, '2025-12-01', '1 month') m
    ORDER BY random();
ANALYZE;
"""

CITY = {
    "metric": "happy_index",
    "entity": "helsinki",
    "from": "2021-01-01",
    "to": "2025-12-31",
    "children": "true",
    "limit": "10000",
}


def run(*, units: int = 2_000, rounds: int = 60, unchanged: int = 2_000) -> list[Measured]:
    """Measures on an embedded PostgreSQL of its own.

    Args:
        units: children of the city.
        rounds: of asking for all of them.
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
                connection.execute(FILL.format(units=units).encode())
            return asyncio.run(_measure(url, Path(folder), units, rounds, unchanged))
        finally:
            server.wipe()


async def _measure(
    url: str, folder: Path, units: int, rounds: int, unchanged: int
) -> list[Measured]:
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
        seconds = []
        for _ in range(rounds):
            start = time.perf_counter()
            answer = await api.get("/v1/figures", params=CITY)
            seconds.append(time.perf_counter() - start)
        assert len(answer.json()["figures"]) == units + 1
        spent = await _unchanged(app, token, answer.headers["etag"], unchanged)
    what = f"the city over 5 years with {units:,} units as children"
    return [
        Measured(f"{what}, 50th percentile", f"{percentile(seconds, 50) * 1e3:,.0f} ms"),
        below(f"{what}, 95th percentile", percentile(seconds, 95) * 1e3, 200, "ms"),
        below("processor of an unchanged answer (304)", spent * 1e3, 1, "ms", ".2f"),
    ]


async def _unchanged(app: object, token: str, etag: str, count: int) -> float:
    """Processor seconds of a 304 at the application, with no HTTP client in between."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/v1/figures",
        "query_string": str(httpx.QueryParams(CITY)).encode(),
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
