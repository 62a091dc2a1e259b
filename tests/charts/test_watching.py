"""Alerts and dashboards travel with the chart as they stand, and ask for metrics that there are."""

import json
import re
from typing import Any

import yaml

from kokemus import metric_names
from kokemus.metric_names import Metric
from kokemus_platform.charts import FOLDER
from support.charts import of_kind, rendered, values_files

(WATCHING,) = (path for path in values_files("kokemus") if "watching" in path.name)
ALERTS = sorted((FOLDER / "kokemus" / "alerts").glob("*.yaml"))
DASHBOARDS = sorted((FOLDER / "kokemus" / "dashboards").glob("*.json"))


def series() -> set[str]:
    """Every name under which Prometheus keeps a metric of ours."""
    found = set()
    for metric in vars(metric_names).values():
        if isinstance(metric, Metric):
            found.add(metric.name)
            if metric.kind == "histogram":
                found |= {f"{metric.name}_{part}" for part in ("bucket", "sum", "count")}
    return found


def expressions(part: Any) -> list[str]:
    """Every `expr` in a file."""
    if isinstance(part, list):
        return [one for item in part for one in expressions(item)]
    if isinstance(part, dict):
        own = [part["expr"]] if "expr" in part else []
        return own + [one for item in part.values() for one in expressions(item)]
    return []


def test_whatever_is_asked_of_prometheus_is_a_metric_of_ours() -> None:
    known = series()
    for path in (*ALERTS, *DASHBOARDS):
        asked = expressions(yaml.safe_load(path.read_text()))
        assert asked
        for name in re.findall(r"\bkokemus_\w+", " ".join(asked)):
            assert name in known, f"{path.name}: {name}"


def test_alerts_are_rendered_as_their_files_have_them() -> None:
    rules = of_kind(rendered("kokemus", WATCHING), "PrometheusRule")
    assert {f"kokemus-{path.stem}": yaml.safe_load(path.read_text()) for path in ALERTS} == {
        name: one["spec"] for name, one in rules.items()
    }
    for rule in rules.values():
        assert rule["metadata"]["labels"]["release"] == "prometheus"


def test_dashboards_are_rendered_as_their_files_have_them() -> None:
    maps = of_kind(rendered("kokemus", WATCHING), "ConfigMap")
    for path in DASHBOARDS:
        shown = maps[f"kokemus-dashboard-{path.stem}"]
        assert json.loads(shown["data"][path.name]) == json.loads(path.read_text())
        assert shown["metadata"]["labels"]["grafana_dashboard"] == "1"


def test_prometheus_finds_every_workload() -> None:
    resources = rendered("kokemus", WATCHING)
    for name, one in of_kind(resources, "ServiceMonitor").items():
        chosen = one["spec"]["selector"]["matchLabels"].items()
        (endpoint,) = one["spec"]["endpoints"]
        scraped = {"name": endpoint["port"], "port": 9000, "targetPort": "metrics"}
        ports = {
            service["metadata"]["name"]
            for service in of_kind(resources, "Service").values()
            if chosen <= service["metadata"]["labels"].items()
            and any(scraped.items() <= port.items() for port in service["spec"]["ports"])
        }
        wanted = {
            deployment
            for deployment in of_kind(resources, "Deployment")
            if deployment == name or deployment.removeprefix(f"{name}-") in ROLES
        }
        assert ports == wanted
    assert len(of_kind(resources, "ServiceMonitor")) == 5


ROLES = {"consumer", "archive", "worker", "poller"}
