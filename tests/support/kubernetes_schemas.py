"""Judges resources by published schemas; a field that these do not name is refused."""

import functools
import json
from importlib import resources
from typing import Any, Final

import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

from kokemus_platform.home import REPOSITORY

VERSIONS: Final = ("1.37", "1.36", "1.35", "1.34")
"""The newest, which the tests also run, and three before it."""


CRDS: Final = REPOSITORY / "infra" / "crds"


def is_built_in(resource: dict[str, Any]) -> bool:
    """Whether Kubernetes itself knows the resource."""
    group = resource["apiVersion"].rpartition("/")[0]
    return "." not in group or (group.endswith(".k8s.io") and not group.startswith("gateway."))


def problem(resource: dict[str, Any], version: str) -> str | None:
    """What is wrong with a resource of Kubernetes' own in this version; None: nothing."""
    group, _, version_of_kind = resource["apiVersion"].rpartition("/")
    name = "-".join(
        filter(None, (resource["kind"].lower(), group.partition(".")[0], version_of_kind))
    )
    found = best_match(_validator(version, name).iter_errors(resource))
    return None if found is None else f"{found.json_path}: {found.message}"


@functools.cache
def _validator(version: str, name: str) -> Draft202012Validator:
    return Draft202012Validator(_read(version, name), registry=_definitions(version))


@functools.cache
def _definitions(version: str) -> Registry[Any]:
    whole = Resource.from_contents(_read(version, "_definitions"))
    return whole @ Registry()


def _read(version: str, name: str) -> Any:
    folder = resources.files("kubernetes_validate") / "kubernetes-json-schema"
    return json.loads((folder / f"v{version}.0-local-strict" / f"{name}.json").read_text())


def custom_problem(resource: dict[str, Any]) -> str | None:
    """What is wrong with a resource of an operator's; None: nothing.

    Raises:
        KeyError: nobody has said what such a resource looks like.
    """
    found = best_match(_custom()[resource["apiVersion"], resource["kind"]].iter_errors(resource))
    return None if found is None else f"{found.json_path}: {found.message}"


@functools.cache
def _custom() -> dict[tuple[str, str], Draft202012Validator]:
    made = {}
    for path in CRDS.glob("*_*.yaml"):
        spec = yaml.safe_load(path.read_text())["spec"]
        for version in spec["versions"]:
            schema = _closed(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            made[key] = Draft202012Validator(schema)
    for kind, schema in yaml.safe_load((CRDS / "cloudnativepg.schema.yaml").read_text()).items():
        made["postgresql.cnpg.io/v1", kind] = Draft202012Validator(schema)
    return made


def _closed(schema: Any) -> Any:
    """An OpenAPI schema as the API server reads it: a field that it does not name is refused."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(one) for key, one in schema.items()}
    if schema.get("x-kubernetes-int-or-string"):
        closed["type"] = ["integer", "string"]
    if schema.get("type") == "object" and isinstance(schema.get("properties"), dict):
        free = schema.get("x-kubernetes-preserve-unknown-fields", False)
        closed.setdefault("additionalProperties", free)
    return closed
