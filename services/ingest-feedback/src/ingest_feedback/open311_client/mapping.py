"""What a system's requests mean as events. Pure: the same row gives the same events, always.

A poller keeps no database, so nothing here may depend on what was sent before. A request is always
sent as received, under an id made of its own; what may change afterwards follows as an update or
an answer, whose ids and times are made of when it changed. They count by the greatest (`time`,
`id`), so rows that are read any number of times, in any order, end in the same figures.

Texts, names, addresses, places on the map and media are not even looked at; of an official's answer
and of contact details only whether there are any.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Final, Literal, NamedTuple, TypedDict, cast
from zoneinfo import ZoneInfo

from ingest_feedback.open311.requests import CONTACTS
from ingest_feedback.open311_client.forms import Row, text
from ingest_feedback.open311_client.places import KINDS, Known, Places
from kokemus.cloudevents import readable
from kokemus.contracts import events, wire
from kokemus.contracts.events.feedback import FeedbackKind, FeedbackLanguage
from kokemus.errors import Reason, Refused

State = Literal["interim_answer", "final_answer", "handled"]

CLOSED: Final = frozenset({"closed", "processed", "archived", "rejected"})
"""Words of `status` and `detailed_status` that say that the request is closed."""

HANDLED: Final = frozenset({"public_works_completed", "public_works_completed_requires_no_action"})
"""Words of `detailed_status` that say that the works are done, whatever the answer says."""

UNIT_ID: Final = re.compile(r"[0-9]{1,10}")
UNIT_MAP: Final = "servicemap"
"""Stands in `service_object_type` where `service_object_id` is a unit's service map id."""


@dataclass(frozen=True, kw_only=True)
class Vocabulary:
    """What a city says about the system, and the system about itself.

    Attributes:
        source: the source id that every event carries.
        services: the service codes that the system lists now: a closed list, no free text.
        places: the city's table.
        unit: the entity of a unit by its service map id, if the registry knows it.
        zone: of times without an offset.
        language: of every request.
        answer_requested: of every request.
    """

    source: str
    services: frozenset[str]
    places: Places
    unit: Callable[[int], Known | None]
    zone: ZoneInfo
    language: FeedbackLanguage
    answer_requested: bool


class Told(NamedTuple):
    """What a row tells.

    Attributes:
        events: in the order in which they happened.
        placed: whether the request has found its entity.
        unread: what could not be told, such as when it was answered; None: nothing.
    """

    events: list[events.Event]
    placed: bool
    unread: str | None


def translate(rows: Iterable[Row], words: Vocabulary) -> tuple[list[Told], list[str]]:
    """What rows tell, and why the others tell nothing; never with what they hold."""
    told, refused = [], []
    for row in rows:
        try:
            told.append(told_by(row, words))
        except Refused as error:
            refused.append(f"{error.pointer} {error.detail}")
    return told, refused


def told_by(row: Row, words: Vocabulary) -> Told:
    """The events of one row.

    Raises:
        Refused: the row has no usable id, or says not when the request was made.
    """
    request = _read(row, words)
    found = [_received(request, words), *_updated(request, words)]
    state = reaction(row)
    if state is None:
        return Told(found, request.placed, None)
    if request.updated is None:
        return Told(found, request.placed, "updated_datetime of an answer cannot be read")
    answered = max(request.updated, request.requested)
    found.append(
        events.FeedbackAnswered(
            **_envelope(request, words),
            id=f"{request.base}/{state}/{_stamp(answered)}",
            time=answered,
            data=events.FeedbackAnswer(request.identity, answered, state),
        )
    )
    return Told(found, request.placed, None)


def reaction(row: Row) -> State | None:
    """How the city has reacted, as far as the row's state tells.

    A request is answered where it is closed with a note; closed without one, or with the works
    done, it is handled; a note on an open request is an interim answer.
    """
    said = {text(row, "status").lower()}
    said.update(word.strip().lower() for word in text(row, "detailed_status").split(","))
    noted = bool(text(row, "status_notes"))
    if said & CLOSED:
        return "final_answer" if noted else "handled"
    if said & HANDLED:
        return "handled"
    return "interim_answer" if noted else None


