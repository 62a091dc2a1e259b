"""The CloudEvents envelope, and the kinds of fields of which every event is made."""

from datetime import date, datetime, time, tzinfo
from typing import Annotated, Any, Final, Literal, NewType

from msgspec import Meta, Struct

TYPE_PREFIX: Final = "fi.hel.kokemus."

EntityId = NewType("EntityId", str)

IDENTIFIER_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$"

DEVICE_SOURCE_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_:-]{0,127}$"
"""A source with devices: no dot or slash, which divide it from the device in ids and keys."""

CODE_LIST: Final = "x-code-list"
"""The schema keyword that names the closed list from which a field's codes come."""

# The pattern stands in the schema but is enforced by `kokemus.contracts.wire`: a regular
# expression a field would cost more than decoding the whole event.
Identifier = Annotated[
    str,
    Meta(min_length=1, max_length=128, extra_json_schema={"pattern": IDENTIFIER_PATTERN}),
]
DeviceSource = Annotated[
    str,
    Meta(min_length=1, max_length=128, extra_json_schema={"pattern": DEVICE_SOURCE_PATTERN}),
]


def code(code_list: str) -> Meta:
    """What a code from a closed list of `kokemus.contracts.codes` is held against.

    A city can extend the lists: the edges hold codes against them, topics only against the pattern
    of an identifier.
    """
    schema = {"pattern": IDENTIFIER_PATTERN, CODE_LIST: code_list}
    return Meta(min_length=1, max_length=128, extra_json_schema=schema)


Slug = Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
"""A word of a city's own that no list closes: no room for a name, a sentence or an address."""

Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset")]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]

Scale = Literal["smiley4", "smiley5", "nps"]
PressChannel = Literal["kiosk", "mobile", "web_smiley", "link"]
Channel = Literal["kiosk", "mobile", "web_smiley", "link", "web_feedback", "survey", "statutory"]
Family = Slug

SCALE_SIZES: Final[dict[str, int]] = {"smiley4": 4, "smiley5": 5, "nps": 11}
"""How many values each press scale has; value 0 is the most negative."""


class Data(Struct, frozen=True, gc=False, omit_defaults=True):
    """What an event says, by type."""


class Event(Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True, tag_field="type"):
    """The CloudEvents envelope that every type shares."""

    specversion: Literal["1.0"]
    id: Identifier
    source: Identifier
    subject: Identifier
    time: Instant
    data: Any
    datacontenttype: Literal["application/json"] = "application/json"
    traceparent: Annotated[str, Meta(max_length=55)] | None = None


class Translated(Data, frozen=True, gc=False):
    """A text in the three languages of the city; Finnish is the source language."""

    fi: Text
    sv: Text | None = None
    en: Text | None = None


AS_OF_PATTERN: Final = r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d))?$"
AsOf = Annotated[str, Meta(pattern=AS_OF_PATTERN)]
"""Up to when something was known: a local day, its end included, or an instant."""


class Period(Data, frozen=True, gc=False):
    """The local days that a count or a result stands for, both included, and as of when."""

    period_start: date
    period_end: date
    as_of: AsOf

    def known_at(self, zone: tzinfo) -> datetime:
        """`as_of` as an instant; a day is known at its end.

        Raises:
            ValueError: there is no such day.
        """
        if len(self.as_of) > len("2018-06-30"):
            return datetime.fromisoformat(self.as_of)
        return datetime.combine(date.fromisoformat(self.as_of), time.max, zone)
