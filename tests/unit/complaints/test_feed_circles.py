from hypothesis import given
from hypothesis import strategies as st

from complaints.feed.poller import Tally


@given(before=st.integers(0, 60), around=st.integers(1, 60))
def test_a_circle_of_cursors_is_noticed_wherever_it_begins(before: int, around: int) -> None:
    tally, turned = Tally(), 0

    def cursor(page: int) -> str:
        return str(page if page < before else before + (page - before) % around)

    while not tally.goes_round(cursor(turned)):
        turned += 1
        assert turned <= 3 * (before + around) + 2
    assert turned >= before + around


@given(st.integers(1, 3000))
def test_cursors_that_never_come_again_are_no_circle(pages: int) -> None:
    tally = Tally()
    assert not any(tally.goes_round(str(page)) for page in range(pages))
