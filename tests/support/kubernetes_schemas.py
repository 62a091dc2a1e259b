"""Judges resources by the schemas of Kubernetes; a field that they do not name is refused."""

import functools
import json
from importlib import resources
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match
from referencing import Registry, Resource

VERSIONS: Final = ("1.37", "1.36", "1.35", "1.34")
"""The newest, which the tests also run, and three before it."""


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
