import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.domain import releases
from reporting.domain.releases import STEPS, State, Step, StepRefusedError, may_follow
from support.release_builders import content, live

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def steps(*states: State, by: str = "reeta") -> list[Step]:
    return [Step(state, by, NOW) for state in states]


def test_the_canonical_bytes_are_json_with_sorted_keys_and_without_spaces() -> None:
    raw = releases.canonical(content(live(), live("press_count", 100)))
    again = json.dumps(
        json.loads(raw), sort_keys=True, separators=(",", ":"), ensure_ascii=False
    ).encode()
    assert raw == again
    assert releases.content_hash(raw) == f"sha256:{hashlib.sha256(raw).hexdigest()}"


def test_the_same_content_has_the_same_id_and_another_value_another() -> None:
    def id_of(value: int) -> str:
        made = content(live(rounded=value))
        return releases.release_id(made, releases.content_hash(releases.canonical(made)))

    assert id_of(87) == id_of(87)
    assert id_of(87) != id_of(88)
    assert id_of(87).startswith("public-monthly.2026-12.")


def test_content_survives_its_bytes() -> None:
    made = content(live(), live("press_count", 100))
    assert releases.parse(releases.canonical(made)) == made


def test_nobody_approves_their_own_draft() -> None:
    with pytest.raises(StepRefusedError) as refused:
        may_follow(steps("draft", "checked"), "approved", "reeta")
    assert refused.value.code == "own_draft"
    may_follow(steps("draft", "checked"), "approved", "aino")


@given(st.sampled_from(["draft", "checked", "approved", "published", "superseded", "withdrawn"]))
def test_nothing_follows_a_withdrawal_and_no_step_is_left_out(state: State) -> None:
    with pytest.raises(StepRefusedError):
        may_follow(steps("draft", "checked", "approved", "published", "withdrawn"), state, "aino")
    allowed = {before for before, after in STEPS.items() if state in after}
    for before in set(STEPS) - allowed:
        if before is not None:
            with pytest.raises(StepRefusedError):
                may_follow(steps(before), state, "aino")
