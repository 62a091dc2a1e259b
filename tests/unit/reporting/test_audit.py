"""How the audit log is searched and told in words."""

from datetime import UTC, date, datetime
from typing import get_args
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.domain.audit import LONGEST, TOPICS, WORDS, Action, Sought, sought

HELSINKI = ZoneInfo("Europe/Helsinki")
_TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=LONGEST)


def test_every_action_has_words_and_one_topic() -> None:
    assert WORDS.keys() == set(get_args(Action))
    found = [one for topic in TOPICS.values() for one in topic.actions]
    assert sorted(found) == sorted(get_args(Action))


@given(_TEXTS, st.sampled_from(["", *TOPICS]), _TEXTS, st.none() | st.dates())
def test_a_search_is_the_same_after_its_address_is_read(
    who: str, what: str, about: str, first: date | None
) -> None:
    search = Sought(who, what, about, first, first)
    assert sought(dict(parse_qsl(search.query(before=7)))) == search


@pytest.mark.parametrize(
    "query",
    [{"from": "1.1.2026"}, {"to": "2026-02-30"}, {"what": "all"},
     {"from": "2026-02-02", "to": "2026-02-01"}],
)  # fmt: skip
def test_what_cannot_be_searched_for_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        sought(query)


def test_days_are_those_of_the_city_and_both_are_included() -> None:
    """The clock goes back on 25.10.2026, so that day has 25 hours."""
    search = Sought(first=date(2026, 10, 25), last=date(2026, 10, 25))
    assert search.since(HELSINKI) == datetime(2026, 10, 24, 21, tzinfo=UTC)
    assert search.until(HELSINKI) == datetime(2026, 10, 25, 22, tzinfo=UTC)
