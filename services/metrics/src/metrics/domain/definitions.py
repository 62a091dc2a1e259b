"""The catalogue of metrics: exactly one definition a metric, versioned, used by every output."""

import csv
import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Final, Literal

import msgspec

from kokemus.contracts import events
from kokemus.contracts.events import Translated

Measure = Literal[
    "presses",
    "hours",
    "reasons",
    "devices",
    "feedback",
    "answers",
    "overdue",
    "complaints",
    "decisions",
    "contacts",
    "matters",
    "rates",
    "statements",
    "methods",
    "volumes",
    "coverage",
    "coverage_change",
    "games",
    "practices",
    "hour_drivers",
    "touchpoint_drivers",
    "profile",
    "reported",
]
Unit = Literal[
    "count", "index", "percent", "nps", "mean", "days", "correlation", "points", "months"
]

SELF_SELECTED: Final = frozenset({"kiosk", "mobile", "web_smiley", "link", "web_feedback"})
"""Channels whose answers are no sample: they have no confidence interval."""

PRESS_CHANNELS: Final = ("kiosk", "mobile", "web_smiley", "link")

SCALE_SIZES: Final = {
    **{scale: highest - lowest + 1 for scale, (lowest, highest) in events.SURVEY_SCALES.items()},
    **events.SCALE_SIZES,
}
"""How many values each scale has that answers are counted on, from the most negative."""

DEFAULT_FAMILIES: Final = {
    "smiley4": "overall",
    "smiley5": "overall",
    "nps": "recommend",
    "likert5": "own",
    "grade4_10": "own",
}
"""The family of a question that nobody registered, by its scale."""


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a metric is computed, rounded, compared and explained.

    Attributes:
        measure: what is read; `reported` metrics exist only as figures published elsewhere.
        min_n: below so many answers a figure keeps its value but not its standing.
        families: question families that feed it; empty: every one.
        scales: scales that feed it; empty: every one.
        channels: channels that it exists for; empty: those of presses.
        name: its name in three languages; the glossary's where the catalogue says none.
        dimensions: what it is broken down by, besides the total.
        better: the direction of an improvement; None: a change is never better or worse.
        threshold: the least difference, in the metric's unit, that counts as a change.
    """

    metric: str
    version: int
    measure: Measure
    unit: Unit
    formula: str
    explanation: Translated
    name: Translated | None = None
    decimals: int = 0
    min_n: int = 0
    families: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()
    channels: tuple[str, ...] = PRESS_CHANNELS
    dimensions: tuple[str, ...] = ()
    better: Literal["higher", "lower"] | None = None
    threshold: int = 0

    @property
    def id(self) -> str:
        """The metric with its version, such as `happy_index/1`."""
        return f"{self.metric}/{self.version}"

    @property
    def additive(self) -> bool:
        """Whether it is a count: 0 is a figure, and children add up."""
        return self.unit == "count"

    def feeds(
        self, channel: str | None, scale: str | None, family: str | None, *, asked: bool = False
    ) -> bool:
        """Whether a series counts into this metric.

        Args:
            channel: the series' channel.
            scale: its scale.
            family: the family of its question.
            asked: the caller named the question, so its family does not matter.
        """
        if channel not in self.channels or (self.scales and scale not in self.scales):
            return False
        return asked or not self.families or family in self.families


class BiasNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A note on how to read a figure; obligatory for its channels."""

    code: str
    channels: tuple[str, ...]
    text: Translated


class Catalogue(msgspec.Struct, frozen=True):
    """Every definition by its metric, and every bias note."""

    definitions: Mapping[str, Definition]
    bias_notes: tuple[BiasNote, ...]
    version: str
    """Changes whenever a definition or a note does."""

    def notes_for(self, definition: Definition, channel: str | None) -> tuple[str, ...]:
        """The codes of the bias notes that travel with every figure of answers in a channel."""
        if definition.measure == "devices":
            return ()
        return tuple(note.code for note in self.bias_notes if channel in note.channels)


@cache
def catalogue() -> Catalogue:
    """The catalogue that this version of the service computes by."""
    data = resources.files("metrics") / "data"
    raw, notes = (data / name for name in ("definitions.yaml", "bias_notes.yaml"))
    rules = data / "participation.yaml"
    names = _glossary()
    listed = msgspec.yaml.decode(raw.read_bytes(), type=list[Definition])
    definitions = {
        one.metric: one
        if one.name
        else msgspec.structs.replace(one, name=names[f"metric.{one.metric}"])
        for one in listed
    }
    digest = hashlib.sha256(raw.read_bytes() + notes.read_bytes() + rules.read_bytes()).hexdigest()
    return Catalogue(
        definitions,
        msgspec.yaml.decode(notes.read_bytes(), type=tuple[BiasNote, ...]),
        digest[:16],
    )


def _glossary() -> dict[str, Translated]:
    text = (resources.files("kokemus.contracts") / "data" / "glossary.csv").read_text("utf-8")
    return {
        row["code"]: Translated(row["fi"], row["sv"], row["en"])
        for row in csv.DictReader(text.splitlines())
        if row["fi"]
    }
