"""Every chart, with its defaults and every values file, is what Kubernetes takes."""

import subprocess
from pathlib import Path

import pytest

from kokemus_platform import charts
from support import kubernetes_tools
from support.charts import CHARTS, named, rendered, values_files, ways
from support.kubernetes_schemas import VERSIONS, custom_problem, is_built_in, problem


@pytest.mark.parametrize("way", ways(), ids=named)
def test_every_resource_is_valid_in_every_supported_version(way: tuple[str, Path | None]) -> None:
    resources = [one for one in rendered(*way) if is_built_in(one)]
    assert resources
    for version in VERSIONS:
        wrong = {one["metadata"]["name"]: problem(one, version) for one in resources}
        assert not [name for name, what in wrong.items() if what], wrong


@pytest.mark.parametrize("way", ways(), ids=named)
def test_every_custom_resource_is_one_that_its_operator_takes(
    way: tuple[str, Path | None],
) -> None:
    for one in rendered(*way):
        if not is_built_in(one):
            assert custom_problem(one) is None, one["metadata"]["name"]


def test_a_field_that_an_operator_does_not_know_is_noticed() -> None:
    seen = set()
    for way in ways():
        for one in rendered(*way):
            if not is_built_in(one) and one["kind"] not in seen:
                seen.add(one["kind"])
                assert "shape" in (
                    custom_problem({**one, "spec": {**one["spec"], "shape": 1}}) or ""
                )
    assert seen == {
        "Cluster",
        "HTTPRoute",
        "KafkaTopic",
        "KafkaUser",
        "PrometheusRule",
        "ScaledObject",
        "ScheduledBackup",
        "ServiceMonitor",
    }


def test_a_field_that_kubernetes_does_not_know_is_noticed() -> None:
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "x"}}
    for version in VERSIONS:
        assert problem(account, version) is None
        assert "tokn" in (problem({**account, "tokn": 1}, version) or "")


@pytest.mark.parametrize("way", ways(), ids=named)
def test_no_two_resources_have_one_name(way: tuple[str, Path | None]) -> None:
    names = [
        (one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"])
        for one in rendered(*way)
    ]
    assert len(names) == len(set(names))


def test_rendering_twice_gives_the_same() -> None:
    for values in values_files("kokemus"):
        if "everything" in values.name:
            assert rendered.__wrapped__("kokemus", values) == rendered("kokemus", values)


@pytest.mark.parametrize("chart", [*CHARTS, "kokemus-lib"])
def test_helm_finds_nothing_to_lint(chart: str) -> None:
    files = [f"--values={path}" for path in values_files(chart)[:1]]
    command = [str(kubernetes_tools.helm()), "lint", "--strict", str(charts.FOLDER / chart)]
    done = subprocess.run([*command, *files], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_readme_s_values_are_taken(tmp_path: Path) -> None:
    told = (charts.FOLDER / "README.md").read_text()
    (tmp_path / "city.yaml").write_text(told.partition("```yaml\n")[2].partition("```")[0])
    assert rendered("kokemus", tmp_path / "city.yaml")


def test_no_archive_is_kept_beside_the_charts() -> None:
    assert not list(charts.FOLDER.rglob("*.tgz"))
    for link in charts.FOLDER.glob("*/charts/*"):
        assert link.is_symlink()
        assert not link.readlink().is_absolute()


def test_what_is_made_from_declarations_is_as_they_are_now() -> None:
    for path, content in charts.files().items():
        assert path.read_text() == content, f"{path}: run python -m kokemus_platform.charts"
