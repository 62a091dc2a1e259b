"""What corrections change: each observation once, whoever corrects it and in whatever order.

A correction claims what it says of an observation, and a claim holds once: a second withdrawal or
a second mark of one press changes nothing, under whatever id it comes. A press that is withdrawn is
gone, marked or not: where a mark and a withdrawal of it meet, the later one takes the mark back.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import NamedTuple

from kokemus.contracts import events
from metrics.domain.local_time import LocalHours
from metrics.domain.presses import Move, Stream, stream_of
from metrics.domain.surveys import answered

Correction = events.KioskMisused | events.ObservationWithdrawn
Single = Correction | events.SurveyAnswered
"""What changes single counts besides presses themselves."""


class Claim(NamedTuple):
    """What is said of the observation of a source; `what` holds a NUL, so it is no event's id."""

    source: str
    what: str


class Standing(Enum):
    """How a correction stands to those that came before it."""

    ALONE = "alone"
    MEETING = "meeting"
    """A mark of a press that is withdrawn already, or a withdrawal of one that is marked."""
    REPEATED = "repeated"


def claims_to_know(corrections: Iterable[Correction]) -> list[Claim]:
    """The claims, each once, of which `settled` has to know whether they hold already."""
    found: dict[Claim, None] = {}
    for correction in corrections:
        claimed, met = _claims(correction)
        found.update(dict.fromkeys(claimed))
        if met is not None:
            found[met] = None
    return list(found)


def settled(
    corrections: Sequence[Correction], holding: AbstractSet[Claim]
) -> list[tuple[Standing, list[Claim]]]:
    """How each correction of a batch stands, and which claims hold from it on.

    Args:
        corrections: in the batch's order, none with an id that was seen before.
        holding: those of `claims_to_know` that hold before the batch.
    """
    now = set(holding)
    found = []
    for correction in corrections:
        claimed, met = _claims(correction)
        if claimed and claimed[0] in now:
            found.append((Standing.REPEATED, list[Claim]()))
            continue
        now.update(claimed)
        found.append((Standing.MEETING if met in now else Standing.ALONE, claimed))
    return found


def _claims(correction: Correction) -> tuple[list[Claim], Claim | None]:
    """What a correction claims, first what decides whether it is a repeat; and what it may meet."""
    source = correction.source
    match correction.data:
        case events.Misused(press_id=press_id, press=press):
            if press.data.misuse:  # it came marked: nothing is said
                return [], None
            return [Claim(source, f"{press_id}\0marked")], Claim(source, f"{press_id}\0unmarked")
        case events.Withdrawn(original_id=original_id, original=original):
            gone = Claim(source, f"{original_id}\0withdrawn")
            if isinstance(original, events.OriginalPress) and not original.data.misuse:
                unmarked = Claim(source, f"{original_id}\0unmarked")
                return [gone, unmarked], Claim(source, f"{original_id}\0marked")
            return [gone], None


def moves(event: Single, standing: Standing | None, hours: LocalHours) -> list[Move]:
    """What an answer to a survey, or a correction that is no repeat, changes in single counts.

    An answer to a survey has its wave where a press has its device.
    """
    if told := answered(event, hours):
        part, amount = told
        wave = f"{part.survey_id}/{part.wave}"
        stream = Stream(part.entity, part.source, wave, "survey", part.scale, part.question, "")
        value = part.value - events.SURVEY_SCALES[part.scale][0]
        return [Move(stream, part.hour, value, marked=False, amount=amount)]
    match event.data:
        case events.Misused(press=named):
            if named.data.misuse or standing is Standing.MEETING:
                return []
            stream = stream_of(event.subject, event.source, named.data)
            hour, value = hours.of_moment(named.time), named.data.value
            return [Move(stream, hour, value, False, -1), Move(stream, hour, value, True, 1)]
        case events.Withdrawn(original=events.OriginalPress() as named):
            stream = stream_of(event.subject, event.source, named.data)
            marked = named.data.misuse or standing is Standing.MEETING
            return [Move(stream, hours.of_moment(named.time), named.data.value, marked, -1)]
        case _:
            return []
