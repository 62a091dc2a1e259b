"""What the charts take over from declarations elsewhere: topics, and the settings of the services.

`python -m kokemus_platform.charts` writes it anew into `charts/`; a test holds both together.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic_settings import BaseSettings

from complaints.feed.settings import FeedSettings
from ingest_feedback.open311_client.settings import Open311Settings
from ingest_kiosk.happyornot.settings import HappyOrNotSettings
from kokemus.contracts.topics import declarations
from kokemus.settings import KeyedSettings, ServiceSettings
from kokemus_platform.home import REPOSITORY
from metrics.settings import ApiSettings, ArchiveSettings, MetricsSettings
from reporting.settings import DatabaseSettings, ReportingSettings

FOLDER: Final = REPOSITORY / "charts"

SETTINGS: Final[Mapping[str, Mapping[str, tuple[type[BaseSettings], ...]]]] = {
    "ingest-kiosk": {"http": (KeyedSettings,), "poller": (ServiceSettings, HappyOrNotSettings)},
    "ingest-feedback": {"http": (KeyedSettings,), "poller": (KeyedSettings, Open311Settings)},
    "complaints": {"http": (KeyedSettings,), "poller": (KeyedSettings, FeedSettings)},
    "metrics": {
        "http": (ApiSettings,),
        "consumer": (MetricsSettings,),
        "archive": (ArchiveSettings,),
        "migration": (MetricsSettings,),
    },
    "reporting": {
        "http": (ReportingSettings,),
        "worker": (ReportingSettings,),
        "migration": (DatabaseSettings,),
    },
}
"""What each workload of a chart reads from its environment."""

_SET_BY_CHART: Final = frozenset(
    {
        "KOKEMUS_DATABASE_URL",
        "KOKEMUS_CODES_FILE",
        "KOKEMUS_FEEDBACK_URL",
        "KOKEMUS_HTTP_HOST",
        "KOKEMUS_HTTP_PORT",
        "KOKEMUS_KAFKA_BOOTSTRAP",
        "KOKEMUS_KEYS_FILE",
        "KOKEMUS_METRICS_PORT",
        "KOKEMUS_METRICS_URL",
        "KOKEMUS_ROOT_ENTITY",
        "KOKEMUS_TIME_ZONE",
        "KOKEMUS_TOPIC_PREFIX",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
    }
)
"""Variables that follow from other values, so that they cannot contradict those."""


def topics_template() -> str:
    """The declarations of the topics, as a template that the charts include.

    `min.insync.replicas` is left to the chart, which knows how many brokers there are.
    """
    topics = [
        {
            "name": topic.name,
            "partitions": topic.partitions,
            "producers": topic.producers,
            "consumers": topic.consumers,
            "config": {
                name: value
                for name, value in topic.config(3).items()
                if name != "min.insync.replicas"
            },
        }
        for topic in declarations().values()
    ]
    body = yaml.safe_dump(topics, sort_keys=False)
    about = (
        "{{/* The topics as kokemus.contracts declares them; made by kokemus_platform.charts. */}}"
    )
    return f'{about}\n{{{{- define "kokemus.topics" -}}}}\n{body}{{{{- end }}}}\n'


def variables(chart: str) -> tuple[list[str], list[str]]:
    """The settings that a service's values may name: plain ones, and those that name files."""
    plain: set[str] = set()
    files: set[str] = set()
    for classes in SETTINGS[chart].values():
        for settings in classes:
            for name, of_file in _variables(settings):
                (files if of_file else plain).add(name)
    return sorted(plain - _SET_BY_CHART), sorted(files - _SET_BY_CHART)


def schemas() -> dict[str, dict[str, Any]]:
    """Each chart's values.schema.json by the chart's name."""
    shared = yaml.safe_load((FOLDER / "values.schema.yaml").read_text())["$defs"]
    service, platform = shared.pop("service"), shared.pop("platform")
    library = {"exports": {"type": "object"}, "global": {"$ref": "#/$defs/global"}}
    found = {"kokemus-lib": _schema(library, {**shared, **_of_settings([], [])})}
    of_services = {}
    for chart, roles in SETTINGS.items():
        workloads = {role: {"$ref": f"#/$defs/{role}"} for role in roles if role in shared}
        properties = {
            **service,
            "workloads": {
                "type": "object",
                "additionalProperties": False,
                "properties": workloads,
            },
            "kokemus-lib": {"type": "object"},
        }
        of_services[chart] = _schema(properties, {**shared, **_of_settings(*variables(chart))})
    found |= of_services
    inner = {chart: {"type": "object"} for chart in (*of_services, "kokemus-lib")}
    found["kokemus"] = _schema({**platform, **inner}, {**shared, **_of_settings([], [])})
    return found


def files() -> dict[Path, str]:
    """Everything that is made, by where it stands."""
    made = {FOLDER / "kokemus-lib/templates/_topics.tpl": topics_template()}
    for chart, schema in schemas().items():
        made[FOLDER / chart / "values.schema.json"] = json.dumps(schema, indent=1) + "\n"
    return made


def _variables(settings: type[BaseSettings]) -> Iterator[tuple[str, bool]]:
    prefix = settings.model_config.get("env_prefix", "")
    for name, field in settings.model_fields.items():
        alias = field.validation_alias
        variable = alias if isinstance(alias, str) else prefix + name.upper()
        yield variable, variable.endswith("_FILE")


def _of_settings(plain: list[str], files: list[str]) -> dict[str, Any]:
    """Definitions by which no other setting than those of the service can be named."""
    return {
        "settings": {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: {"$ref": "#/$defs/value"} for name in plain},
        },
        "files": {
            "type": "object",
            "additionalProperties": False,
            "properties": {name: {"$ref": "#/$defs/key"} for name in files},
        },
    }


def _schema(properties: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "$defs": definitions,
    }


def main() -> None:
    """Writes what has changed."""
    for path, content in files().items():
        path.write_text(content)


if __name__ == "__main__":
    main()
