"""What the topic tool decides, without a cluster."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus.contracts.topics import Declaration, declarations
from kokemus_platform.topics import Difference, Found, compare

EVENTS = declarations()["kiosk-presses.v1"]
STATE = declarations()["registry.v1"]


def found(declared: Declaration, brokers: int = 3, **changes: Any) -> Found:
    config = {**declared.config(brokers), **changes.pop("config", {})}
    fields = {"partitions": declared.partitions, "replicas": min(3, brokers), **changes}
    return Found(config=config, **fields)


def differences(declared: Declaration, at: Found | None, **options: Any) -> list[Difference]:
    return compare(f"kokemus.{declared.name}", declared, at, 3, **options)


def only(differences: list[Difference]) -> Difference:
    (difference,) = differences
    return difference


def test_a_topic_as_declared_has_no_difference() -> None:
    for declared in declarations().values():
        assert differences(declared, found(declared)) == []


def test_a_missing_topic_is_created_with_three_replicas_or_as_many_as_there_are_brokers() -> None:
    created = only(differences(EVENTS, None))
    assert (created.what, created.want, created.refusal) == ("create", "8 x 3", None)
    assert only(compare("t", EVENTS, None, 1)).want == "8 x 1"


def test_settings_of_others_are_left_alone() -> None:
    assert differences(EVENTS, found(EVENTS, config={"segment.bytes": "1000"})) == []


@pytest.mark.parametrize(
    ("setting", "have"),
    [
        ("min.insync.replicas", "1"),
        ("unclean.leader.election.enable", "true"),
        ("max.message.bytes", "1000"),
        ("retention.ms", "1000"),
        ("cleanup.policy", "compact,delete"),
    ],
)
def test_a_setting_that_differs_is_changed_where_nothing_is_lost(setting: str, have: str) -> None:
    change = only(differences(EVENTS, found(EVENTS, config={setting: have})))
    assert (change.what, change.setting, change.have) == ("config", setting, have)
    assert change.want == EVENTS.config(3)[setting]
    assert change.refusal is None


LOSSES = [
    pytest.param(EVENTS, {"config": {"retention.ms": "-1"}}, id="kept-for-ever-till-now"),
    pytest.param(EVENTS, {"config": {"retention.ms": "9999999999"}}, id="kept-longer-till-now"),
    pytest.param(EVENTS, {"config": {"cleanup.policy": "compact"}}, id="compacted-till-now"),
    pytest.param(STATE, {"config": {"cleanup.policy": "delete"}}, id="compaction-drops-repeats"),
    pytest.param(STATE, {"partitions": 2}, id="compacted-and-fewer"),
    pytest.param(EVENTS, {"partitions": 9}, id="fewer"),
]


@pytest.mark.parametrize(("declared", "changes"), LOSSES)
def test_what_would_lose_records_is_refused_naming_topic_and_way_out(
    declared: Declaration, changes: dict[str, Any]
) -> None:
    change = only(differences(declared, found(declared, **changes)))
    assert change.refusal is not None
    assert f"--accept-data-loss kokemus.{declared.name}" in change.refusal
    assert f"declare {change.have}" in change.refusal


@pytest.mark.parametrize(("declared", "changes"), LOSSES)
def test_what_would_lose_records_is_done_where_that_is_accepted(
    declared: Declaration, changes: dict[str, Any]
) -> None:
    at = found(declared, **changes)
    assert only(differences(declared, at, accept_data_loss=True)).refusal is None


def test_events_get_more_partitions_and_state_never_does() -> None:
    grown = only(differences(EVENTS, found(EVENTS, partitions=2)))
    assert (grown.what, grown.have, grown.want, grown.refusal) == ("partitions", "2", "8", None)
    wider = msgspec.structs.replace(STATE, partitions=4)
    refused = only(differences(wider, found(STATE)))
    assert refused.what == "recreate"
    assert refused.refusal


def test_replicas_are_never_moved_and_writers_never_locked_out() -> None:
    change = only(differences(EVENTS, found(EVENTS, brokers=1)))
    assert change.what == "replicas"
    assert change.refusal
    assert "reassign" in change.refusal


@given(
    partitions=st.integers(1, 20),
    retention=st.sampled_from(["-1", "1", "2592000000", "9999999999"]),
    policy=st.sampled_from(["compact", "delete", "compact,delete", "delete,compact", ""]),
    declared=st.sampled_from([EVENTS, STATE]),
)
def test_nothing_that_is_applied_shrinks_anything(
    partitions: int, retention: str, policy: str, declared: Declaration
) -> None:
    config = {"retention.ms": retention, "cleanup.policy": policy}
    for change in differences(declared, found(declared, partitions=partitions, config=config)):
        if change.refusal is not None:
            continue
        assert change.what in {"partitions", "config"}
        if change.what == "partitions":
            assert int(change.want) > partitions
        if change.setting == "retention.ms":
            assert change.want == "-1" or 0 < int(retention) < int(change.want)
        if change.setting == "cleanup.policy":
            assert set(change.want.split(",")) <= {*policy.split(",")} or policy == ""
