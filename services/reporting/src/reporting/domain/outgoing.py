"""What becomes of an approved return on its way to the counting: taken in, refused, or waiting."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Literal, NamedTuple

Remedy = Literal["correct", "administer"]
"""What helps against a refusal: another answer on the form, or whoever looks after the service."""

_LATER: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)


class Refusal(NamedTuple):
    """Why something will not be taken in however often it is sent: an HTTP status, and words."""

    status: int
    detail: str

    @property
    def remedy(self) -> Remedy:
        """Who can mend it."""
        return "correct" if self.status == HTTPStatus.UNPROCESSABLE_ENTITY else "administer"


@dataclass(frozen=True)
class Outgoing:
    """How many events of a form's last approval wait, were taken in and were refused, and why."""

    waiting: int
    taken: int
    refused: int
    refusals: Sequence[Refusal] = ()

    @property
    def remedy(self) -> Remedy | None:
        """What helps first: nothing on the form does, while something else is broken."""
        remedies = {one.remedy for one in self.refusals}
        if "administer" in remedies:
            return "administer"
        return "correct" if remedies else None


def is_final(status: int) -> bool:
    """Whether an answer of this status will be the same when the request is sent again."""
    return HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and (
        status not in _LATER
    )
