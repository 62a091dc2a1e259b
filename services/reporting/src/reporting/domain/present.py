"""Live figures in the shape of a release, so that the desk tells them as the public pages do.

Counts of what persons did that are 1 or 2 are told as `few` to everybody but those who work with
the cases themselves: the unit's manager and the complaints office.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple

from msgspec.structs import replace

from reporting.domain.alerts import SMALL
from reporting.domain.desk import answers_for
from reporting.domain.drafting import ANONYMOUS, OWN_DOING, breaks_within, taken_over
from reporting.domain.editions import Edition
from reporting.domain.live import LiveBreak, LiveFigure
from reporting.domain.pages import Page
from reporting.domain.people import MANAGES, MAY_SEE_CASES, Person
from reporting.domain.releases import Content, Entity, Note, Text

COUNTS: Final = frozenset(
    {
        "press_count",
        "feedback_count",
        "unanswered_overdue",
        "participation_volume",
        "complaint_count",
        "complaint_decisions",
        "ombudsman_contacts",
        "ombudsman_matters",
    }
)
"""Metrics whose value counts what persons did; of others their n does."""


class Beside(NamedTuple):
    """What stands beside figures: the breaks of their series, and what explains them."""

    breaks: Sequence[LiveBreak] = ()
    notes: Sequence[Note] = ()


NOTHING: Final = Beside()


def exact_for(person: Person, tree: Mapping[str, Entity]) -> Callable[[str], bool]:
    """Says of an entity whether the person sees its counts of 1 and 2.

    The complaints office does wherever its role holds, a manager in the own unit only.
    """

    def exact(entity: str) -> bool:
        managed = person.entities is not None and answers_for(person, MANAGES, entity, tree)
        return managed or answers_for(person, MAY_SEE_CASES, entity, tree)

    return exact


def discreet(figures: Iterable[LiveFigure], exact: Callable[[str], bool]) -> list[LiveFigure]:
    """The figures with `few` in place of what tells of one or two persons.

    Args:
        figures: as the metrics API gives them.
        exact: whether the reader works with the cases of an entity.
    """
    return [one if exact(one.entity) else _discreet(one) for one in figures]


def edition_of_now(
    figures: Iterable[LiveFigure],
    tree: Mapping[str, Entity],
    texts: Mapping[str, Text],
    span: tuple[date, date],
    beside: Beside = NOTHING,
) -> Edition:
    """What is known now, to be read like a release; never kept.

    Args:
        figures: discreet ones.
        tree: the entities as they stand.
        texts: names and notes by code.
        span: the first and the last day.
        beside: breaks and notes, if they are to be told.
    """
    content = Content(
        kind="internal-weekly",
        period_start=span[0],
        period_end=span[1],
        as_of=span[1],
        entities=list(tree.values()),
        figures=[taken_over(one) for one in figures if one.entity in tree and not _blank_year(one)],
        breaks=breaks_within(beside.breaks, span),
        texts=dict(texts),
        notes=list(beside.notes),
    )
    return Edition("", content)


def notes_of_answers(told: Page) -> list[str]:
    """What to know when reading its answers, without what its chapters say themselves."""
    said = {note for chapter in told.chapters for note in chapter.notes}
    return [note for note in told.notes if note not in said]


def _blank_year(figure: LiveFigure) -> bool:
    """A year of which nothing is known; a month of that kind is a gap in its series."""
    return figure.period.grain == "year" and figure.status == "no_data"


def _discreet(figure: LiveFigure) -> LiveFigure:
    if figure.channel in ANONYMOUS or figure.metric in OWN_DOING:
        return figure
    counted = figure.rounded if figure.metric in COUNTS else None
    if _few(figure.n) or _few(counted):
        return replace(
            figure, rounded=None, range=None, n=None, change=None, variation=None, status="few"
        )
    moved = figure.change.value if figure.change else None
    if counted is not None and moved is not None and _few(counted - moved):
        return replace(figure, change=None)  # it would tell the few of the year before
    return figure


def _few(persons: float | None) -> bool:
    return persons is not None and 0 < persons < SMALL
