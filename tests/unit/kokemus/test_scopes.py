"""What a key may send: types, sources, and the subtree by the tree of the event's own day."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kokemus.contracts import events
from kokemus.contracts.events import Event
from kokemus.keys import Key
from kokemus.registry import Registry
from kokemus.scopes import Scope

HELSINKI = ZoneInfo("Europe/Helsinki")
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


class FixedTable:
    """The registry's table as a test wants it."""

    def __init__(self) -> None:
        self.version = 1
        self.rows: dict[str, Event] = {}

    @property
    def table(self) -> Mapping[str, Event]:
        return self.rows

    def entity(self, name: str, *places: tuple[str | None, date, date | None]) -> None:
        validities = [
            events.EntityValidity(parent, events.Translated(name), start, end)
            for parent, start, end in places
        ]
        self.rows[f"entity/{name}"] = events.EntityDefined(
            specversion="1.0",
            id=name,
            source="test",
            subject=name,
            time=LONG_AGO,
            data=events.EntityDefinition("service", validities),
        )
        self.version += 1

    def device(self, name: str, entity: str, start: date) -> None:
        self.rows[f"device/vendor/{name}"] = events.DevicePlaced(
            specversion="1.0",
            id=name,
            source="test",
            subject=f"device.vendor.{name}",
            time=LONG_AGO,
            data=events.DevicePlacement("vendor", name, [events.DeviceValidity(entity, start)]),
        )
        self.version += 1


@pytest.fixture
def table() -> FixedTable:
    """A city with two divisions; `moving` changes from sote to kasko on 2025-01-01."""
    table = FixedTable()
    start = date(2015, 1, 1)
    table.entity("helsinki", (None, start, None))
    table.entity("sote", ("helsinki", start, None))
    table.entity("kasko", ("helsinki", start, None))
    table.entity("clinic", ("sote", start, None))
    table.entity("moving", ("sote", start, date(2024, 12, 31)), ("kasko", date(2025, 1, 1), None))
    table.device("7", "clinic", date(2024, 6, 1))
    return table


def press(subject: str, time: str = "2026-01-01T12:00:00+02:00", source: str = "vendor") -> Event:
    return events.KioskPressed(
        specversion="1.0",
        id="1",
        source=source,
        subject=subject,
        time=datetime.fromisoformat(time),
        data=events.Press("7", "smiley4", 0, "q", "kiosk"),
    )


def refused(table: FixedTable, event: Event, **scopes: Any) -> str | None:
    key = Key("k", "0" * 64, **{"types": ["*"], "sources": ["*"], **scopes})
    found = Scope(key, Registry(table), "helsinki", HELSINKI).refused([event])
    return found[0].pointer if found else None


@pytest.mark.parametrize("subtree", [None, "helsinki"])
def test_a_key_of_the_root_may_send_for_an_unknown_subject(
    table: FixedTable, subtree: str | None
) -> None:
    assert refused(table, press("nobody-knows"), subtree=subtree) is None


@pytest.mark.parametrize(
    ("subject", "pointer"),
    [
        ("sote", None),
        ("clinic", None),
        ("device.vendor.7", None),
        ("device.vendor.8", "/subject"),
        ("kasko", "/subject"),
        ("helsinki", "/subject"),
        ("moving", "/subject"),
        ("nobody-knows", "/subject"),
    ],
)
def test_a_key_of_a_division_sends_for_what_lies_under_it(
    table: FixedTable, subject: str, pointer: str | None
) -> None:
    assert refused(table, press(subject), subtree="sote") == pointer


def test_a_late_event_belongs_to_the_tree_of_its_own_local_day(table: FixedTable) -> None:
    last_moment = press("moving", "2024-12-31T21:59:59+00:00")
    first_moment = press("moving", "2024-12-31T22:00:00+00:00")
    assert refused(table, last_moment, subtree="sote") is None
    assert refused(table, first_moment, subtree="sote") == "/subject"
    assert refused(table, first_moment, subtree="kasko") is None


IN_SOTE = datetime(2024, 6, 1, 12, tzinfo=UTC)
IN_KASKO = datetime(2026, 6, 1, 12, tzinfo=UTC)


def about(kind: type[Event], data: events.Data) -> Event:
    """An event whose own time lies in the years in which its subject was sote's."""
    return kind(
        specversion="1.0", id="1", source="vendor", subject="moving", time=IN_SOTE, data=data
    )


