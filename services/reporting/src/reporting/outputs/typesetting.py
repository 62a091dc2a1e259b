"""Sets pages as tagged PDF (PDF/UA-1) from templates beside this module.

Words reach a template as data only, never as markup. No network and no fonts but those that come
with the typesetter: the same release gives the same bytes.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from importlib import resources
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import typst

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
        "sys_inputs": {"data": msgspec.json.encode(data).decode()},
    }
