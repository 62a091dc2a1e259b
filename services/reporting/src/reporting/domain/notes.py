"""What those responsible for an entity write on the desk: explanations, what was heard and done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal, get_args

import msgspec

from kokemus.contracts.wire import names_a_person
from reporting.domain import releases
from reporting.domain.languages import CODES, Code
from reporting.domain.releases import Period, Text

NoteKind = Literal["explanation", "heard", "done", "handled"]
"""Why a figure is as it is; what residents said; what was done; when a meeting went through it."""
KINDS: Final[tuple[NoteKind, ...]] = get_args(NoteKind)
PUBLISHED: Final[dict[NoteKind, Literal["explanation", "heard", "done"]]] = {
    "explanation": "explanation",
    "heard": "heard",
    "done": "done",
}
"""Kinds that follow into a release; what meetings did stays in the house."""
ACTED: Final[frozenset[NoteKind]] = frozenset({"done", "handled"})
"""Kinds that say what became of what was heard."""
LONGEST: Final = 400
"""Characters of a text: three of them fit into a form of the desk."""

Flaw = Literal["kind", "day", "month", "empty", "personal", "long"]


class NoteRefusedError(Exception):
    """A note that cannot be kept.

    Attributes:
        flaw: what is wrong with it.
    """

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw)
        self.flaw: Flaw = flaw


class DeskNote(msgspec.Struct, frozen=True):
    """A note as somebody writes it.

    `day` is that of the meeting, or the one from which the rest holds; `month` is the first day of
    the month that an explanation is pinned to.
    """

    kind: NoteKind
    entity: str
    day: date
    text: Text
    metric: str | None = None
    month: date | None = None


@dataclass(frozen=True)
class KeptNote:
    """The newest version of a note, with who wrote that, and when."""

    id: int
    version: int
    note: DeskNote
    by: str
    at: datetime


def written(form: Mapping[str, str], entity: str, metrics: Iterable[str], today: date) -> DeskNote:
    """The note of a form.

    Args:
        form: `kind`, `day` (ISO, not in the future), `metric`, `month` (YYYY-MM), and a text for
            each language.
        entity: whom it is about.
        metrics: codes to which it may be pinned.
        today: the local day.

    Raises:
        NoteRefusedError: a field is wrong, or a text names a person.
    """
    kind = next((one for one in KINDS if one == form.get("kind")), None)
    if kind is None:
        raise NoteRefusedError("kind")
    texts: dict[Code, str] = {code: form.get(f"text_{code}", "").strip() for code in CODES}
    if not texts["fi"]:
        raise NoteRefusedError("empty")
    if any(len(one) > LONGEST for one in texts.values()):
        raise NoteRefusedError("long")
    if any(names_a_person(one) for one in texts.values()):
        raise NoteRefusedError("personal")
    day = _day(form.get("day", ""), "day")
    if day is None or day > today:
        raise NoteRefusedError("day")
    metric = month = None
    if kind == "explanation":
        metric = next((one for one in metrics if one == form.get("metric")), None)
        given = form.get("month", "").strip()
        month = _day(f"{given}-01", "month") if given else None
    text = Text(texts["fi"], texts["sv"] or None, texts["en"] or None)
    return DeskNote(kind, entity, day, text, metric, month)


def for_release(
    kept: Iterable[DeskNote], span: tuple[date, date], entities: Iterable[str]
) -> list[releases.Note]:
    """The notes that a release freezes, by entity, day and kind: what meetings did is left out.

    Args:
        kept: the newest versions.
        span: first and last day of the release; a note's day, and its month, lie within.
        entities: those that the release holds.
    """
    known = frozenset(entities)
    found = [
        releases.Note(
            kind=PUBLISHED[one.kind],
            entity=one.entity,
            day=one.day,
            text=one.text,
            metric=one.metric,
            period=_month(one.month) if one.month else None,
        )
        for one in kept
        if one.kind in PUBLISHED
        and one.entity in known
        and span[0] <= one.day
        and (one.month or span[0]) <= span[1]
    ]
    return sorted(found, key=lambda one: (one.entity, one.day, one.kind, one.text.fi))


def for_week(
    kept: Iterable[DeskNote], span: tuple[date, date], entities: Iterable[str]
) -> list[releases.Note]:
    """What a release for the house freezes: which meetings went through the figures, what was done.

    Args:
        kept: the newest versions.
        span: the first and the last day on which a note may be.
        entities: those that the release holds.
    """
    known = frozenset(entities)
    found = [
        releases.Note(one.kind, one.entity, one.day, one.text)
        for one in kept
        if one.kind in ACTED and one.entity in known and span[0] <= one.day <= span[1]
    ]
    return sorted(found, key=lambda one: (one.entity, one.day, one.kind, one.text.fi))


def _month(first: date) -> Period:
    following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
    return Period(first, following - timedelta(days=1), "month")


def _day(given: str, flaw: Literal["day", "month"]) -> date | None:
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise NoteRefusedError(flaw) from None
