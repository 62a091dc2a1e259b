"""The charts run what `./kokemus up` runs: the same processes with settings that they can read."""

import os
from pathlib import Path
from unittest import mock

import pytest
from pydantic_settings import BaseSettings

from kokemus.contracts.topics import declarations
from kokemus_platform import services
from kokemus_platform.charts import SETTINGS
from support.charts import (
    CHARTS,
    Resource,
    named,
    of_kind,
    one_container,
    pods,
    rendered,
    values_files,
    variables,
    ways,
)

POLLING = {"ingest-kiosk", "ingest-feedback", "complaints"}


def command(pod: Resource) -> tuple[str, str]:
    """Module and command of a pod."""
    container = one_container(pod)
    assert container["command"][:2] == ["python", "-m"]
    (argument,) = container["args"]
    return container["command"][2].removesuffix(".main"), argument


def test_the_umbrella_runs_the_processes_of_the_local_platform() -> None:
    wanted = {f"kokemus-{one.name}": (one.module, one.command) for one in services.SERVICES}
    deployments = of_kind(rendered("kokemus"), "Deployment")
    names = {name: command(one["spec"]["template"]) for name, one in deployments.items()}
    assert names == wanted


def test_pollers_are_those_of_the_local_platform() -> None:
    wanted = {f"kokemus-{one.name}": (one.module, one.command) for one in services.POLLERS.values()}
    given = [f"{chart}.workloads.poller.enabled=true" for chart in POLLING]
    given += ["global.network.vendors.peers[0].ipBlock.cidr=192.0.2.0/24"]
    deployments = of_kind(rendered("kokemus", None, *given), "Deployment")
    polling = {
        name: command(one["spec"]["template"])
        for name, one in deployments.items()
        if name.endswith("-poller")
    }
    assert polling == wanted
    assert {deployments[name]["spec"]["replicas"] for name in polling} == {1}
    assert {deployments[name]["spec"]["strategy"]["type"] for name in polling} == {"Recreate"}


def test_every_schema_of_the_local_platform_is_migrated() -> None:
    wanted = {(one.module, "migrate") for one in services.SERVICES if one.schema}
    jobs = of_kind(rendered("kokemus"), "Job")
    assert {command(one["spec"]["template"]) for one in jobs.values()} == wanted


@pytest.mark.parametrize("way", ways(), ids=named)
def test_every_process_can_read_its_settings(way: tuple[str, Path | None], tmp_path: Path) -> None:
    seen = 0
    for pod in pods(rendered(*way)).values():
        labels = pod["metadata"]["labels"]
        chart, role = (labels[f"app.kubernetes.io/{what}"] for what in ("name", "component"))
        with mock.patch.dict(os.environ, variables(pod, tmp_path), clear=True):
            for settings in SETTINGS[chart][role]:
                made: BaseSettings = settings()
                seen += 1
                assert getattr(made, "http_host", "0.0.0.0") == "0.0.0.0" or role == "migration"
    assert seen


@pytest.mark.parametrize("way", ways(), ids=named)
def test_every_file_that_a_setting_names_is_mounted(way: tuple[str, Path | None]) -> None:
    for name, pod in pods(rendered(*way)).items():
        mounts = {one["mountPath"]: one["name"] for one in one_container(pod)["volumeMounts"]}
        volumes = {one["name"]: one for one in pod["spec"]["volumes"]}
        for variable in one_container(pod)["env"]:
            value = str(variable.get("value", ""))
            if value.startswith("/etc/kokemus/"):
                folder, _, key = value.rpartition("/")
                volume = volumes[mounts[folder]]
                items = (volume.get("secret") or volume.get("configMap"))["items"]
                assert {"key": key, "path": key} in items, f"{name}: {variable['name']}"


def test_settings_of_a_vendor_reach_its_poller_alone() -> None:
    (path,) = (one for one in values_files("ingest-feedback") if "poller" in one.name)
    found = pods(rendered("ingest-feedback", path))
    names = {
        name: [one["name"] for one in one_container(pod)["env"] if "OPEN311" in one["name"]]
        for name, pod in found.items()
    }
    assert not names["kokemus-ingest-feedback"]
    assert "KOKEMUS_OPEN311_PLACES_FILE" in names["kokemus-ingest-feedback-poller"]


