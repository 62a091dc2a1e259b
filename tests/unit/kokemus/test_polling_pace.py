import random
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus.polling.pace import (
    LONGEST_RETRY_AFTER,
    LONGEST_WAIT,
    Pace,
    back_off,
    retry_after,
)
from support.fake_time import FakeTime

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


async def test_requests_keep_their_distance_and_do_not_wait_when_nobody_hurries() -> None:
    time = FakeTime(NOW)
    pace = Pace(2.0, time.timing)
    await pace.turn()
    await pace.turn()
    time.pass_by(seconds=10)
    await pace.turn()
    assert time.slept == [pytest.approx(0.5)]


@given(attempt=st.integers(1, 200), seed=st.integers())
def test_waits_grow_with_jitter_up_to_a_bound(attempt: int, seed: int) -> None:
    wait = back_off(attempt, random.Random(seed))
    assert 0 < wait <= LONGEST_WAIT
    assert wait <= 2.0 ** (attempt - 1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (format_datetime(datetime(2026, 11, 22, 10, 1, tzinfo=UTC), usegmt=True), 60),
        (format_datetime(datetime(2026, 11, 22, 9, tzinfo=UTC), usegmt=True), 0),
        ("9" * 30, LONGEST_RETRY_AFTER),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_of_its_forms(
    header: str | None, seconds: float | None
) -> None:
    assert retry_after(header, NOW) == seconds


@given(st.text())
def test_no_retry_after_header_breaks_anything(header: str) -> None:
    wait = retry_after(header, NOW)
    assert wait is None or 0 <= wait <= LONGEST_RETRY_AFTER
