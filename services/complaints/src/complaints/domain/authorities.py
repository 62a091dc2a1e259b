"""Who decides which cases, and since and until when: supervisors change, cases keep their day."""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from kokemus.contracts.codes import Code
from kokemus.contracts.events import ComplaintDecided, ComplaintRegistered
from kokemus.errors import Reason, Refused

_KIND: Final = re.compile(r"\b(muistutus|kantelu)\b")
_FROM: Final = re.compile(r"\bfrom (\d{4})\b")
_UNTIL: Final = re.compile(r"\buntil (\d{4})\b")
"""How the note of an authority in its code list says what it takes, from and until which year."""


class Authority(NamedTuple):
    """What an authority takes, by local years; None: whatever, or without bound."""

    kind: str | None
    first_year: int | None
    last_year: int | None


Authorities = Mapping[str, Authority]
"""By code."""


def authorities(codes: Mapping[str, Code]) -> Authorities:
    """Reads the code list `authority`."""
    return {code: _authority(listed.note) for code, listed in codes.items()}


def check(
    authorities: Authorities, event: ComplaintRegistered | ComplaintDecided, year: int
) -> None:
    """Holds a case's authority against what it may take and when.

    A decision may be told long after its authority has ended, a new case may not.

    Args:
        authorities: of the code list; a code that it lacks is judged elsewhere.
        event: a case or what was decided of it.
        year: of its local day.

    Raises:
        Refused: objections go to the unit and complaints to a supervisor, each while there is one.
    """
    authority = authorities.get(event.data.authority)
    if authority is None:
        return
    kind = event.data.kind
    if authority.kind is not None and kind not in (authority.kind, "unspecified"):
        raise Refused(
            Reason.INVALID, f"this authority takes a {authority.kind} only", "/data/authority"
        )
    if authority.first_year is not None and year < authority.first_year:
        why = f"this authority began in {authority.first_year}"
        raise Refused(Reason.INVALID, why, "/data/authority")
    ended = authority.last_year is not None and year > authority.last_year
    if ended and not isinstance(event, ComplaintDecided):
        why = f"this authority ended with {authority.last_year}"
        raise Refused(Reason.INVALID, why, "/data/authority")


def _authority(note: str) -> Authority:
    kind, first, last = (pattern.search(note) for pattern in (_KIND, _FROM, _UNTIL))
    return Authority(
        kind[1] if kind else None,
        int(first[1]) if first else None,
        int(last[1]) if last else None,
    )
