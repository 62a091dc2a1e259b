from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.atoms import Leaf, plan
from metrics.domain.figures import Key
from metrics.domain.periods import Grain, Span

KEY = Key("kiosk", "smiley4", "overall")
FIRST = date(2024, 1, 1)
DAY = st.integers(0, 150)
GRAINS = st.sampled_from(["day", "month", "total"])


@st.composite
def leaves(draw: st.DrawFn) -> list[Leaf]:
    """For each series and entity at most one stretch of days."""
    found = []
    for series in range(3):
        for entity in ("city", "north", "south"):
            if draw(st.booleans()):
                first, last = sorted((draw(DAY), draw(DAY)))
                span = Span(FIRST + timedelta(days=first), FIRST + timedelta(days=last))
                found.append(Leaf((entity,), series, KEY, span))
    return found


@given(found=leaves(), grain=GRAINS)
def test_each_day_of_a_series_is_read_once_for_all_its_entities(
    found: list[Leaf], grain: Grain
) -> None:
    planned = plan(found, grain)
    read: Counter[tuple[int, date]] = Counter()
    given_to: Counter[tuple[str, int, date]] = Counter()
    for piece in [*planned.months, *planned.days]:
        for number in range(piece.span.days):
            day = piece.span.first + timedelta(days=number)
            read[piece.series, day] += 1
            for entity in planned.atoms[piece.atom].entities:
                given_to[entity, piece.series, day] += 1
    expected = {
        (entity, leaf.series, leaf.span.first + timedelta(days=number))
        for leaf in found
        for entity in leaf.entities
        for number in range(leaf.span.days)
    }
    assert set(given_to) == expected
    assert set(given_to.values()) <= {1}
    assert set(read.values()) <= {1}


@given(found=leaves(), grain=GRAINS)
def test_rows_by_month_are_whole_months_and_never_for_days(found: list[Leaf], grain: Grain) -> None:
    planned = plan(found, grain)
    assert grain != "day" or not planned.months
    for piece in planned.months:
        assert piece.span.first.day == 1
        assert (piece.span.last + timedelta(days=1)).day == 1


def test_series_under_the_same_entities_make_one_atom() -> None:
    span = Span(FIRST, FIRST + timedelta(days=99))
    planned = plan([Leaf(("city", "north"), series, KEY, span) for series in range(50)], "total")
    assert [atom.entities for atom in planned.atoms] == [("city", "north")]
