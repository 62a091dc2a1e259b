"""The counting process: builds everything that `metrics consume` needs, and closes it."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from fastapi import FastAPI
from faststream import AckPolicy
from faststream.confluent import KafkaBroker, KafkaMessage

from kokemus import telemetry, web
from kokemus.contracts.asyncapi import document
from kokemus.contracts.topics import Declaration, declarations
from kokemus.publishing import Publisher
from kokemus.tasks import background, crash
from metrics.counter import Counter
from metrics.domain.batches import BatchDecoder
from metrics.domain.local_time import LocalHours
from metrics.domain.presses import PressReader
from metrics.handlers.consumer import CountingConsumer
from metrics.kafka_log import KafkaLog
from metrics.packer import Packer
from metrics.relay import Relay
from metrics.settings import MetricsSettings
from metrics.storage.counting import CountingStore

BATCH_RECORDS: Final = 10_000
"""Smaller ones cost more transactions, larger ones more memory."""

_LIBRDKAFKA: Final = {
    # Positions come from the database; beyond the log, `Counter.place` decides.
    "auto.offset.reset": "error",
    "fetch.queue.backoff.ms": 20,
    "queued.min.messages": 50_000,
    "queued.max.messages.kbytes": 32_768,
    "fetch.max.bytes": 8_388_608,  # an answer of FastStream's 50 MB is held whole beside the queue
}
"""Names of librdkafka that FastStream does not list, or overrides."""


def serve(settings: MetricsSettings) -> None:
    """Counts until SIGTERM, then finishes the batch at hand."""
    meters = telemetry.setup("metrics", settings)
    # What is loaded now stays; a batch's many short-lived objects hold no cycles.
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 20, 20)
    consumer: list[CountingConsumer] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with running(settings, meters) as counting:
            consumer.append(counting)
            yield

    async def ready() -> dict[str, str]:
        return consumer[0].missing if consumer else {"counting": "starting"}

    web.serve(
        web.create_app(
            "metrics", meters, ready, lifespan, document("metrics", settings.topic_prefix)
        ),
        settings,
        meters,
    )


@asynccontextmanager
async def running(
    settings: MetricsSettings, meters: telemetry.Meters
) -> AsyncIterator[CountingConsumer]:
    """The consumer, the relay and the packer at work."""
    prefix = settings.topic_prefix
    counted = {
        prefix + topic.name: topic
        for topic in declarations().values()
        if "metrics" in topic.consumers
    }
    reader = PressReader(LocalHours(settings.time_zone))
    kafka = KafkaLog(settings.kafka_bootstrap)
    store = CountingStore(settings.database_url, settings.time_zone)
    counter = Counter(store, kafka, LocalHours(settings.time_zone), meters)
    decoders = {name: BatchDecoder(topic, reader) for name, topic in counted.items()}
    counting = CountingConsumer(counter, kafka, decoders, meters, crash)
    broker = broker_of(settings, counted, counting)
    async with Publisher(settings, meters) as publisher:
        await broker.start()
        await counting.start()
        relay = background(Relay(settings.database_url, publisher, meters).run())
        packer = background(Packer(settings.database_url).run())
        try:
            yield counting
        finally:
            relay.cancel()
            packer.cancel()
            await broker.stop()
            await counting.stop()
            kafka.close()
            store.close()


def broker_of(
    settings: MetricsSettings, counted: dict[str, Declaration], counting: CountingConsumer
) -> KafkaBroker:
    """The FastStream broker with its one subscriber.

    A pass-through parser: FastStream's own parses every message of a batch. Offsets at Kafka are
    for displays only, so acknowledging is manual and never done by FastStream.
    """
    broker = KafkaBroker(
        settings.kafka_bootstrap,
        client_id="metrics",
        allow_auto_create_topics=False,
        apply_types=False,
        logger=_errors_only(),
        log_level=logging.DEBUG,
        config=cast("Any", _LIBRDKAFKA),
    )
    broker.subscriber(
        *counted,
        group_id=f"{settings.topic_prefix}metrics",
        batch=True,
        max_records=BATCH_RECORDS,
        polling_interval=0.05,
        ack_policy=AckPolicy.MANUAL,
        session_timeout_ms=6_000,
        heartbeat_interval_ms=1_000,
        max_partition_fetch_bytes=4 * 1024 * 1024,
        on_assign=counting.on_assign,
        on_revoke=counting.on_revoke,
        parser=_unparsed,
        decoder=_undecoded,
    )(counting.on_messages)
    return broker


def _errors_only() -> logging.Logger:
    """FastStream hands the consumer's settings to its producer too, which warns of each."""
    logger = logging.getLogger("metrics.faststream")
    logger.setLevel(logging.ERROR)
    return logger


async def _unparsed(messages: tuple[object, ...], _original: object = None) -> KafkaMessage:
    return KafkaMessage(body=b"", raw_message=messages, consumer=None, is_manual=True)  # type: ignore[arg-type]  # no part of FastStream acknowledges


async def _undecoded(message: KafkaMessage, _original: object = None) -> object:
    return message.raw_message
