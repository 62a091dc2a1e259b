"""Yearly rounds of returns: who returns what, in which state it is, and who may do what with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal

import msgspec

from reporting.domain import desk
from reporting.domain.live import LiveEntity
from reporting.domain.people import MAY_APPROVE, MAY_FILL, MAY_OPEN_ROUNDS, Person
from reporting.domain.releases import Entity
from reporting.domain.return_forms import REPEATED, FormKind

State = Literal["draft", "submitted", "approved"]
Shown = Literal[
    "not_begun", "draft", "submitted", "approved", "reopened", "corrected", "elsewhere"
]  # fmt: skip
Step = Literal["submit", "send_back", "approve", "reopen"]
"""`send_back`: the head wants something changed; `reopen`: a locked form is corrected."""
RefusedCode = Literal["wrong_state", "own_return", "changed", "forbidden", "not_open"]

STEPS: Final[Mapping[Step, tuple[State, State]]] = {
    "submit": ("draft", "submitted"),
    "send_back": ("submitted", "draft"),
    "approve": ("submitted", "approved"),
    "reopen": ("approved", "draft"),
}
"""From which state each step leads to which."""


class ReturnRefusedError(Exception):
    """This cannot be done with the form, or not by this person.

    Attributes:
        code: `wrong_state`; `own_return`, by whoever submitted it; `changed`, by somebody else
            meanwhile; `forbidden`, by the role; `not_open`, before its round has opened.
    """

    def __init__(self, code: RefusedCode) -> None:
        super().__init__(code)
        self.code: RefusedCode = code


class Round(msgspec.Struct, frozen=True):
    """A year whose returns are asked for, from the day it opens to the day they are due."""

    year: int
    opens: date
    due: date


class Key(msgspec.Struct, frozen=True):
    """Which form: the first, or the second, of a kind and year of an entity."""

    year: int
    kind: FormKind
    entity: str
    number: int = 1

    @property
    def path(self) -> str:
        """Where on the desk it is filled in."""
        return f"/desk/returns/{self.year}/{self.kind}/{self.entity}/{self.number}"


class Taken(msgspec.Struct, frozen=True):
    """A step that somebody took; a form's first state is the draft that was saved first."""

    state: State
    by: str
    at: datetime


class Return(msgspec.Struct, frozen=True):
    """One form as it stands.

    `version` counts its changes, so that nobody overwrites what they have not seen.
    """

    id: str
    key: Key
    division: str
    delegate: str | None
    answers: dict[str, str]
    version: int
    steps: tuple[Taken, ...]

    @property
    def state(self) -> State | None:
        """The state that the last step led to; None: delegated, but not begun."""
        return self.steps[-1].state if self.steps else None

    @property
    def approvals(self) -> int:
        """How often it was approved; more than once: corrected."""
        return sum(one.state == "approved" for one in self.steps)

    @property
    def shown(self) -> Shown:
        """The state as people call it."""
        match self.state:
            case None:
                return "not_begun"
            case "draft":
                return "reopened" if self.approvals else "draft"
            case "approved":
                return "corrected" if self.approvals > 1 else "approved"
            case state:
                return state


def may_fill(person: Person, division: str, delegate: str | None) -> bool:
    """Whether the person may fill in and submit: the division's contact, or the form's delegate."""
    return person.may(MAY_FILL, division) or person.user == delegate


def may_see(person: Person, division: str, delegate: str | None) -> bool:
    """Whether the person may read the form."""
    return may_fill(person, division, delegate) or person.may(MAY_APPROVE, division)


def may_follow(person: Person, division: str) -> bool:
    """Whether the person may know how far a division is."""
    return person.may(MAY_FILL | MAY_APPROVE | MAY_OPEN_ROUNDS, division)


