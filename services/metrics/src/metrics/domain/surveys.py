"""Single answers to surveys: each is one count of a series, and one part of a response. Pure.

A survey is its source's: another source's of the same name is another survey, so no definition
touches another source's answers, in whatever order they come. Within it a question is known by
`survey/question` over all waves.
"""

from collections.abc import Mapping
from datetime import date
from math import sqrt
from typing import NamedTuple

from kokemus.contracts import events
from metrics.domain.local_time import LocalHours, day_of


class Answered(NamedTuple):
    """What one answer of a response says."""

    survey_id: str
    wave: str
    source: str
    response_id: str
    entity: str
    question: str
    scale: str
    hour: int
    """Local, counted from the calendar's first; so the day is known by it."""
    value: int

    @property
    def day(self) -> date:
        """The local day."""
        return day_of(self.hour)


def question_of(data: events.SurveyAnswer | events.SurveyResult) -> str:
    """The id under which a source's question has its figures."""
    return f"{data.survey_id}/{data.question_id}"


def answered(event: events.Event, hours: LocalHours) -> tuple[Answered, int] | None:
    """The part of a response that an event adds or takes back, if it is about one."""
    match event:
        case events.SurveyAnswered(time=time, data=data):
            amount = 1
        case events.ObservationWithdrawn(
            data=events.Withdrawn(original=events.OriginalAnswer(time=time, data=data))
        ):
            amount = -1
        case _:
            return None
    part = Answered(
        data.survey_id,
        data.wave,
        event.source,
        data.response_id,
        event.subject,
        question_of(data),
        data.scale,
        hours.of_moment(time),
        data.value,
    )
    return part, amount


def spearman(pairs: Mapping[tuple[int, int], int]) -> float | None:
    """Spearman's rank correlation, ties at their average rank (Kendall 1948, ch. 3).

    Args:
        pairs: how often each pair of answers was given by one respondent.

    Returns:
        -1 to 1; None where all gave the same answer to one of the two.
    """
    n = sum(pairs.values())
    sides = tuple(_ranks(pairs, side) for side in (0, 1))
    middle = (n + 1) / 2
    both = first = second = 0.0
    for (one, other), count in pairs.items():
        a, b = sides[0][one] - middle, sides[1][other] - middle
        both += count * a * b
        first += count * a * a
        second += count * b * b
    return both / sqrt(first * second) if first and second else None


def _ranks(pairs: Mapping[tuple[int, int], int], side: int) -> dict[int, float]:
    """The average rank of each answer on one side."""
    counts: dict[int, int] = {}
    for pair, count in pairs.items():
        counts[pair[side]] = counts.get(pair[side], 0) + count
    ranks, below = {}, 0
    for value in sorted(counts):
        ranks[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    return ranks
