"""`surveys.v1`: surveys with their sampling, single answers, and results published as such."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from kokemus.contracts.events.envelope import (
    TYPE_PREFIX,
    Count,
    Data,
    Event,
    Family,
    Identifier,
    Period,
    Translated,
)

SurveyScale = Literal["nps", "likert5", "grade4_10", "smiley4"]

SURVEY_SCALES: Final[dict[str, tuple[int, int]]] = {
    "nps": (0, 10),
    "likert5": (1, 5),
    "grade4_10": (4, 10),
    "smiley4": (0, 3),
}
"""The least and the greatest value of each scale on which surveys ask."""


class SurveyQuestion(Data, frozen=True, gc=False):
    """A question of a survey: only `overall` and `recommend` feed figures of their own."""

    question_id: Identifier
    family: Family
    scale: SurveyScale
    wording: Translated | None = None


class Survey(Data, frozen=True, gc=False):
    """A wave of a survey: who was asked what. The event's subject is the survey's id."""

    survey_id: Identifier
    wave: Identifier
    sampling: Literal["probability", "census", "self_selected"]
    questions: Annotated[list[SurveyQuestion], Meta(min_length=1, max_length=500)]
    customers: Count | None = None
    offered: Count | None = None


class SurveyAnswer(Data, frozen=True, gc=False):
    """One answer to one question; a `response_id` holds a person's answers together."""

    survey_id: Identifier
    wave: Identifier
    response_id: Identifier
    question_id: Identifier
    scale: SurveyScale
    value: Annotated[int, Meta(ge=0, le=10)]


class SurveyResult(Period, frozen=True, gc=False):
    """What was published of a question: a mean, or only the range in which it lies."""

    survey_id: Identifier
    wave: Identifier
    question_id: Identifier
    scale: SurveyScale
    mean: float | None = None
    n: Count | None = None
    min: float | None = None
    max: float | None = None


class SurveyDefined(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "survey.defined.v1"
):
    """A wave of a survey is (re)defined; it may lie ahead."""

    data: Survey


class SurveyAnswered(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "survey.answered.v1"
):
    """A question of a survey was answered for an entity (the subject)."""

    data: SurveyAnswer


class SurveyResulted(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "survey.result.v1"
):
    """A result was published for an entity (the subject), without single answers."""

    data: SurveyResult
