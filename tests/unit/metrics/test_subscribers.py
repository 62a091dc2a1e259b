"""What must hold for every subscriber of every service, so that none acknowledges too early."""

import ast
from pathlib import Path

import pytest

SERVICES = Path(__file__).parents[3] / "services"


def subscriber_calls() -> list[tuple[str, ast.Call]]:
    return [
        (f"{path.name}:{node.lineno}", node)
        for path in sorted(SERVICES.glob("*/src/**/*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "subscriber"
    ]


def test_there_are_subscribers_to_walk() -> None:
    assert subscriber_calls()


@pytest.mark.parametrize("name", ["ack_policy", "group_id", "max_records"])
def test_every_subscriber_names_what_must_not_be_left_to_a_default(name: str) -> None:
    for where, call in subscriber_calls():
        assert name in {keyword.arg for keyword in call.keywords}, f"{where} leaves out {name}"


def test_no_subscriber_lets_faststream_acknowledge() -> None:
    for where, call in subscriber_calls():
        policy = next(keyword.value for keyword in call.keywords if keyword.arg == "ack_policy")
        assert ast.unparse(policy) == "AckPolicy.MANUAL", where
