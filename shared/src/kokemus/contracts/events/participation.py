"""`participation.v1`: ways of taking part, the participation game, and who measures experience."""

from datetime import date
from typing import Annotated, Final

from msgspec import Meta, field

from kokemus.contracts.events.envelope import (
    TYPE_PREFIX,
    Count,
    Data,
    Event,
    Identifier,
    Slug,
    code,
)

Method = Annotated[str, code("method")]
NO_METHODS: Final = {f"none_{level}": level for level in (1, 2, 3, 4)}
"""The codes that report a level without ways in use, each with its level: a return, no method."""
WHEN_PATTERN: Final = r"^\d{4}(-or-before|-\d\d(-\d\d)?)?$"
When = Annotated[str, Meta(pattern=WHEN_PATTERN)]
"""A year, a month or a day, as exactly as it is known; or `2019-or-before`."""


class MethodReport(Data, frozen=True, gc=False):
    """A way of participation in use in a year, on its level of the ladder.

    A code of `NO_METHODS` says that nothing that was reported of its level before it is in use.
    """

    level: Annotated[int, Meta(ge=1, le=4)]
    method: Method
    year: Annotated[int, Meta(ge=2000, le=2100)]
    volume: Count | None
    """How many times, people or proposals; null: not counted."""


class GameMeasure(Data, frozen=True, gc=False):
    """One measure that the players placed under a theme, in one of the theme's columns."""

    theme: Annotated[str, code("game_theme")]
    column: Annotated[str, code("game_column")]


class GameAction(Data, frozen=True, gc=False):
    """What the players agreed to do: which way, whose role, by when, seen by which metric."""

    method: Method
    role: Slug
    due: date
    metric: Slug


class Game(Data, frozen=True, gc=False):
    """A round of the participation game. There is no score."""

    game_id: Identifier
    measures: Annotated[list[GameMeasure], Meta(max_length=200)]
    actions: Annotated[list[GameAction], Meta(max_length=100)] = field(default_factory=list)


class Practice(Data, frozen=True, gc=False):
    """How a unit measures its customers' experience, as it says itself.

    Several frequencies or last times are kept as they were given, and so is what contradicts
    `collects`.
    """

    collects: bool | None
    """Null: asked, but not answered."""
    survey: bool = False
    feedback_channel: bool = False
    continuous: bool = False
    other_way: bool = False
    frequency: Annotated[list[Annotated[str, code("practice_frequency")]], Meta(max_length=10)] = (
        field(default_factory=list)
    )
    last_time: Annotated[list[When], Meta(max_length=20)] = field(default_factory=list)
    used_where: Annotated[list[Annotated[str, code("practice_place")]], Meta(max_length=20)] = (
        field(default_factory=list)
    )
    used_how: Annotated[list[Annotated[str, code("practice_use")]], Meta(max_length=20)] = field(
        default_factory=list
    )
    next_planned: When | None = None
    tool: Slug | None = None
    respondents: Annotated[list[Annotated[str, code("respondent")]], Meta(max_length=20)] = field(
        default_factory=list
    )
    flags: Annotated[list[Annotated[str, code("practice_flag")]], Meta(max_length=20)] = field(
        default_factory=list
    )
    """What whoever took the answer down found odd in it."""


class MethodReported(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "participation.method-reported.v1"
):
    """A service entity (the subject) reports a way of participation for a year."""

    data: MethodReport


class GamePlayed(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "participation.game-played.v1"
):
    """The participation game was played at an entity."""

    data: Game


class PracticeReported(
    Event,
    frozen=True,
    gc=False,
    kw_only=True,
    tag=TYPE_PREFIX + "participation.practice-reported.v1",
):
    """A unit tells of its measurement; `time` is when it was asked."""

    data: Practice
