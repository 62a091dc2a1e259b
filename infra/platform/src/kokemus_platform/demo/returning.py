"""Plays a round of divisions' returns on the desk, as its people would: over HTTP, signed in.

A round that was opened before stays as it is, so that the demo may be played again.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal, Self

import httpx

from kokemus_platform.demo.feeder import FeedRefusedError
from kokemus_platform.demo.voices import METHODS, RETURNING, dice_of

OPENED: Final = timedelta(days=30)
LEFT: Final = timedelta(days=14)
"""How long before today the round opened, and how long after today it is due."""

Stage = Literal["missing", "draft", "submitted", "approved"]
STAGES: Final[tuple[Stage, ...]] = ("approved", "submitted", "submitted", "draft", "draft")
"""How far the first entities are, in an order that the seed gives; all others are missing."""
_TOKEN: Final = re.compile(r'name="token" value="([^"]+)"')


@dataclass(frozen=True)
class Entry:
    """The return of a service entity: what it says, and how far it is."""

    entity: str
    stage: Stage
    answers: Mapping[str, str]


def entries(seed: int) -> list[Entry]:
    """Every return that somebody has begun. Pure."""
    dice = dice_of(seed, "round")
    return [
        Entry(entity, stage, dict(_answers(seed, entity)))
        for entity, stage in zip(dice.sample(RETURNING, len(STAGES)), STAGES, strict=True)
    ]


def _answers(seed: int, entity: str) -> Iterator[tuple[str, str]]:
    for level, methods in METHODS.items():
        dice = dice_of(seed, "round", entity, level)
        used = dice.sample(methods, dice.randint(0 if level > 2 else 1, len(methods)))
        for method in used:
            yield f"use.{method}", "on"
            if dice.random() < 0.5:
                yield f"volume.{method}", str(dice.randrange(2, 60))
        if not used:
            yield f"none.{level}", "on"
            yield f"comment.{level}", "Aloitetaan ensi vuonna."


def play_round(status: Mapping[str, Any], seed: int, today: date) -> None:
    """Opens this year's round and returns into it, unless it was opened before.

    Args:
        status: of the platform, with its addresses and people.
        seed: another one gives another round.
        today: the local day.

    Raises:
        FeedRefusedError: the desk did not take something.
    """
    url = status["services"]["reporting"]
    with _SignedIn(url, status["desk"]) as desk, _SignedIn(url, status["approver"]) as approver:
        if any(one["year"] == today.year for one in desk.rounds()):
            return
        dates = {"opens": str(today - OPENED), "due": str(today + LEFT)}
        desk.post("/desk/returns", year=str(today.year), **dates)
        for entry in entries(seed):
            path = f"/desk/returns/{today.year}/method/{entry.entity}/1"
            do = "save" if entry.stage == "draft" else "submit"
            desk.post(path, version="0", do=do, **entry.answers)
            if entry.stage == "approved":
                approver.post(f"{path}/approve", version="1")


class _SignedIn:
    """Somebody at the desk."""

    def __init__(self, url: str, who: Mapping[str, str]) -> None:
        self._http = httpx.Client(base_url=url, timeout=60)
        self._who = who
        self._token = ""

    def __enter__(self) -> Self:
        self._token = self._token_at("/desk/sign-in")
        self.post("/desk/sign-in", user=self._who["user"], password=self._who["password"])
        self._token = self._token_at("/desk")
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def rounds(self) -> list[dict[str, Any]]:
        """The rounds that were opened."""
        found: list[dict[str, Any]] = self._http.get("/v1/rounds").json()["rounds"]
        return found

    def post(self, path: str, **fields: str) -> None:
        """Sends a form, which is taken in where the desk leads on from it."""
        answer = self._http.post(path, data={**fields, "token": self._token})
        if answer.status_code != httpx.codes.SEE_OTHER:
            raise FeedRefusedError(f"the desk did not take the demo's return: {answer.status_code}")

    def _token_at(self, path: str) -> str:
        found = _TOKEN.search(self._http.get(path).text)
        if found is None:
            raise FeedRefusedError(f"the desk has no form at {path}")
        return found[1]
