"""Finds every number in what people read, and says which numbers a release may be the cause of."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from importlib import resources
from typing import Final

from babel.messages.pofile import read_po

from reporting.domain.drafting import MIN_N
from reporting.domain.languages import Code, Language
from reporting.domain.releases import Content, Figure
from reporting.domain.wording import printed

_SPACES: Final = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"
_NUMBER: Final = re.compile(rf"\d(?:[\d{_SPACES},.]*\d)?")
_MONTHS: Final = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sep|Sept|Oct|Nov|Dec"
)
_DATES: Final = re.compile(
    rf"""https?://\S+
    |[a-z-]+\.\d{{4}}-\d\d\.[0-9a-f]{{12}}  # the id of a release
    |\d{{4}}-\d\d(?:-\d\d)?(?:T[\d:.+-]+)?  # 2026-01-31, 2026-01
    |\d{{1,2}}\.\d{{1,2}}\.(?:\d{{4}})?  # 31.1.2026, 1.1.
    |\d{{1,2}}/\d{{4}}  # 1/2026
    |(?<![\d,])\d{{1,2}}[ ](?:{_MONTHS})\b(?:\s\d{{4}})?  # 31 January 2026
    |\b20[0-3]\d\b""",
    re.VERBOSE,
)
_FIXED: Final = frozenset({"4.0", "0", "25", "50", "75", "100", str(MIN_N)})
"""Of CC BY 4.0 at the foot of every page; on the axis of a chart; the least answers, explained."""
_UNREAD: Final = frozenset({"script", "style", "head"})
_SPOKEN: Final = frozenset({"aria-label", "alt", "title"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._unread = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unread += tag in _UNREAD
        self.words += [value for name, value in attrs if name in _SPOKEN and value]

    def handle_endtag(self, tag: str) -> None:
        self._unread -= tag in _UNREAD

    def handle_data(self, data: str) -> None:
        if not self._unread:
            self.words.append(data)


def read(html: str) -> str:
    """What a page says to the eye and to a screen reader."""
    reader = _Reader()
    reader.feed(html)
    return "\n".join(reader.words)


def numbers(text: str) -> set[str]:
    """Every number in a text that is no part of a date or a release's id, as it is printed."""
    return set(_NUMBER.findall(_DATES.sub(" ", text)))


def forms(figure: Figure, language: Language) -> set[str]:
    """How the numbers of a figure are printed: its value or range, its n, its change."""
    if figure.value is None and figure.range is None:
        return set()
    found = numbers(printed(figure, language))
    if figure.n is not None:
        found.add(language.number(figure.n))
    if figure.change and figure.change.value is not None:
        found |= numbers(language.change(figure.change.value))
    return found


def furniture(content: Content, code: Code) -> set[str]:
    """The numbers that stand in fixed words: scales, levels, laws, names of entities."""
    words = [getattr(text, code) or text.fi for text in content.texts.values()]
    words += [getattr(one.names, code) or one.names.fi for one in content.entities]
    words += [getattr(one.text, code) or one.text.fi for one in content.notes]
    words += [one.reported.source for one in content.figures if one.reported]
    words.append((resources.files("reporting") / "data/guidance.json").read_text("utf-8"))
    with (resources.files("reporting") / "locale/sv/LC_MESSAGES/reporting.po").open("rb") as source:
        for message in read_po(source, locale="sv"):
            words += _strings(message.id)
    if code != "fi":
        path = resources.files("reporting") / f"locale/{code}/LC_MESSAGES/reporting.po"
        with path.open("rb") as source:
            for message in read_po(source, locale=code):
                words += _strings(message.string)
    return {number for one in words for number in numbers(one)} | _FIXED


def _strings(one: str | Iterable[str] | None) -> list[str]:
    if one is None:
        return []
    return [one] if isinstance(one, str) else list(one)
