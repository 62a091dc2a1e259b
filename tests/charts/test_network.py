"""What may speak with what, worked out as Kubernetes does it, is the flow of the design."""

from itertools import permutations
from pathlib import Path

import pytest

from support.charts import Resource, named, of_kind, pods, rendered, values_files, ways

HTTP, PROMETHEUS = 8000, 9000
INTAKE = {"kokemus-ingest-kiosk", "kokemus-ingest-feedback", "kokemus-complaints"}
EVERYTHING = next(path for path in values_files("kokemus") if "everything" in path.name)


def rules(resources: tuple[Resource, ...], labels: Resource, way: str) -> list[Resource]:
    """The rules that hold for a pod, in one direction."""
    return [
        rule
        for policy in of_kind(resources, "NetworkPolicy").values()
        if policy["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
        for rule in policy["spec"][way]
    ]


def opens(rule: Resource, side: str, labels: Resource, port: int) -> bool:
    """Whether a rule lets a pod of the same namespace through."""
    return any(
        set(peer) == {"podSelector"}
        and peer["podSelector"]["matchLabels"].items() <= labels.items()
        for peer in rule[side]
    ) and port in {one["port"] for one in rule["ports"]}


def flow(resources: tuple[Resource, ...], port: int) -> set[tuple[str, str]]:
    """Who of the release reaches whom."""
    labels = {name: pod["metadata"]["labels"] for name, pod in pods(resources).items()}
    return {
        (a, b)
        for a, b in permutations(labels, 2)
        if any(opens(rule, "to", labels[b], port) for rule in rules(resources, labels[a], "egress"))
        and any(
            opens(rule, "from", labels[a], port) for rule in rules(resources, labels[b], "ingress")
        )
    }


def reached(resources: tuple[Resource, ...], name: str) -> set[int]:
    """The ports on which a pod reaches what is no part of the release."""
    return {
        one["port"]
        for rule in rules(resources, pods(resources)[name]["metadata"]["labels"], "egress")
        for one in rule["ports"]
    } - {HTTP}


@pytest.mark.parametrize("values", [None, EVERYTHING], ids=["defaults", "everything"])
def test_only_reporting_calls_other_services(values: Path | None) -> None:
    resources = rendered("kokemus", values)
    assert flow(resources, HTTP) == {
        (caller, called)
        for caller in ("kokemus-reporting", "kokemus-reporting-worker")
        for called in ("kokemus-metrics", "kokemus-ingest-feedback")
    }
    assert flow(resources, PROMETHEUS) == set()


def test_each_process_reaches_what_it_needs_and_nothing_else() -> None:
    resources = rendered("kokemus", EVERYTHING)
    dns, kafka, database, vendor, smtp = 53, 9092, 5432, 443, 587
    wanted = {
        **{name: {dns, kafka} for name in INTAKE},
        "kokemus-ingest-kiosk-poller": {dns, kafka, vendor},
        "kokemus-metrics": {dns, kafka, database},
        "kokemus-metrics-consumer": {dns, kafka, database},
        "kokemus-metrics-archive": {dns, kafka, database},
        "kokemus-metrics-migration": {dns, database},
        "kokemus-reporting": {dns, database},
        "kokemus-reporting-worker": {dns, kafka, database},
        "kokemus-reporting-migration": {dns, database},
    }
    assert {name: reached(resources, name) for name in pods(resources)} == wanted
    (mail,) = (path for path in values_files("reporting") if "mail" in path.name)
    signed_in = rendered("reporting", mail)
    assert reached(signed_in, "kokemus-reporting") == {dns, database, vendor}
    assert reached(signed_in, "kokemus-reporting-worker") == {dns, kafka, database, 25, smtp}


@pytest.mark.parametrize("way", ways(), ids=named)
def test_from_outside_only_http_is_open_and_prometheus_scrapes(
    way: tuple[str, Path | None],
) -> None:
    resources = rendered(*way)
    served: dict[int, set[str]] = {HTTP: set(), PROMETHEUS: set()}
    for name, pod in pods(resources).items():
        for rule in rules(resources, pod["metadata"]["labels"], "ingress"):
            if any("namespaceSelector" in peer for peer in rule["from"]):
                for one in rule["ports"]:
                    served[one["port"]].add(name)
    http = {
        name
        for name, pod in pods(resources).items()
        if pod["metadata"]["labels"]["app.kubernetes.io/component"] == "http"
    }
    assert served[HTTP] == http
    assert served[PROMETHEUS] == set(of_kind(resources, "Deployment"))


def test_the_whole_release_is_denied_what_no_policy_opens() -> None:
    deny = of_kind(rendered("kokemus"), "NetworkPolicy")["kokemus-deny"]["spec"]
    assert (deny["ingress"], deny["egress"]) == ([], [])
    for pod in pods(rendered("kokemus")).values():
        assert deny["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
