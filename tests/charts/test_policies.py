"""No chart renders what a platform team would have to refuse; each rule is seen to notice it."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import chart_policies as policies
from support.chart_policies import RULES, Rule
from support.charts import Resource, named, of_kind, rendered, ways

Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("way", ways(), ids=named)
def test_nothing_breaks_a_rule(way: tuple[str, Path | None], rule: Rule) -> None:
    assert list(rule(rendered(*way))) == []


def pod(**changes: object) -> Change:
    return lambda one: one["template"]["spec"].update(changes)


def container(**changes: object) -> Change:
    return lambda one: one["template"]["spec"]["containers"][0].update(changes)


def confined(**changes: object) -> Change:
    return lambda one: one["template"]["spec"]["containers"][0]["securityContext"].update(changes)


def variable(name: str, value: str) -> Change:
    added = {"name": name, "value": value}
    return lambda one: one["template"]["spec"]["containers"][0]["env"].append(added)


def volume(**kind: object) -> Change:
    added = {"name": "more", **kind}
    return lambda one: one["template"]["spec"]["volumes"].append(added)


def way_out(**rule: object) -> Change:
    return lambda one: one["egress"].append(rule)


PEER = {"podSelector": {"matchLabels": {"app": "x"}}}
PORT = {"protocol": "TCP", "port": 443}
DEPLOYMENTS: list[tuple[Rule, Change]] = [
    (policies.runs_as_root, pod(securityContext={})),
    (policies.runs_as_root, pod(securityContext={"runAsNonRoot": True, "runAsUser": 0})),
    (policies.runs_as_root, confined(runAsUser=0)),
    (policies.has_privilege, confined(privileged=True)),
    (policies.has_privilege, confined(allowPrivilegeEscalation=True)),
    (policies.has_privilege, confined(capabilities={"add": ["NET_ADMIN"], "drop": ["ALL"]})),
    (policies.has_privilege, pod(hostNetwork=True)),
    (policies.has_privilege, volume(hostPath={"path": "/"})),
    (policies.has_privilege, pod(securityContext={"runAsNonRoot": True})),
    (policies.writes_on_its_root, confined(readOnlyRootFilesystem=False)),
    (policies.holds_a_token, pod(automountServiceAccountToken=True)),
    (policies.holds_a_token, volume(projected={"sources": [{"serviceAccountToken": {}}]})),
    (policies.has_no_version, container(image="registry:5000/kokemus/metrics")),
    (policies.has_no_version, container(image="registry:5000/kokemus/metrics:latest")),
    (policies.has_no_limit, container(resources={"requests": {"cpu": "1", "memory": "1Gi"}})),
    (policies.has_no_limit, volume(emptyDir={})),
    (policies.is_not_watched, container(livenessProbe={})),
    (policies.is_not_watched, container(livenessProbe={"httpGet": {"path": "/health/ready"}})),
    (policies.shows_a_secret, variable("KOKEMUS_MAIL_PASSWORD", "tammiharju")),
    (policies.shows_a_secret, variable("KOKEMUS_DATABASE_URL", "postgresql://a:tammi@host/b")),
    (policies.shows_a_secret, container(args=["serve", "postgresql://a:tammi@host/b"])),
    (policies.is_open, lambda one: one["template"]["metadata"].update(labels={})),
]
POLICIES: list[tuple[Rule, Change]] = [
    (policies.is_open, way_out(ports=[PORT])),
    (policies.is_open, way_out(to=[PEER])),
    (policies.is_open, way_out(to=[{"podSelector": {}}], ports=[PORT])),
    (policies.is_open, way_out(to=[{"ipBlock": {"cidr": "0.0.0.0/0"}}], ports=[PORT])),
    (policies.is_open, lambda one: one.update(policyTypes=["Ingress"])),
    (policies.is_open, lambda one: one.update(podSelector={})),
]


@pytest.mark.parametrize(
    ("kind", "rule", "change"),
    [
        *(("Deployment", *case) for case in DEPLOYMENTS),
        *(("NetworkPolicy", *case) for case in POLICIES),
        (
            "Service",
            policies.is_published_past_the_ingress,
            lambda one: one.update(type="NodePort"),
        ),
    ],
)
def test_each_rule_notices_what_breaks_it(kind: str, rule: Rule, change: Change) -> None:
    resources = copy.deepcopy(rendered("metrics"))
    change(of_kind(resources, kind)["kokemus-metrics"]["spec"])
    assert list(rule(resources))


def test_a_secret_or_a_role_of_a_chart_s_own_is_noticed() -> None:
    def one(kind: str) -> tuple[Resource, ...]:
        return ({"kind": kind, "metadata": {"name": "x"}},)

    assert list(policies.shows_a_secret(one("Secret")))
    assert list(policies.holds_a_token(one("RoleBinding")))


def test_an_ingress_to_the_metrics_port_or_for_every_name_is_noticed() -> None:
    way = rendered("metrics", None, "ingress.enabled=true", "ingress.host=figures.example.org")
    for change in ({"host": None}, {"http": {"paths": [{"backend": _metrics_port()}]}}):
        resources = copy.deepcopy(way)
        of_kind(resources, "Ingress")["kokemus-metrics"]["spec"]["rules"][0].update(change)
        assert list(policies.is_published_past_the_ingress(resources))
    assert not list(policies.is_published_past_the_ingress(way))


def _metrics_port() -> Resource:
    return {"service": {"name": "kokemus-metrics", "port": {"name": "metrics"}}}
