"""`observation.withdrawn.v1`, on the topic of whatever it takes back."""

from kokemus.contracts.events.envelope import TYPE_PREFIX, Data, Event, Identifier, Instant
from kokemus.contracts.events.kiosk import Press, ReasonGiven
from kokemus.contracts.events.statutory import Contact
from kokemus.contracts.events.surveys import SurveyAnswer


class OriginalPress(
    Data, frozen=True, gc=False, tag_field="type", tag=TYPE_PREFIX + "kiosk.pressed.v1"
):
    """The press that is withdrawn, in full, so that exactly its count is taken back."""

    time: Instant
    data: Press


class OriginalReason(
    Data, frozen=True, gc=False, tag_field="type", tag=TYPE_PREFIX + "kiosk.reason-given.v1"
):
    """The follow-up that is withdrawn, in full."""

    time: Instant
    data: ReasonGiven


class OriginalAnswer(
    Data, frozen=True, gc=False, tag_field="type", tag=TYPE_PREFIX + "survey.answered.v1"
):
    """The survey answer that is withdrawn, in full."""

    time: Instant
    data: SurveyAnswer


class OriginalContact(
    Data, frozen=True, gc=False, tag_field="type", tag=TYPE_PREFIX + "ombudsman.contacted.v1"
):
    """The contact that is withdrawn, in full."""

    time: Instant
    data: Contact


class Withdrawn(Data, frozen=True, gc=False):
    """Takes back one observation, whichever of the two comes first."""

    original_id: Identifier
    original: OriginalPress | OriginalReason | OriginalAnswer | OriginalContact


class ObservationWithdrawn(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "observation.withdrawn.v1"
):
    """An observation is taken back by its sender."""

    data: Withdrawn
