"""What a comparison of two counts makes of their cells."""

import json

from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.changes import ChangedCell
from metrics.domain.differing import Differing, Pair, Range, beyond, paired

SIDE = st.dictionaries(st.text(max_size=3), st.sampled_from(["1", "2"]))


@given(SIDE, SIDE)
def test_every_key_of_both_sides_is_paired_once_in_order(
    live: dict[str, str], rebuilt: dict[str, str]
) -> None:
    pairs = list(paired(sorted(live.items()), sorted(rebuilt.items())))
    assert pairs == [
        Pair(key, live.get(key), rebuilt.get(key)) for key in sorted(live.keys() | rebuilt.keys())
    ]


def differing(table: str, key: object, live: object, rebuilt: object) -> Differing:
    told = (None if side is None else json.dumps(side) for side in (live, rebuilt))
    return Differing.of(table, Pair(json.dumps(key), *told))


def test_a_message_that_moved_changes_both_entities_on_both_days() -> None:
    one = differing(
        "feedback",
        {"source": "s", "feedback_id": "f"},
        {"entity": "u", "day": "2024-03-04"},
        {"entity": "v", "day": "2024-03-05"},
    )
    assert one.sides == (one.live, one.rebuilt)
    days = [day.toordinal() for day in one.days]
    assert len(days) == 2
    assert one.changed() == {ChangedCell(e, day, "feedback") for e in "uv" for day in days}


def test_of_a_cell_that_both_have_only_what_differs_is_shown() -> None:
    cell = {"entity": "u", "count": 3, "updates": [1]}
    one = differing("reason_counts", {"reason": "r"}, cell, {**cell, "count": 4})
    assert one.sides == ({"count": 3}, {"count": 4})


def test_a_return_holds_on_the_last_day_of_its_year_and_a_name_on_no_day() -> None:
    missing = differing("method_reports", {"entity": "u", "year": 2024}, None, {"volume": 3})
    (changed,) = missing.changed()
    assert (changed.entity, changed.kind) == ("u", "participation")
    assert missing.days[0].isoformat() == "2024-12-31"
    assert differing("entities", {"id": "u"}, {"kind": "unit"}, None).changed() == set()


def test_summaries_tell_of_complaints_or_of_contacts() -> None:
    cell = {"entity": "u", "period_end": "2018-12-31"}
    kinds = [
        next(iter(differing("summaries", {"measure": measure}, cell, None).changed())).kind
        for measure in ("complaints", "contacts", "matters")
    ]
    assert kinds == ["complaints", "ombudsman", "ombudsman"]


OFFSETS = st.integers(0, 12)
RANGES = st.lists(
    st.builds(
        lambda topic, first, length: Range(topic, 0, first, first + length),
        st.sampled_from("ab"),
        OFFSETS,
        OFFSETS,
    ),
    max_size=5,
)


@given(RANGES, RANGES)
def test_a_range_is_beyond_others_where_one_of_its_offsets_is_in_none(
    lacking: list[Range], known: list[Range]
) -> None:
    covered = {(r.topic_id, at) for r in known for at in range(r.first, r.last + 1)}
    assert beyond(lacking, known) == [
        r
        for r in lacking
        if any((r.topic_id, at) not in covered for at in range(r.first, r.last + 1))
    ]