def after(form: Return, step: Step, person: Person, version: int) -> State:
    """The state that a step of this person leads to.

    Raises:
        ReturnRefusedError: the step may not be taken, or not by this person, or not any more.
    """
    contact = person.may(MAY_FILL, form.division)
    head = person.may(MAY_APPROVE, form.division)
    allowed = {
        "submit": may_fill(person, form.division, form.delegate),
        "send_back": head,
        "approve": head,
        "reopen": contact or head,
    }
    if not allowed[step]:
        raise ReturnRefusedError("forbidden")
    before, then = STEPS[step]
    if form.state != before:
        raise ReturnRefusedError("wrong_state")
    if form.version != version:
        raise ReturnRefusedError("changed")
    if step == "approve" and person.user == form.steps[-1].by:
        raise ReturnRefusedError("own_return")
    return then


@dataclass(frozen=True)
class Row:
    """A service entity in the round of its division, and the form that it returns."""

    entity: Entity
    shown: Shown
    form: Return | None
    key: Key

    @property
    def missing(self) -> bool:
        """Whether its return has not been approved yet, by form or otherwise."""
        return self.shown not in ("approved", "corrected", "reopened", "elsewhere")


@dataclass(frozen=True)
class DivisionRound:
    """A division in a round: its service entities, and its other forms."""

    division: Entity
    rows: Sequence[Row]
    others: Sequence[Return]

    @property
    def forms(self) -> list[Return]:
        """Every form that somebody has begun or delegated."""
        return [*(row.form for row in self.rows if row.form), *self.others]

    @property
    def missing(self) -> int:
        """How many service entities have not returned yet."""
        return sum(one.missing for one in self.rows)


class Organisation:
    """The tree as it stands at a round's end, by divisions."""

    def __init__(self, live: Iterable[LiveEntity], year: int) -> None:
        self.entities = desk.entities_on(live, date(year, 12, 31))

    @property
    def divisions(self) -> list[Entity]:
        """Every division."""
        return [one for one in self.entities.values() if one.kind == "division"]

    def division_of(self, entity: str) -> str | None:
        """The division under which an entity hangs, or which it is."""
        above = desk.path(self.entities, entity)
        return next((one.id for one in above if one.kind == "division"), None)

    def below(self, division: str) -> list[Entity]:
        """The division and all that hangs below it."""
        return [one for one in self.entities.values() if self.division_of(one.id) == division]

    def rounds(
        self, year: int, forms: Iterable[Return], elsewhere: Iterable[str]
    ) -> list[DivisionRound]:
        """Every division with its service entities and the forms that belong to it.

        Args:
            year: of the round.
            forms: of that year.
            elsewhere: entities that have returned the year, by whatever way.
        """
        known, returned = {one.key: one for one in forms}, set(elsewhere)
        return [
            DivisionRound(
                division,
                [
                    _row(one, known.get(key), key, one.id in returned)
                    for one in self.below(division.id)
                    if one.kind == "service_entity"
                    for key in [Key(year, "method", one.id)]
                ],
                [
                    form
                    for key, form in known.items()
                    if form.division == division.id and key.kind != "method"
                ],
            )
            for division in self.divisions
        ]


def _row(entity: Entity, form: Return | None, key: Key, returned: bool) -> Row:  # noqa: FBT001
    shown = form.shown if form else "not_begun"
    return Row(entity, "elsewhere" if shown == "not_begun" and returned else shown, form, key)


def asked_of(kind: FormKind, entity: Entity) -> bool:
    """Whether an entity of this kind is asked for such a form."""
    match kind:
        case "method":
            return entity.kind == "service_entity"
        case "practice":
            return entity.kind in ("service", "unit", "service_entity")
        case _:
            return True


def next_number(kind: FormKind, entity: str, forms: Iterable[Return]) -> int:
    """The number of the form that an entity fills in next: its first one, where it has only one."""
    if kind not in REPEATED:
        return 1
    return 1 + max(
        (one.key.number for one in forms if (one.key.kind, one.key.entity) == (kind, entity)),
        default=0,
    )


def may_begin(key: Key, forms: Iterable[Return]) -> bool:
    """Whether no number is leapt over: beyond a very high one there would be no next form."""
    return key.number <= next_number(key.kind, key.entity, forms)
