"""How a span is divided until no answer is cut off."""

from collections.abc import Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_feedback.open311_client.windows import (
    LONGEST,
    MARGIN,
    SMALLEST,
    Window,
    answers,
    halves,
    windows,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SPANS = st.timedeltas(timedelta(seconds=1), timedelta(days=400))


class Answer(NamedTuple):
    window: Window
    rows: Sequence[datetime]
    full: bool
    divisible: bool = True


class Server:
    """Gives at most `cap` of the requests made within what it is asked for."""

    def __init__(self, made: list[datetime], cap: int, ends: str = "both") -> None:
        self.made = sorted(made, reverse=True)
        self.cap = cap
        self.ends = ends
        self.asked: list[Window] = []

    async def requests(self, window: Window) -> Answer:
        self.asked.append(window)
        start, end = (datetime.fromisoformat(text) for text in window.asked)
        inside = [
            one
            for one in self.made
            if (start < one or (start == one and self.ends in {"both", "start"}))
            and (one < end or (one == end and self.ends in {"both", "end"}))
        ]
        rows = inside[: self.cap]
        return Answer(window, rows, full=len(rows) >= self.cap)

    async def read(self, window: Window) -> list[Answer]:
        async with aclosing(answers(self.requests, window)) as found:
            return [answer async for answer in found]


@given(back=SPANS)
def test_windows_follow_each_other_without_a_gap_and_none_is_too_long(back: timedelta) -> None:
    found = windows(NOW - back, NOW)
    assert (found[0].start, found[-1].end) == (NOW - back, NOW)
    assert all(before.end == after.start for before, after in pairwise(found))
    assert all(timedelta(0) < one.end - one.start <= LONGEST for one in found)


@given(back=SPANS)
def test_what_is_asked_holds_the_window_with_both_its_ends_and_is_never_90_days(
    back: timedelta,
) -> None:
    for window in windows(NOW - back, NOW):
        start, end = (datetime.fromisoformat(text) for text in window.asked)
        assert start <= window.start - MARGIN
        assert window.end + MARGIN <= end
        assert end - start < timedelta(days=90)


@given(length=st.timedeltas(timedelta(seconds=1), LONGEST))
def test_halves_are_the_window_until_it_is_the_smallest(length: timedelta) -> None:
    window = Window(NOW, NOW + length)
    found = halves(window)
    assert (found is None) == (length <= SMALLEST)
    if found is not None:
        earlier, later = found
        assert (earlier.start, earlier.end, later.end) == (NOW, later.start, window.end)
        assert NOW < earlier.end < window.end


@given(
    made=st.lists(
        st.integers(0, 30 * 24 * 3600), max_size=200, unique_by=lambda second: second // 65
    ),
    cap=st.integers(4, 30),
    ends=st.sampled_from(["both", "start", "end", "none"]),
)
async def test_every_request_is_read_and_no_full_answer_is_taken_whatever_the_cap(
    made: list[int], cap: int, ends: str
) -> None:
    moments = [NOW + timedelta(seconds=second) for second in made]
    server = Server(moments, cap, ends)
    found = await server.read(Window(NOW, NOW + LONGEST))
    assert not any(answer.full for answer in found)
    assert {row for answer in found for row in answer.rows} == set(moments)
    assert [answer.window.start for answer in found] == sorted(one.window.start for one in found)
    assert all(before.window.end == after.window.start for before, after in pairwise(found))


async def test_a_minute_with_more_than_the_cap_is_given_as_full_and_its_neighbours_are_read() -> (
    None
):
    crowd = [NOW + timedelta(hours=5, milliseconds=n) for n in range(50)]
    others = [NOW + timedelta(hours=hour) for hour in (1, 2, 9)]
    server = Server([*crowd, *others], cap=10)
    found = await server.read(Window(NOW, NOW + timedelta(days=1)))
    cut_off = [answer for answer in found if answer.full]
    assert cut_off
    assert all(one.window.end - one.window.start <= SMALLEST for one in cut_off)
    assert set(others) <= {row for answer in found for row in answer.rows}


async def test_a_server_that_does_not_keep_to_its_window_is_not_asked_for_ever() -> None:
    asked: list[Window] = []

    async def whole_day(window: Window) -> Answer:
        asked.append(window)
        return Answer(
            window, [], full=True, divisible=window.end - window.start >= timedelta(days=1)
        )

    async with aclosing(answers(whole_day, Window(NOW, NOW + timedelta(days=4)))) as found:
        taken = [answer async for answer in found]
    assert len(asked) == 15
    assert all(answer.full for answer in taken)


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        (NOW, True),
        (NOW - MARGIN, True),
        (NOW + timedelta(minutes=1) + 2 * MARGIN, True),
        (NOW - 3 * MARGIN, False),
        (NOW + timedelta(hours=3), False),
    ],
)
def test_a_window_holds_what_was_asked_for(moment: datetime, inside: bool) -> None:  # noqa: FBT001 - a parameter
    assert Window(NOW, NOW + timedelta(minutes=1)).holds(moment) is inside