def moment(written: str, zone: ZoneInfo) -> datetime | None:
    """A time as servers write it; by `zone` without an offset, None where it is none."""
    try:
        found = datetime.fromisoformat(written)
        found = found if found.tzinfo else found.replace(tzinfo=zone)
        return found.astimezone(UTC).astimezone(zone)
    except (ValueError, OverflowError):
        return None


class _Request(NamedTuple):
    """A row as it is understood; `known_since` is when the city last said where it belongs."""

    identity: str
    requested: datetime
    updated: datetime | None
    entity: str
    placed: bool
    kind: FeedbackKind
    known_since: datetime | None
    contact_left: bool

    @property
    def base(self) -> str:
        """With what the ids of its events begin."""
        return f"open311/{self.identity}"


class _Envelope(TypedDict):
    specversion: Literal["1.0"]
    source: str
    subject: str


def _read(row: Row, words: Vocabulary) -> _Request:
    identity = text(row, "service_request_id")
    wire.check_identifier(identity, "service_request_id")
    requested = moment(text(row, "requested_datetime"), words.zone)
    if requested is None:
        raise Refused(Reason.INVALID_TIME, "cannot be read", "requested_datetime")
    place, placed = _place(row, words)
    kind, kind_since = _kind(row, words)
    return _Request(
        identity=identity,
        requested=requested,
        updated=moment(text(row, "updated_datetime"), words.zone),
        entity=place.value,
        placed=placed,
        kind=kind,
        known_since=max(filter(None, (place.since, kind_since)), default=None),
        contact_left=any(text(row, name) for name in CONTACTS),
    )


def _envelope(request: _Request, words: Vocabulary) -> _Envelope:
    return {"specversion": "1.0", "source": words.source, "subject": request.entity}


def _received(request: _Request, words: Vocabulary) -> events.Event:
    return events.FeedbackReceived(
        **_envelope(request, words),
        id=request.base,
        time=request.requested,
        data=events.Feedback(
            feedback_id=request.identity,
            kind=request.kind,
            answer_requested=words.answer_requested,
            contact_left=request.contact_left,
            answer_possible=True,
            language=words.language,
        ),
    )


def _updated(request: _Request, words: Vocabulary) -> Iterator[events.Event]:
    """What has changed since the request was made, if anything.

    Where two updates are of one time, the one that knows more has the greater id.
    """
    changes = filter(None, (request.updated, request.known_since))
    changed = max(changes, default=request.requested)
    if changed <= request.requested:
        return
    order = f"{_stamp(request.known_since)}/{_stamp(request.updated)}"
    digest = _digest(f"{request.entity} {request.kind} {request.contact_left}")
    yield events.FeedbackUpdated(
        **_envelope(request, words),
        id=f"{request.base}/updated/{order}/{digest}",
        time=changed,
        data=events.FeedbackUpdate(
            request.identity, kind=request.kind, contact_left=request.contact_left
        ),
    )


def _place(row: Row, words: Vocabulary) -> tuple[Known, bool]:
    """The entity of a request: its unit's, else its agency's, else its service's.

    Where none of them is known, a subject that names the service, under which the counts wait for
    an entity; whether it has found one.
    """
    unit = text(row, "service_object_id")
    if UNIT_ID.fullmatch(unit) and UNIT_MAP in text(row, "service_object_type").lower():
        known = words.places.entity(f"unit/{unit}") or words.unit(int(unit))
        if known is not None:
            return known, True
    code = text(row, "service_code")
    for own in (f"agency/{text(row, 'agency_responsible')}", f"service/{code}"):
        known = words.places.entity(own)
        if known is not None:
            return known, True
    listed = code in words.services or f"service/{code}" in words.places
    named = readable(f"unplaced.{words.source}.{code}") if code and listed else None
    return Known(named or f"unplaced.{words.source}"), False


def _kind(row: Row, words: Vocabulary) -> tuple[FeedbackKind, datetime | None]:
    """The kind of a request: as the city's table says, else its service code where that is one."""
    code = text(row, "service_code")
    known = words.places.kind(f"service/{code}")
    if known is not None:
        return cast("FeedbackKind", known.value), known.since
    return cast("FeedbackKind", code if code in KINDS else "muu"), None


def _stamp(time: datetime | None) -> str:
    """A time as a word that sorts as times do; None comes before all."""
    return "0" if time is None else f"{time.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _digest(content: str) -> str:
    return blake2b(content.encode(), digest_size=6).hexdigest()
