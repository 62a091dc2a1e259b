"""A form as data: groups of fields, what was filled in, and what is wrong with it.

Every form is made of these, is shown by one template and is judged by one function, so that another
form is no more than its fields and the rules between them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal, NamedTuple

from kokemus.contracts.wire import names_a_person

FieldKind = Literal["check", "whole", "decimal", "day", "when", "choice", "line", "text"]
FaultCode = Literal[
    "required",
    "whole",
    "decimal",
    "day",
    "when",
    "choice",
    "long",
    "level_unsaid",
    "level_both",
    "comment",
    "unused_volume",
    "action",
    "nothing",
    "period",
    "range",
    "value",
    "refused",
    "many",
    "personal",
]
"""Everything that can be wrong with a field; the pages say it in the reader's language."""

Answers = Mapping[str, str]
"""What was filled in, by the field's name; a field that was left empty is not there."""

ON: Final = "on"
"""The answer of a box that is ticked."""
LONGEST: Final[Mapping[FieldKind, int]] = {"line": 300, "text": 500}
"""Characters of a text; of any other field, `LONGEST_OTHER`."""
LONGEST_OTHER: Final = 40

_SPACES: Final = re.compile(r"[\s\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}]+")
_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_DECIMAL: Final = re.compile(r"[-\N{MINUS SIGN}]?[0-9]{1,9}([.,][0-9]{1,4})?")
_WHEN: Final = re.compile(r"[0-9]{4}(-or-before|-[0-9]{2}(-[0-9]{2})?)?")
OR_BEFORE: Final = "-or-before"
"""How the contracts end a year that may be any before it, too."""
_OR_BEFORE: Final = re.compile(r"[-\N{EN DASH}\N{MINUS SIGN}] ?([0-9]{4})")
"""As people write a year or any before it: -2019."""


class Fault(NamedTuple):
    """Something that keeps a form from being sent: the field, and what is wrong with it."""

    field: str
    code: FaultCode


@dataclass(frozen=True)
class Field:
    """One field. `options` are the values of a choice with their words.

    `short` is what eyes see where the row names the rest; everybody else hears the whole label.
    """

    name: str
    label: str
    kind: FieldKind
    options: Sequence[tuple[str, str]] = ()
    hint: str = ""
    required: bool = False
    short: str = ""

    @property
    def longest(self) -> int:
        """Characters that it takes at most."""
        return LONGEST.get(self.kind, LONGEST_OTHER)


@dataclass(frozen=True)
class Group:
    """Fields that belong together; those of a row stand side by side."""

    legend: str
    rows: Sequence[Sequence[Field]]
    about: str = ""


@dataclass(frozen=True)
class Form:
    """A whole form in one language, with the rules between its fields."""

    title: str
    about: str
    groups: Sequence[Group]
    rule: Callable[[Answers], Sequence[Fault]]

    @property
    def fields(self) -> dict[str, Field]:
        """Every field by its name, in order."""
        return {
            one.name: one for group in self.groups for row in group.rows for one in row
        }  # fmt: skip


def filled(form: Form, sent: Mapping[str, str]) -> dict[str, str]:
    """What was filled into the fields of the form, right or wrong; anything else is left out."""
    answers = {}
    for name, field in form.fields.items():
        value = sent.get(name, "").replace("\r\n", "\n").strip()
        if value:
            answers[name] = ON if field.kind == "check" else value[: field.longest + 1]
    return answers


def about_people(form: Form, answers: Answers) -> list[Fault]:
    """The texts that hold what only events' inputs are checked for elsewhere: personal data."""
    return [
        Fault(name, "personal")
        for name, field in form.fields.items()
        if field.kind in LONGEST and names_a_person(answers.get(name, ""))
    ]


def faults(form: Form, answers: Answers) -> list[Fault]:
    """Everything that is wrong, in the order of the fields; none: the form can be sent."""
    found = {
        name: code
        for name, field in form.fields.items()
        if (code := _fault(field, answers.get(name)))
    }
    for fault in [] if found else form.rule(answers):
        found.setdefault(fault.field, fault.code)
    return [Fault(name, found[name]) for name in form.fields if name in found]


def whole(written: str) -> int:
    """A whole number as people write it, with or without spaces between thousands.

    Raises:
        ValueError: it is none, or below zero.
    """
    plain = _SPACES.sub("", written)
    if not _WHOLE.fullmatch(plain):
        raise ValueError("no whole number")
    return int(plain)


def decimal(written: str) -> Decimal:
    """A number with a comma or a point; its exponent tells how many decimals were written.

    Raises:
        ValueError: it is none.
    """
    plain = _SPACES.sub("", written)
    if not _DECIMAL.fullmatch(plain):
        raise ValueError("no number")
    return Decimal(plain.replace(",", ".").replace("\N{MINUS SIGN}", "-"))


def moments(written: str) -> list[str]:
    """Years, months or days with commas between, as the contracts write them.

    Raises:
        ValueError: one of them is none, or not in the calendar.
    """
    found = [_OR_BEFORE.sub(rf"\1{OR_BEFORE}", one.strip()) for one in written.split(",")]
    for one in found:
        if not _WHEN.fullmatch(one):
            raise ValueError("no year, month or day")
        date.fromisoformat("-".join([*one.removesuffix(OR_BEFORE).split("-"), "01", "01"][:3]))
    return found


_READERS: Final[Mapping[FieldKind, tuple[FaultCode, Callable[[str], object]]]] = {
    "whole": ("whole", whole),
    "decimal": ("decimal", decimal),
    "day": ("day", date.fromisoformat),
    "when": ("when", moments),
}
"""How a field is read, and what is said of one that cannot be."""


def _fault(field: Field, value: str | None) -> FaultCode | None:
    if value is None:
        return "required" if field.required else None
    if len(value) > field.longest:
        return "long"
    if field.kind == "choice" and value not in dict(field.options):
        return "choice"
    if field.kind in _READERS:
        code, read = _READERS[field.kind]
        try:
            read(value)
        except ValueError:
            return code
    return None
