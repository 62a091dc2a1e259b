"""A release: its frozen content, the hash that names it, and the steps that it goes through."""

from collections.abc import Sequence
from datetime import date, datetime
from hashlib import sha256
from typing import Final, Literal

import msgspec

Kind = Literal["public-monthly", "internal-weekly", "round-yearly"]
State = Literal["draft", "checked", "approved", "published", "superseded", "withdrawn"]
Number = int | float

STEPS: Final[dict[State | None, frozenset[State]]] = {
    None: frozenset({"draft"}),
    "draft": frozenset({"checked"}),
    "checked": frozenset({"approved"}),
    "approved": frozenset({"published"}),
    "published": frozenset({"superseded", "withdrawn"}),
    "superseded": frozenset({"withdrawn"}),
    "withdrawn": frozenset(),
}
"""Which state may follow which; None stands before the first."""

WAITING: Final[frozenset[State]] = frozenset({"draft", "checked", "approved"})
"""States in which a release is known to those who work on it alone."""
PUBLIC: Final[frozenset[State]] = frozenset({"published", "superseded"})
"""States in which the content may be fetched without sign-in."""

FOR_THE_HOUSE: Final[frozenset[Kind]] = frozenset({"internal-weekly"})
"""Kinds that only people of the house read, whatever their state."""

_encoder = msgspec.json.Encoder(order="sorted")


class StepRefusedError(Exception):
    """This step may not follow, or not by this person.

    Attributes:
        code: `wrong_state`, `own_draft`, `unchanged`, or `outdated` (another release of the kind
            was published since the draft); the pages say it in the reader's language.
    """

    def __init__(self, code: Literal["wrong_state", "own_draft", "unchanged", "outdated"]) -> None:
        super().__init__(code)
        self.code = code


class Text(msgspec.Struct, frozen=True):
    """A text in the three languages; None where nobody has translated it."""

    fi: str
    sv: str | None = None
    en: str | None = None


class Period(msgspec.Struct, frozen=True, rename={"first": "from", "last": "to"}):
    """Local days, both included."""

    first: date
    last: date
    grain: str


class Entity(msgspec.Struct, frozen=True, omit_defaults=True):
    """A node of the organisation tree as it was when the release was drafted."""

    id: str
    kind: str
    parent: str | None
    names: Text
    service_map_id: int | None = None
    """The unit's number on the city's service map."""
    ended: date | None = None
    """Its last day, where that is within the release."""


class Change(msgspec.Struct, frozen=True):
    """The printed value less the printed value a year before, and what that means."""

    value: Number | None
    verdict: str | None
    status: str


class Range(msgspec.Struct, frozen=True):
    """A published range; its figure has no single value."""

    low: Number
    high: Number


class Reported(msgspec.Struct, frozen=True):
    """Where a figure was published before, and its cut-off."""

    as_of: date
    source: str


class Figure(msgspec.Struct, frozen=True):
    """One published figure: rounded, or null with the status that says why."""

    metric: str
    entity: str
    channel: str
    scale: str | None
    family: str | None
    period: Period
    value: Number | None
    n: int | None
    status: str
    flags: list[str]
    bias_notes: list[str]
    definition: str | None
    range: Range | None = None
    change: Change | None = None
    dimension: dict[str, str] = {}
    """What a breakdown is of, such as `{"kind": "moite"}`; empty for the whole."""
    reported: Reported | None = None
    """Where a figure that was published elsewhere comes from. Counted figures carry only the
    release's own date: the time of a last event can point at a person."""


class Break(msgspec.Struct, frozen=True):
    """A dated mark in a series: no line or comparison crosses one that `breaks`."""

    entity: str
    date: date
    metric: str
    channel: str
    kind: str
    what: Text


class Note(msgspec.Struct, frozen=True):
    """What somebody responsible says beside the figures; written on the desk, frozen with them."""

    kind: Literal["explanation", "heard", "done", "handled"]
    """Why a figure is as it is; what residents said; what was done about it; which meeting went
    through it, in releases for the house only."""
    entity: str
    day: date
    text: Text
    metric: str | None = None
    """The figure that an explanation is pinned to; None: the entity as a whole."""
    period: Period | None = None


class Content(msgspec.Struct, frozen=True):
    """All that a release publishes, texts included, so that its pages never change."""

    kind: Kind
    period_start: date
    period_end: date
    as_of: date
    entities: list[Entity]
    figures: list[Figure]
    breaks: list[Break]
    texts: dict[str, Text]
    notes: list[Note] = []
    correction: Text | None = None
    """Why the release takes the place of one of the same period."""
    schema: str = "kokemus.release/1"
    licence: str = "CC-BY-4.0"


class Step(msgspec.Struct, frozen=True):
    """One step of a release: who took it, when, and why."""

    state: State
    by: str
    at: datetime
    reason: str | None = None


class Release(msgspec.Struct, frozen=True):
    """A release without its content: the immutable head and the steps taken so far."""

    id: str
    kind: Kind
    period_start: date
    period_end: date
    hash: str
    steps: tuple[Step, ...]

    @property
    def state(self) -> State:
        """The state that the last step led to."""
        return self.steps[-1].state

    @property
    def drafted_by(self) -> str:
        """Who made the draft, and so may not approve it."""
        return self.steps[0].by

    def when(self, state: State) -> datetime | None:
        """When the state was reached, if ever."""
        return next((step.at for step in self.steps if step.state == state), None)


def canonical(content: Content) -> bytes:
    """The content as bytes: JSON with sorted keys, without spaces, in UTF-8."""
    return _encoder.encode(content)


def parse(raw: bytes) -> Content:
    """The content back from its canonical bytes."""
    return msgspec.json.decode(raw, type=Content)


def content_hash(raw: bytes) -> str:
    """The name of these bytes: sha256 over published content only."""
    return f"sha256:{sha256(raw).hexdigest()}"


def release_id(content: Content, hash_: str) -> str:
    """The id of a release, from its kind, its last month and its hash."""
    return f"{content.kind}.{content.period_end:%Y-%m}.{hash_.removeprefix('sha256:')[:12]}"


def may_follow(steps: Sequence[Step], state: State, by: str) -> None:
    """Whether this person may take the release to this state.

    Raises:
        StepRefusedError: the state does not follow, or the approver drafted it.
    """
    before = steps[-1].state if steps else None
    if state not in STEPS[before]:
        raise StepRefusedError("wrong_state")
    if state == "approved" and by == steps[0].by:
        raise StepRefusedError("own_draft")
