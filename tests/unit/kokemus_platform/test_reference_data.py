from datetime import date

from kokemus.contracts import topics, wire
from kokemus.contracts.events import EntityDefined, FigureReported, SeriesBroken
from kokemus_platform.reference_data import events

EVENTS = list(events())
FIGURES = [event for event in EVENTS if isinstance(event, FigureReported)]
ENTITIES = {event.subject: event.data for event in EVENTS if isinstance(event, EntityDefined)}


def reported(entity: str, metric: str, year: int) -> list[tuple[float | None, date, bool]]:
    return [
        (event.data.value, event.data.period_end, event.data.approx)
        for event in FIGURES
        if (event.subject, event.data.metric) == (entity, metric)
        and event.data.period_start.year == year
    ]


def test_every_event_is_one_that_its_topic_takes() -> None:
    for event in EVENTS:
        topic = topics.topic_of(event)
        assert isinstance(event, topic.event_types)
        assert wire.encode(event)


def test_ids_are_stable_and_each_is_used_once() -> None:
    assert [event.id for event in events()] == [event.id for event in EVENTS]
    assert len({event.id for event in EVENTS}) == len(EVENTS)


def test_tree_hangs_together_on_every_day() -> None:
    for definition in ENTITIES.values():
        for validity in definition.validities:
            assert (validity.parent is None) == (definition.kind == "city")
            assert validity.parent is None or validity.parent in ENTITIES


def test_figures_and_breaks_name_entities_of_the_tree() -> None:
    for event in EVENTS:
        if isinstance(event, FigureReported | SeriesBroken):
            assert event.subject in ENTITIES


def test_kiosk_table_is_carried_over() -> None:
    assert reported("terveysasemat", "happy_index", 2018) == [(87, date(2018, 9, 12), False)]
    total = sum(
        event.data.value or 0
        for event in FIGURES
        if event.data.metric == "press_count" and event.data.channel == "kiosk"
    )
    assert total == 562_861


def test_dash_is_not_reported_and_no_zero() -> None:
    assert reported("henkilosto-ja-kehittamispalvelut", "complaint_count", 2017) == [
        (None, date(2017, 12, 31), False)
    ]


def test_two_cuts_of_one_year_stand_side_by_side() -> None:
    assert reported("sote", "complaint_count", 2018) == [
        (405, date(2018, 9, 12), True),
        (208, date(2018, 6, 30), True),
    ]


def test_published_range_stays_a_range() -> None:
    (grade,) = [event.data for event in FIGURES if event.data.metric == "mean_grade4_10"]
    assert (grade.value, grade.range_low, grade.range_high) == (None, 8.5, 9)
