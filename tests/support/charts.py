"""The charts as the real `helm` renders them."""

import functools
import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

from kokemus_platform.charts import FOLDER, SETTINGS
from support import kubernetes_tools

CHARTS: Final = (*SETTINGS, "kokemus")
"""Whatever can be installed."""
RELEASE: Final = "kokemus"

Resource = dict[str, Any]


class NotRenderedError(Exception):
    """Helm refused; its words are the message."""


def values_files(chart: str) -> list[Path]:
    """The files of a chart's features, each a way to install it."""
    return sorted((FOLDER / chart / "ci").glob("*-values.yaml"))


def ways() -> list[tuple[str, Path | None]]:
    """Every chart with its defaults and with each of its values files."""
    return [(chart, path) for chart in CHARTS for path in (None, *values_files(chart))]


def named(way: tuple[str, Path | None]) -> str:
    """A way of installing, for the name of a test."""
    chart, path = way
    return f"{chart}-{path.stem.removesuffix('-values') if path else 'defaults'}"


@functools.cache
def rendered(
    chart: str, values: Path | None = None, *given: str, upgrade: bool = False
) -> tuple[Resource, ...]:
    """The resources of a chart.

    Args:
        chart: its folder under `charts/`.
        values: a file with values.
        given: values as `--set` takes them.
        upgrade: whether a release is there already.

    Raises:
        NotRenderedError: the values are refused.
    """
    command = [str(kubernetes_tools.helm()), "template", RELEASE, str(FOLDER / chart)]
    command += ["--namespace", "city", "--values", str(values)] if values else ["-n", "city"]
    command += [f"--set={one}" for one in given]
    command += ["--is-upgrade"] if upgrade else []
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        told = (line for line in done.stderr.splitlines() if not line.startswith("level="))
        raise NotRenderedError("\n".join(told))
    return tuple(one for one in yaml.safe_load_all(done.stdout) if one)


def of_kind(resources: tuple[Resource, ...], kind: str) -> dict[str, Resource]:
    """Resources of one kind by their names."""
    return {one["metadata"]["name"]: one for one in resources if one["kind"] == kind}


def pods(resources: tuple[Resource, ...]) -> dict[str, Resource]:
    """The pod templates by the names of what makes them."""
    return {
        one["metadata"]["name"]: one["spec"]["template"]
        for one in resources
        if one["kind"] in {"Deployment", "Job"}
    }


def one_container(pod: Resource) -> Resource:
    """The container of a pod that has just one."""
    (container,) = pod["spec"]["containers"]
    found: Resource = container
    return found


def variables(pod: Resource, folder: Path) -> dict[str, str]:
    """A process's variables as a pod would give them; its files are made, empty, in a folder."""
    found: dict[str, str] = {}
    for variable in one_container(pod)["env"]:
        value = str(variable.get("value", "from-a-secret"))
        for name, known in found.items():
            value = value.replace(f"$({name})", known)
        if value.startswith("/etc/kokemus/"):
            path = folder / value.removeprefix("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            value = str(path)
        found[variable["name"]] = value
    return found