@pytest.mark.parametrize(("day", "pointer"), [(IN_SOTE, None), (IN_KASKO, "/subject")])
def test_no_key_changes_counts_of_days_that_another_division_has(
    table: FixedTable, day: datetime, pointer: str | None
) -> None:
    data = events.Press("7", "smiley4", 0, "q", "kiosk")
    withdrawn = events.Withdrawn("1", events.OriginalPress(day, data))
    misused = events.Misused("1", events.PressAt(day, data))
    counted = events.Counted(
        "kiosk", "smiley4", "q", [1, 1, 1, 1], IN_SOTE.date(), day.date(), IN_SOTE
    )
    mark = events.SeriesBreak(
        "b", day.date(), "happy_index", "kiosk", "breaks", events.Translated("x")
    )
    period = (IN_SOTE.date(), day.date(), "2026-06-01")
    figure = events.ReportedFigure(
        "happy_index", "kiosk", IN_SOTE.date(), day.date(), day.date(), 0, "a report", 86
    )
    for event in (
        about(events.ObservationWithdrawn, withdrawn),
        about(events.ComplaintSummarised, events.ComplaintSummary(*period, "kantelu", 3)),
        about(events.OmbudsmanSummarised, events.ContactSummary(*period, "both", 3, 4)),
        about(events.SurveyResulted, events.SurveyResult(*period, "s", "1", "q", "nps", 9)),
        about(events.MethodReported, events.MethodReport(1, "kyselyt", day.year - 1, None)),
        about(events.FigureReported, figure),
        about(events.KioskMisused, misused),
        about(events.KioskCounted, counted),
        about(events.SeriesBroken, mark),
    ):
        assert refused(table, event, subtree="sote") == pointer, type(event).__name__


def test_no_key_takes_away_the_break_of_another_division(table: FixedTable) -> None:
    def broken(subject: str) -> Event:
        data = events.SeriesBreak(
            "b", date(2025, 6, 1), "happy_index", "kiosk", "breaks", events.Translated("x")
        )
        return events.SeriesBroken(
            specversion="1.0", id="1", source="s", subject=subject, time=IN_KASKO, data=data
        )

    assert refused(table, broken("clinic"), subtree="sote") is None
    table.rows["break/b"] = broken("kasko")
    assert refused(table, broken("clinic"), subtree="sote") == "/subject"
    assert refused(table, broken("clinic")) is None


def test_only_the_root_defines_questions(table: FixedTable) -> None:
    question = about(events.QuestionDefined, events.QuestionDefinition("overall", "smiley4"))
    assert refused(table, question, subtree="sote") == "/subject"


def test_a_device_is_nowhere_before_it_was_placed(table: FixedTable) -> None:
    early = press("device.vendor.7", "2024-05-31T12:00:00+03:00")
    assert refused(table, early, subtree="sote") == "/subject"


def test_an_answer_changes_with_the_registry(table: FixedTable) -> None:
    registry = Registry(table)
    day = date(2026, 1, 1)
    assert not registry.lies_under("new", "sote", day)
    table.entity("new", ("clinic", date(2015, 1, 1), None))
    assert registry.lies_under("new", "sote", day)


def test_what_a_later_event_has_overtaken_is_not_published_again(table: FixedTable) -> None:
    def question(name: str, day: int, identity: str = "1") -> Event:
        return events.QuestionDefined(
            specversion="1.0",
            id=identity,
            source="test",
            subject=name,
            time=datetime(2026, 1, day, tzinfo=UTC),
            data=events.QuestionDefinition("overall", "smiley4"),
        )

    table.rows["question/known"] = question("known", 5, "5")
    registry = Registry(table)
    for overtaken in (question("known", 4, "9"), question("known", 5, "4")):
        assert registry.newest([overtaken]) == []
    again, later = question("known", 5, "5"), question("known", 6)
    assert registry.newest([again]) == [again]
    assert registry.newest([again, later, question("known", 5, "7")]) == [later]
    new, other = question("new", 2), question("other", 1)
    assert registry.newest([new, question("new", 1), other]) == [new, other]


def test_a_ring_in_the_registry_ends(table: FixedTable) -> None:
    table.entity("a", ("b", date(2015, 1, 1), None))
    table.entity("b", ("a", date(2015, 1, 1), None))
    assert not Registry(table).lies_under("a", "sote", date(2026, 1, 1))


@pytest.mark.parametrize("key", ["entity/clinic", "device/vendor/7"])
def test_only_the_root_moves_things_in_the_tree(table: FixedTable, key: str) -> None:
    event = table.rows[key]
    assert refused(table, event, subtree="sote") == "/subject"
    assert refused(table, event) is None


def test_a_key_sends_only_its_types(table: FixedTable) -> None:
    assert refused(table, press("sote"), types=["kiosk.counted.v1"]) == "/type"
    assert refused(table, press("sote"), types=["kiosk.pressed.v1"]) is None


def test_a_key_names_only_its_sources(table: FixedTable) -> None:
    assert refused(table, press("sote", source="other"), sources=["vendor"]) == "/source"
    assert refused(table, press("sote", source="vendor"), sources=["vendor"]) is None
