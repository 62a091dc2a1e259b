"""The events of an approved form, with ids that stay the same however often they are sent.

A form is the whole of what it is about, so a correction replaces: each level of the ladder begins
with its code for "nothing in use", and the ways that are in use follow a moment later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from kokemus.contracts import events, wire
from kokemus.contracts.codes import CodeLists
from kokemus.errors import Refused
from reporting.domain.forms import Answers, Fault, Form, decimal, moments, whole
from reporting.domain.return_forms import (
    ACTION_FIELDS,
    ACTIONS,
    LEVELS,
    MANY,
    WAYS,
    FormKind,
    methods,
)

SOURCE: Final = "reporting"
"""The CloudEvents source of what forms and their tables say."""
MOMENT: Final = timedelta(milliseconds=1)
"""By how much the ways of a level come after its "nothing in use"."""


@dataclass(frozen=True)
class Approved:
    """An approved form: whose and for which year, when, and for the how manieth time.

    Attributes:
        id: of the form, unlike any other's of any database.
        number: 1 for the first approval, more for a correction.
    """

    id: str
    kind: FormKind
    entity: str
    year: int
    number: int
    at: datetime
    answers: Answers

    def event_id(self, about: str) -> str:
        """The id of one of the form's events."""
        return f"return:{self.id}:{self.number}:{about}"


def events_of(approved: Approved, codes: CodeLists) -> list[events.Event]:
    """The events of a form without faults."""
    match approved.kind:
        case "method":
            return _methods(approved, codes)
        case "game":
            return [events.GamePlayed(**_envelope(approved), data=_game(approved, codes))]
        case "practice":
            return [events.PracticeReported(**_envelope(approved), data=_practice(approved, codes))]
        case "reported":
            return [events.FigureReported(**_envelope(approved), data=_figure(approved.answers))]


def refusals(approved: Approved, form: Form, codes: CodeLists) -> list[Fault]:
    """What the contracts refuse in the events of a form that its own rules let pass."""
    made = events_of(approved, codes)
    refused: list[Refused] = list(wire.check_all(made).values())
    refused += codes.refused(made).values()
    for event in made:
        try:
            wire.decode(wire.encode(event), (type(event),))  # what only a reader checks: lengths
        except Refused as refusal:
            refused.append(refusal)
    fields = form.fields
    found = []
    for one in refused:
        name = one.pointer.removeprefix("/data/").partition("/")[0]
        found.append(Fault(name if name in fields else next(iter(fields)), "refused"))
    return list(dict.fromkeys(found))


def _envelope(
    approved: Approved, about: str = "", later: timedelta = timedelta()
) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": approved.event_id(about or approved.kind),
        "source": SOURCE,
        "subject": approved.entity,
        "time": approved.at + later,
    }


def _methods(approved: Approved, codes: CodeLists) -> list[events.Event]:
    answers, year = approved.answers, approved.year
    made: list[events.Event] = []
    for level in LEVELS:
        nothing = f"none_{level}"
        made.append(
            events.MethodReported(
                **_envelope(approved, nothing),
                data=events.MethodReport(level, nothing, year, None),
            )
        )
        made += [
            events.MethodReported(
                **_envelope(approved, one.code, MOMENT),
                data=events.MethodReport(
                    level, one.code, year, _whole(answers.get(f"volume.{one.code}"))
                ),
            )
            for one in methods(codes, level)
            if f"use.{one.code}" in answers
        ]
    return made


def _game(approved: Approved, codes: CodeLists) -> events.Game:
    answers = approved.answers
    measures = [
        events.GameMeasure(theme.code, column)
        for theme in codes.of("game_theme").values()
        for column in theme.columns
        for _ in range(_whole(answers.get(f"count.{theme.code}.{column}")) or 0)
    ]
    actions = [
        [answers[f"action.{number}.{name}"] for name in ACTION_FIELDS]
        for number in range(1, ACTIONS + 1)
        if f"action.{number}.method" in answers
    ]
    return events.Game(
        game_id=f"game:{approved.id}",
        measures=measures,
        actions=[
            events.GameAction(method, role, date.fromisoformat(due), metric)
            for method, role, due, metric in actions
        ],
    )


def _practice(approved: Approved, codes: CodeLists) -> events.Practice:
    answers = approved.answers
    said: dict[str, Any] = {name: name in answers for name in WAYS}
    for name, code_list in MANY.items():
        said[name] = [code for code in codes.of(code_list) if f"{name}.{code}" in answers]
    return events.Practice(
        collects=answers["collects"] == "true",
        last_time=moments(answers["last_time"]) if "last_time" in answers else [],
        next_planned=answers.get("next_planned"),
        tool=answers.get("tool"),
        **said,
    )


def _figure(answers: Answers) -> events.ReportedFigure:
    numbers = {
        name: decimal(answers[name])
        for name in ("value", "range_low", "range_high")
        if name in answers
    }
    decimals = max((-int(one.as_tuple().exponent) for one in numbers.values()), default=0)
    value, low, high = (
        float(numbers[name]) if name in numbers else None
        for name in ("value", "range_low", "range_high")
    )
    scale: Any = answers.get("scale")
    channel: Any = answers["channel"]
    return events.ReportedFigure(
        metric=answers["metric"],
        channel=channel,
        period_start=date.fromisoformat(answers["period_start"]),
        period_end=date.fromisoformat(answers["period_end"]),
        as_of=date.fromisoformat(answers["as_of"]),
        decimals=decimals,
        source_document=answers["source_document"],
        value=value,
        scale=scale,
        n=_whole(answers.get("n")),
        approx="approx" in answers,
        range_low=low,
        range_high=high,
    )


def _whole(written: str | None) -> int | None:
    return None if written is None else whole(written)


def prefilled(ways: Sequence[str]) -> dict[str, str]:
    """The answers of a form that begins as last year's ended; volumes are asked anew."""
    return {f"use.{way}": "on" for way in ways if not way.startswith("none_")}
