"""Sets pages as tagged PDF (PDF/UA-1) from templates beside this module.

Words reach a template as data only, never as markup. No network and no fonts but those that come
with the typesetter: the same release gives the same bytes.
"""

import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import typst

UNPRINTABLE: Final = "\N{WHITE SQUARE}"
"""Stands for a character that the fonts do not have: PDF/UA lets nothing stand for it in silence.
"""
_PRINTABLE: Final = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x2B0, 0x2FF), (0x370, 0x3FF), (0x400, 0x45F), (0x1E00, 0x1EFF),
    (0x2010, 0x2040), (0x20A0, 0x20BF), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x25A0, 0x25FF),
)  # fmt: skip
"""What the typesetter's own fonts have: Latin (with all that the Sami languages write), Greek and
Cyrillic letters, punctuation, currencies, arrows, mathematics and shapes."""
_TEMPLATES: Final = Path(str(resources.files("reporting.outputs") / "templates"))


def pdf(template: str, data: Mapping[str, Any], day: date) -> bytes:
    """A template with its data as PDF/UA-1.

    Args:
        template: its name, without the ending.
        data: what the template reads; strings, numbers, lists and mappings.
        day: what the file says it was made on: the release's own day.

    Raises:
        typst.TypstError: the template is broken, or lacks what PDF/UA asks for.
    """
    made = typst.compile(
        _TEMPLATES / f"{template}.typ",
        format="pdf",
        pdf_standards=["ua-1"],
        timestamp=datetime.combine(day, time(12), UTC),
        **_of(data),
    )
    return cast("bytes", made)


def noted(template: str, data: Mapping[str, Any], label: str) -> list[str]:
    """What a template notes about its own layout under a label, in order."""
    found = typst.query(_TEMPLATES / f"{template}.typ", f"<{label}>", field="value", **_of(data))
    return msgspec.json.decode(found, type=list[str])


def _of(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "root": _TEMPLATES,
        "ignore_system_fonts": True,
        "sys_inputs": {"data": msgspec.json.encode(_shown(data)).decode()},
    }


def _shown(value: Any) -> Any:
    match value:
        case str():
            return printable(value)
        case dict():
            return {name: _shown(one) for name, one in value.items()}
        case list():
            return [_shown(one) for one in value]
        case _:
            return value


def printable(text: str) -> str:
    """The text with a square for what cannot be printed, and without what is never seen."""
    return "".join(_printable(one) for one in unicodedata.normalize("NFC", text))


def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Mn") or character == "\r":
        return ""
    if category in ("Cc", "Zl", "Zp"):
        return "\n" if character == "\n" else " "
    known = any(first <= ord(character) <= last for first, last in _PRINTABLE)
    return character if known and category != "Cn" else UNPRINTABLE
