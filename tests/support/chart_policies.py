"""What no chart may render. Each rule names what breaks it, in a list that should be empty."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from support.charts import Resource, of_kind, pods

Rule = Callable[[tuple[Resource, ...]], Iterator[str]]

_SECRET: Final = re.compile(r"PASSWORD|SECRET|TOKEN|CREDENTIAL|_KEY")
_IN_ADDRESS: Final = re.compile(r"://[^/@]*:(?!\$\()[^/@]+@")
"""A password in an address, unless it is a variable that the kubelet fills in."""


def runs_as_root(resources: tuple[Resource, ...]) -> Iterator[str]:
    """A pod that may run as root."""
    for name, pod in pods(resources).items():
        for security in (pod["spec"].get("securityContext", {}), *_of_containers(pod)):
            if security.get("runAsUser") == 0 or security.get("runAsNonRoot") is False:
                yield name
        if pod["spec"].get("securityContext", {}).get("runAsNonRoot") is not True:
            yield name


def has_privilege(resources: tuple[Resource, ...]) -> Iterator[str]:
    """A pod that may do more than its work, or that reaches the node that it runs on."""
    for name, pod in pods(resources).items():
        spec = pod["spec"]
        if any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")):
            yield name
        if any("hostPath" in volume for volume in spec.get("volumes", [])):
            yield name
        if spec.get("securityContext", {}).get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield name
        for security in _of_containers(pod):
            if (
                security.get("privileged", False)
                or security.get("allowPrivilegeEscalation") is not False
                or security.get("capabilities") != {"drop": ["ALL"]}
            ):
                yield name


def writes_on_its_root(resources: tuple[Resource, ...]) -> Iterator[str]:
    """A container that can change its own image's files."""
    for name, pod in pods(resources).items():
        if any(one.get("readOnlyRootFilesystem") is not True for one in _of_containers(pod)):
            yield name


def holds_a_token(resources: tuple[Resource, ...]) -> Iterator[str]:
    """A pod, or an account, that could speak with the API server."""
    for name, pod in pods(resources).items():
        if pod["spec"].get("automountServiceAccountToken") is not False:
            yield name
        for volume in pod["spec"].get("volumes", []):
            if any("serviceAccountToken" in one for one in _projected(volume)):
                yield name
    for name, account in of_kind(resources, "ServiceAccount").items():
        if account.get("automountServiceAccountToken") is not False:
            yield name
    for one in resources:
        if one["kind"] in {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}:
            yield one["metadata"]["name"]


def has_no_version(resources: tuple[Resource, ...]) -> Iterator[str]:
    """An image of which nobody can say what it is."""
    for name, pod in pods(resources).items():
        for container in _containers(pod):
            image, _, digest = container["image"].partition("@")
            tag = image.rpartition("/")[2].partition(":")[2]
            if not digest and tag in {"", "latest"}:
                yield name


def has_no_limit(resources: tuple[Resource, ...]) -> Iterator[str]:
    """A container that could take all of a node."""
    for name, pod in pods(resources).items():
        for container in _containers(pod):
            told = container.get("resources", {})
            amounts = (told.get("requests", {}), told.get("limits", {}))
            if any(not amount.get(what) for amount in amounts for what in ("cpu", "memory")):
                yield name
        for volume in pod["spec"].get("volumes", []):
            if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
                yield name


def is_not_watched(resources: tuple[Resource, ...]) -> Iterator[str]:
    """A workload without probes, or one that would be restarted because another part is away."""
    for name, one in of_kind(resources, "Deployment").items():
        for container in _containers(one["spec"]["template"]):
            paths = {
                probe: container.get(probe, {}).get("httpGet", {}).get("path")
                for probe in ("startupProbe", "livenessProbe", "readinessProbe")
            }
            if paths != {
                "startupProbe": "/health/live",
                "livenessProbe": "/health/live",
                "readinessProbe": "/health/ready",
            }:
                yield name


def shows_a_secret(resources: tuple[Resource, ...]) -> Iterator[str]:
    """A secret in a manifest, where everybody who may look at the release reads it."""
    for one in resources:
        if one["kind"] == "Secret":
            yield one["metadata"]["name"]
    for name, pod in pods(resources).items():
        for container in _containers(pod):
            words = [*container.get("command", []), *container.get("args", [])]
            for variable in container.get("env", []):
                value = variable.get("value", "")
                words.append(value)
                named = _SECRET.search(variable["name"]) and not variable["name"].endswith("_FILE")
                if named and value:
                    yield f"{name}: {variable['name']}"
            if any(_IN_ADDRESS.search(word) for word in words):
                yield name


def is_open(resources: tuple[Resource, ...]) -> Iterator[str]:
    """A pod without a policy, or a policy that names nobody, no port, or everybody."""
    policies = of_kind(resources, "NetworkPolicy")
    for name, policy in policies.items():
        spec = policy["spec"]
        if not spec["podSelector"].get("matchLabels") or len(spec["policyTypes"]) != 2:
            yield name
        for rule in (*spec.get("ingress", []), *spec.get("egress", [])):
            peers = rule.get("from") or rule.get("to") or []
            if not peers or not rule.get("ports") or any(map(_is_everybody, peers)):
                yield name
    for name, pod in pods(resources).items():
        labels = pod["metadata"]["labels"].items()
        chosen = (one["spec"]["podSelector"].get("matchLabels", {}) for one in policies.values())
        if not any(selected and selected.items() <= labels for selected in chosen):
            yield name


def is_published_past_the_ingress(resources: tuple[Resource, ...]) -> Iterator[str]:
    """A Service that opens a port of the nodes, or a way in that leads to Prometheus' port."""
    for name, one in of_kind(resources, "Service").items():
        if one["spec"].get("type", "ClusterIP") != "ClusterIP" or one["spec"].get("externalIPs"):
            yield name
    for name, one in of_kind(resources, "Ingress").items():
        for rule in one["spec"].get("rules", [{}]):
            paths = rule.get("http", {}).get("paths", [])
            ports = [path["backend"]["service"]["port"].get("name") for path in paths]
            if not rule.get("host") or any(port != "http" for port in ports):
                yield name


RULES: Final[tuple[Rule, ...]] = (
    runs_as_root,
    has_privilege,
    writes_on_its_root,
    holds_a_token,
    has_no_version,
    has_no_limit,
    is_not_watched,
    shows_a_secret,
    is_open,
    is_published_past_the_ingress,
)


def _containers(pod: Resource) -> list[Any]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def _of_containers(pod: Resource) -> Iterable[Resource]:
    return [one.get("securityContext", {}) for one in _containers(pod)]


def _projected(volume: Resource) -> list[Resource]:
    found: list[Resource] = volume.get("projected", {}).get("sources", [])
    return found


def _is_everybody(peer: Resource) -> bool:
    if "ipBlock" in peer:
        return str(peer["ipBlock"]["cidr"]).endswith("/0")
    return not any(selector for selector in peer.values())
