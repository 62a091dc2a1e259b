from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from kokemus.contracts import wire
from metrics.domain.changes import METRICS_OF, ChangedCell, announcements, encode_cells
from metrics.domain.definitions import catalogue

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = date(2026, 1, 1).toordinal()
cells = st.builds(
    ChangedCell,
    st.sampled_from(["helsinki", "sote", "unit.1"]),
    st.integers(DAY, DAY + 400),
    st.sampled_from(sorted(METRICS_OF)),
)


def test_every_metric_is_told_of_when_what_it_is_made_of_changes() -> None:
    by_registry = {"device_count"}  # where devices stand is told by the registry's own topic
    told = {metric for metrics in METRICS_OF.values() for metric in metrics}
    assert catalogue().definitions.keys() - told == by_registry
    assert told - catalogue().definitions.keys() == {"reported"}


@given(st.lists(st.lists(cells, max_size=5), max_size=4))
def test_every_changed_cell_lies_within_the_one_announcement_of_its_entity(
    transactions: list[list[ChangedCell]],
) -> None:
    made = announcements([encode_cells(cells) for cells in transactions], NOW)
    by_entity = {event.subject: event for event in made}
    assert len(by_entity) == len(made)
    changed = [cell for transaction in transactions for cell in transaction]
    assert by_entity.keys() == {cell.entity for cell in changed}
    for cell in changed:
        said = by_entity[cell.entity].data
        assert said.period_start <= date.fromordinal(cell.day) <= said.period_end
        assert set(METRICS_OF[cell.kind]) <= set(said.metrics)
    for event in made:
        own = [cell for cell in changed if cell.entity == event.subject]
        assert event.data.period_start.toordinal() == min(cell.day for cell in own)
        assert event.data.period_end.toordinal() == max(cell.day for cell in own)
        wire.check(event)
