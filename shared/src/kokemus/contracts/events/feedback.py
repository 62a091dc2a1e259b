"""`feedback.v1`: web feedback and what became of it, as codes only."""

from typing import Annotated, Literal

from msgspec import Meta, field

from kokemus.contracts.events.envelope import (
    TYPE_PREFIX,
    Data,
    Event,
    Identifier,
    Instant,
    code,
)

Theme = Annotated[str, code("theme")]
Themes = Annotated[list[Theme], Meta(max_length=20)]
FeedbackKind = Literal["moite", "kiitos", "kysymys", "ehdotus", "vikailmoitus", "muu"]
FeedbackLanguage = Literal["fi", "sv", "en", "other"]


class Feedback(Data, frozen=True, gc=False):
    """A message to the city, as codes: its free text never leaves the source."""

    feedback_id: Identifier
    kind: FeedbackKind
    answer_requested: bool
    contact_left: bool
    answer_possible: bool
    language: FeedbackLanguage
    themes: Themes = field(default_factory=list)


class FeedbackAnswer(Data, frozen=True, gc=False):
    """An answer of the city, or a note that the matter is handled.

    Of a `final_answer` the greatest (`time`, `id`) holds, so another event for it corrects it. Of
    `interim_answer` and `handled` the earliest `answered_at` holds, whoever told of it last: they
    say when the city first reacted.
    """

    feedback_id: Identifier
    answered_at: Instant
    state: Literal["interim_answer", "final_answer", "handled"] = "final_answer"


class FeedbackUpdate(Data, frozen=True, gc=False):
    """What became known of a feedback later; what is left out stays as it was."""

    feedback_id: Identifier
    kind: FeedbackKind | None = None
    answer_requested: bool | None = None
    contact_left: bool | None = None
    answer_possible: bool | None = None
    language: FeedbackLanguage | None = None
    themes: Themes | None = None


class FeedbackWithdrawal(Data, frozen=True, gc=False):
    """A feedback that its source takes back, for good."""

    feedback_id: Identifier


class FeedbackReceived(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "feedback.received.v1"
):
    """Web feedback came in."""

    data: Feedback


class FeedbackAnswered(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "feedback.answered.v1"
):
    """A feedback was answered, for now or finally, or its matter handled."""

    data: FeedbackAnswer


class FeedbackUpdated(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "feedback.updated.v1"
):
    """A feedback is told anew, wholly or in part; the subject is where it belongs now."""

    data: FeedbackUpdate


class FeedbackWithdrawn(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "feedback.withdrawn.v1"
):
    """A feedback was taken back."""

    data: FeedbackWithdrawal
