"""A wrong value is refused, with words that name it."""

import json
from typing import Any

import pytest

from kokemus_platform.charts import FOLDER
from support.charts import CHARTS, NotRenderedError, rendered

REFUSED: list[tuple[str, str, str]] = [
    ("kokemus", "globl.kafka.bootstrap=a:1", "globl"),
    ("kokemus", "global.kafka.bootstrp=a:1", "bootstrp"),
    ("kokemus", "global.kafka.bootstrap=nowhere", "/global/kafka/bootstrap"),
    ("kokemus", "global.image.tag=latest", "/global/image/tag"),
    ("kokemus", "global.pods.runAsUser=0", "/global/pods/runAsUser"),
    ("metrics", "global.network.kafka.ports=null", "global.network.kafka"),
    ("metrics", "global.network.dns.peers=null", "global.network.dns"),
    ("kokemus", "global.telemetry.otlpEndpoint=http://otel:4317", "global.network.otlp.peers"),
    ("kokemus", "metrics.workloads.consumer.replica=2", "/workloads/consumer/replica"),
    ("kokemus", "metrics.workloads.poller.enabled=true", "poller"),
    ("kokemus", "complaints.enabled=perhaps", "/enabled"),
    ("kokemus", "cloudNativePg.enabled=true", "global.database.migrations"),
    ("kokemus", "cloudNativePg.image=postgresql:latest", "/cloudNativePg/image"),
    ("kokemus", "strimzi.brokers=0", "/strimzi/brokers"),
    ("metrics", "settings.KOKEMUS_ARCHIVE_SECOND=5", "KOKEMUS_ARCHIVE_SECOND"),
    ("metrics", "settings.KOKEMUS_DATABASE_URL=postgresql://x", "KOKEMUS_DATABASE_URL"),
    ("metrics", "image.digest=sha256:12", "/image/digest"),
    ("metrics", "workloads.http.resources.limits.memory=null", "/workloads/http/resources/limits"),
    ("metrics", "workloads.archive.replicas=2", "workloads.archive.replicas"),
    ("metrics", "workloads.archive.persistence.enabled=false", "KOKEMUS_ARCHIVE_URL"),
    ("metrics", "settings.KOKEMUS_ARCHIVE_URL=s3://a/b", "global.network.objectStore.peers"),
    ("metrics", "workloads.http.stopSeconds=5", "workloads.http.stopSeconds"),
    ("metrics", "ingress.enabled=true", "ingress.host"),
    ("metrics", "gateway.enabled=true", "gateway: parents"),
    ("ingest-kiosk", "workloads.poller.enabled=true", "global.network.vendors.peers"),
    ("ingest-kiosk", "workloads.poller.replicas=2", "/workloads/poller/replicas"),
    ("ingest-kiosk", "settings.KOKEMUS_OPEN311_URL=https://x", "KOKEMUS_OPEN311_URL"),
    ("reporting", "settings.KOKEMUS_OIDC_ISSUER=https://x", "global.network.identityProvider"),
    ("reporting", "settings.KOKEMUS_MAIL_HOST=smtp", "global.network.smtp.peers"),
    ("reporting", "secretFiles.KOKEMUS_PEOPLE_FILE.name=A_b", "KOKEMUS_PEOPLE_FILE/name"),
]


@pytest.mark.parametrize(("chart", "value", "words"), REFUSED)
def test_a_wrong_value_is_named(chart: str, value: str, words: str) -> None:
    with pytest.raises(NotRenderedError) as refusal:
        rendered(chart, None, value)
    assert words in str(refusal.value)


def test_more_consumers_than_partitions_are_refused() -> None:
    scaling = "workloads.consumer.autoscaling"
    given = (f"{scaling}.enabled=true", f"{scaling}.max=9")
    with pytest.raises(NotRenderedError, match=r"autoscaling.max: 9 pods.*8 partitions"):
        rendered("metrics", None, *given)
    with pytest.raises(NotRenderedError, match="min is above max"):
        rendered("metrics", None, given[0], f"{scaling}.min=8", f"{scaling}.max=7")


@pytest.mark.parametrize("chart", [*CHARTS, "kokemus-lib"])
def test_every_schema_is_closed(chart: str) -> None:
    schema = json.loads((FOLDER / chart / "values.schema.json").read_text())
    assert not list(_open(schema, ""))


def _open(schema: Any, at: str) -> list[str]:
    """Where a schema describes an object's fields and lets others pass."""
    if isinstance(schema, list):
        return [one for index, part in enumerate(schema) for one in _open(part, f"{at}/{index}")]
    if not isinstance(schema, dict):
        return []
    found = [one for key, part in schema.items() for one in _open(part, f"{at}/{key}")]
    fields = isinstance(schema.get("properties"), dict) and schema.get("type") == "object"
    closed = any(key in schema for key in ("additionalProperties", "unevaluatedProperties"))
    if fields and not closed and at != "/$defs/workload":  # closed by the roles that extend it
        found.append(at)
    return found
