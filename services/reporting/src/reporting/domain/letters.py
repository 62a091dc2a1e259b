"""A letter as its parts, from which its HTML and its plain text are both made, so that they agree.

A letter names nobody: it is written to a role, and says what every holder of it may read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from reporting.domain.languages import Code

Kind = Literal["weekly", "alerts", "round", "bounce", "embed"]
"""What a letter is about; whoever asks gets no more of a kind."""


@dataclass(frozen=True)
class Heading:
    """A heading within the letter."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Rows of a label and what stands beside it, under a caption."""

    caption: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Picture:
    """A line of printed values over time; what it shows is said in words too.

    Attributes:
        caption: what the line is of, with the ends of its scale.
        points: what each point is called and how it is printed, beneath the picture.
        values: rounded values, None where there is none to show.
        scale: the least and the greatest value that the metric can have.
    """

    caption: str
    points: tuple[tuple[str, str], ...]
    values: tuple[int | float | None, ...]
    scale: tuple[int, int]

    @property
    def words(self) -> str:
        """The text alternative."""
        return f"{self.caption}. {_listed(self.points)}"

    @property
    def gaps(self) -> str:
        """Why a point is not there, in words."""
        known = zip(self.points, self.values, strict=True)
        return _listed([point for point, value in known if value is None])


def _listed(points: Sequence[tuple[str, str]]) -> str:
    told = ", ".join(f"{name}: {value}" for name, value in points)
    return f"{told[:1].upper()}{told[1:]}." if told else ""


@dataclass(frozen=True)
class Link:
    """A link to a page of this service; `path` begins with a slash."""

    text: str
    path: str


Part = str | Heading | Facts | Picture | Link
"""A part of a letter; a string is a paragraph."""


@dataclass(frozen=True)
class Letter:
    """What is said, in one language."""

    language: Code
    subject: str
    parts: tuple[Part, ...]


def plain(letter: Letter, base_url: str, ending: tuple[str, str]) -> str:
    """The letter as plain text.

    Args:
        letter: the letter.
        base_url: where its links lead.
        ending: how the reader gets no more such letters: words, and the address.
    """
    blocks = [letter.subject, *_blocks(letter, base_url), "-- \n" + "\n".join(ending)]
    return "\n\n".join(blocks) + "\n"


def _blocks(letter: Letter, base_url: str) -> Iterator[str]:
    for part in letter.parts:
        match part:
            case str():
                yield part
            case Heading(text):
                yield f"{text}\n{'=' * len(text)}"
            case Facts(caption, rows):
                yield "\n".join([caption, *(f"- {label}: {value}" for label, value in rows)])
            case Picture():
                yield part.words
            case Link(text, path):
                yield f"{text}:\n{base_url}{path}"