@pytest.mark.parametrize("way", ways(), ids=named)
def test_what_selects_pods_finds_some_and_what_scales_finds_its_workload(
    way: tuple[str, Path | None],
) -> None:
    resources = rendered(*way)
    labels = [pod["metadata"]["labels"].items() for pod in pods(resources).values()]
    deployments = of_kind(resources, "Deployment")
    for kind, where in (("Service", "selector"), ("PodDisruptionBudget", "selector")):
        for name, one in of_kind(resources, kind).items():
            chosen = one["spec"][where].get("matchLabels", one["spec"][where]).items()
            assert any(chosen <= of_pod for of_pod in labels), f"{kind} {name}"
    for one in (
        *of_kind(resources, "HorizontalPodAutoscaler").values(),
        *of_kind(resources, "ScaledObject").values(),
    ):
        assert "replicas" not in deployments[one["spec"]["scaleTargetRef"]["name"]]["spec"]


@pytest.mark.parametrize("brokers", [1, 2, 3, 5])
def test_topics_are_those_that_are_declared(brokers: int) -> None:
    given = ["strimzi.enabled=true", f"strimzi.brokers={brokers}"]
    given += ["global.city.topicPrefix=city.kokemus."]
    topics = of_kind(rendered("kokemus", None, *given), "KafkaTopic")
    assert {
        name: (one["spec"]["partitions"], one["spec"]["replicas"], _texts(one["spec"]["config"]))
        for name, one in topics.items()
    } == {
        f"city.kokemus.{name}": (topic.partitions, min(3, brokers), topic.config(brokers))
        for name, topic in declarations().items()
    }


def _texts(config: Resource) -> dict[str, str]:
    return {name: str(value) for name, value in config.items()}


def test_users_may_do_what_the_declarations_say() -> None:
    given = ["strimzi.enabled=true", "strimzi.users=true"]
    users = of_kind(rendered("kokemus", None, *given), "KafkaUser")
    for chart in CHARTS[:-1]:
        rights = {
            one["resource"]["name"].removeprefix("kokemus."): set(one["operations"])
            for one in users[f"kokemus-{chart}"]["spec"]["authorization"]["acls"]
            if one["resource"]["type"] == "topic"
        }
        for operation, side in (("Write", "producers"), ("Read", "consumers")):
            may = {name for name, operations in rights.items() if operation in operations}
            declared = {name for name, one in declarations().items() if chart in getattr(one, side)}
            assert may == declared, f"{chart} {operation}"


def test_the_schema_is_brought_up_to_date_before_every_upgrade() -> None:
    def hooks(how: str, *, upgrade: bool) -> set[str | None]:
        given = f"global.database.migrations={how}"
        jobs = of_kind(rendered("kokemus", None, given, upgrade=upgrade), "Job").values()
        return {one["metadata"].get("annotations", {}).get("helm.sh/hook") for one in jobs}

    for upgrade in (False, True):
        assert hooks("hook", upgrade=upgrade) == {"pre-install,pre-upgrade"}
        assert hooks("off", upgrade=upgrade) == set()
    assert hooks("release", upgrade=False) == {None}  # beside the database that comes with it
    assert hooks("release", upgrade=True) == {"pre-upgrade"}


@pytest.mark.parametrize("chart", CHARTS[:-1])
def test_a_city_can_do_without_a_service(chart: str) -> None:
    (everything,) = (path for path in values_files("kokemus") if "everything" in path.name)
    names = set(pods(rendered("kokemus", everything, f"{chart}.enabled=false")))
    assert names
    assert not {name for name in names if name.startswith(f"kokemus-{chart}")}


def test_a_workload_s_own_setting_wins_even_where_it_says_no() -> None:
    given = ["settings.KOKEMUS_KAFKA_DURABLE=true"]
    given += ["workloads.http.settings.KOKEMUS_KAFKA_DURABLE=false"]
    found = pods(rendered("metrics", None, *given))
    durable = {
        name: variable["value"]
        for name in ("kokemus-metrics", "kokemus-metrics-consumer")
        for variable in one_container(found[name])["env"]
        if variable["name"] == "KOKEMUS_KAFKA_DURABLE"
    }
    assert durable == {"kokemus-metrics": "false", "kokemus-metrics-consumer": "true"}
