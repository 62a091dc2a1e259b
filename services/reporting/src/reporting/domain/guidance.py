"""Where a reader may turn: feedback, objections, complaints, the ombudsperson, and supervisors.

These change by law and by city, so they are data with the days in which they hold.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final, Literal

import msgspec

from reporting.domain.languages import Code as LanguageCode
from reporting.domain.releases import Text

STATEMENTS: Final[dict[LanguageCode, str]] = {
    "fi": "saavutettavuus",
    "sv": "tillganglighet",
    "en": "accessibility",
}
"""The path of the accessibility statement in each language; no entity may have it for an id."""

Code = Literal["feedback", "objection", "complaint", "ombudsperson", "accessibility"]


class Place(msgspec.Struct, frozen=True):
    """One way to turn to somebody."""

    code: Code
    title: Text
    text: Text
    address: Text | None = None
    """The web page of it in each language."""
    valid_from: date = date.min
    valid_to: date = date.max


class Guidance(msgspec.Struct, frozen=True):
    """What the pages of a city tell beside the figures."""

    service_map: str
    """The address of a unit on the city's service map, with `{language}` and `{id}` in it."""
    checked: date
    """The day on which the accessibility of the pages was last gone through."""
    places: list[Place]

    def on(self, day: date) -> Sequence[Place]:
        """What holds on a day, in the order of the data."""
        return [one for one in self.places if one.valid_from <= day <= one.valid_to]


def read_guidance(raw: bytes) -> Guidance:
    """The guidance of a JSON file.

    Raises:
        msgspec.MsgspecError: the file is no guidance.
    """
    return msgspec.json.decode(raw, type=Guidance)
