from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka import Producer

from kokemus.telemetry import Meters
from kokemus_platform import topics
from kokemus_platform.kafka import EmbeddedKafka
from metrics.api_app import create_app
from metrics.handlers.api import consumed
from metrics.settings import ApiSettings
from metrics.storage.topic_ends import TopicEnds
from support.metrics_tables import Tables

pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
async def api(
    database_url: str,
    keys_file: Path,
    token: str,
    embedded_kafka: EmbeddedKafka,
    topic_prefix: str,
) -> AsyncIterator[httpx.AsyncClient]:
    """The metrics API beside a broker with all topics."""
    topics.apply(embedded_kafka.bootstrap, topic_prefix)
    settings = ApiSettings(
        kafka_bootstrap=embedded_kafka.bootstrap,
        topic_prefix=topic_prefix,
        database_url=database_url,
        keys_file=keys_file,
        kafka_durable=False,
    )
    app = create_app(settings, Meters())
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app),
            base_url="http://metrics",
            headers={"Authorization": f"Bearer {token}"},
        ) as client,
    ):
        yield client


async def test_settled_means_counted_to_the_end_that_the_broker_says_now(
    api: httpx.AsyncClient, tables: Tables, embedded_kafka: EmbeddedKafka, topic_prefix: str
) -> None:
    name = f"{topic_prefix}kiosk-presses.v1"
    producer = Producer({"bootstrap.servers": embedded_kafka.bootstrap})
    producer.produce(name, b"{}", partition=3)
    producer.flush(10)
    behind = (await api.get("/v1/status")).json()
    assert (behind["settled"], behind["durable"]) == (False, False)
    assert behind["topics"]["kiosk-presses.v1"]["pending"] == 1

    ends = TopicEnds(embedded_kafka.bootstrap).of(list(consumed(topic_prefix)))
    for topic, end in ends.items():
        for partition, offset in end.by_partition.items():
            tables.execute(
                "INSERT INTO partition_offsets (topic_id, partition, topic, next_offset, applied)"
                " VALUES (%s, %s, %s, %s, %s)",
                (end.topic_id, partition, topic, offset, offset),
            )
    settled = (await api.get("/v1/status")).json()
    assert settled["settled"], settled
    assert settled["topics"]["kiosk-presses.v1"]["applied"] == 1

    tables.execute("INSERT INTO gaps VALUES (%s, 3, 0, 0, now())", (ends[name].topic_id,))
    with_gap = (await api.get("/v1/status")).json()
    assert not with_gap["settled"]
    assert [(gap["topic"], gap["partition"]) for gap in with_gap["gaps"]] == [(name, 3)]
