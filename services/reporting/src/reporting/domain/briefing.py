"""The desk's first screen in five sentences: better, worse, and what is not known."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from reporting.domain.languages import Language
from reporting.domain.live import LiveFigure, LiveReturn, SourceStatus, Status
from reporting.domain.releases import Entity
from reporting.domain.wording import series_title

JUDGED_BY: Final = ("happy_index", "nps", "mean_likert5", "mean_grade4_10")
"""The metric by which each scale is compared, as in the profile of experience."""
STALE_AFTER: Final = timedelta(hours=24)
"""A source that has not been read for so long is told; the slowest is read once a day."""
NAMED: Final = 4
"""Entities that a sentence names; the rest are counted."""

Topic = Literal["better", "worse", "silent", "stale", "missing"]


@dataclass(frozen=True)
class Item:
    """An entity that a sentence names, with what is said of it; a source has no id."""

    name: str
    said: str = ""
    id: str | None = None


@dataclass(frozen=True)
class Sentence:
    """One sentence: how it begins, what it names, how many more there are."""

    topic: Topic
    lead: str
    items: Sequence[Item] = ()
    more: int = 0


@dataclass(frozen=True)
class Known:
    """What the sentences are made of.

    Attributes:
        figures: of `JUDGED_BY` for the entities, compared with the year before as one list, so that
            their verdicts hold over the whole list (Benjamini-Hochberg).
        returns: of participation for `year`, from the entities that return it.
        now: an aware time.
    """

    entities: Mapping[str, Entity]
    figures: Sequence[LiveFigure]
    status: Status
    sources: Sequence[SourceStatus]
    returns: Sequence[LiveReturn]
    year: int
    now: datetime


def compared_below(tree: Mapping[str, Entity], wanted: str) -> dict[str, Entity]:
    """Whom the sentences are about.

    Of a city or division its service entities, else what is right below, else the entity itself.
    """
    if wanted not in tree:
        return {}
    if tree[wanted].kind in ("city", "division"):
        found = {
            id_: one
            for id_, one in tree.items()
            if one.kind == "service_entity" and wanted in _above(tree, id_)
        }
        if found:
            return found
    return {id_: one for id_, one in tree.items() if one.parent == wanted} or {wanted: tree[wanted]}


def briefing(known: Known, language: Language) -> list[Sentence]:
    """The sentences, always in the same order and never an order of merit."""
    return [
        _moved("better", known, language),
        _moved("worse", known, language),
        _silent(known, language),
        _stale(known, language),
        _missing(known, language),
    ]


def _moved(topic: Literal["better", "worse"], known: Known, language: Language) -> Sentence:
    moved = [
        one
        for one in _whole(known.figures)
        if one.change and one.change.status == "ok" and one.change.verdict == topic
    ]
    items = [
        Item(
            language.of(known.entities[one.entity].names),
            _comparison(one, language),
            one.entity,
        )
        for one in moved
        if one.entity in known.entities
    ]
    none, some = {
        "better": (
            language.say("Mikään ei ole selvästi parantunut vuodessa."),
            language.say("Vuodessa parani"),
        ),
        "worse": (
            language.say("Mikään ei ole selvästi heikentynyt vuodessa."),
            language.say("Vuodessa heikkeni"),
        ),
    }[topic]
    return _sentence(topic, none, some, items, language)


def _silent(known: Known, language: Language) -> Sentence:
    heard = {one.entity for one in _whole(known.figures) if one.status == "ok"}
    items = [
        Item(language.of(one.names), id=id_)
        for id_, one in known.entities.items()
        if id_ not in heard
    ]
    none = language.say("Kaikista on vastauksia.")
    some = language.say("Kokemusta emme tiedä, koska vastauksia ei ole tarpeeksi")
    return _sentence("silent", none, some, items, language)


def _stale(known: Known, language: Language) -> Sentence:
    items = [
        Item(
            one.source,
            language.say(
                "luettu %(at)s", at=language.moment(one.polled_at.astimezone(known.now.tzinfo))
            ),
        )
        for one in known.sources
        if one.error is not None or known.now - one.polled_at > STALE_AFTER
    ]
    if not known.status.settled:
        none = language.say("Osa saapuneesta on vielä laskematta.")
    elif known.sources:
        none = language.say("Kaikki lähteet on luettu vuorokauden sisällä.")
    else:
        none = language.say("Lähteet lähettävät tietonsa itse, ja kaikki saapunut on laskettu.")
    return _sentence("stale", none, language.say("Tieto on vanhaa lähteistä"), items, language)


def _missing(known: Known, language: Language) -> Sentence:
    asked = [one for one in known.returns if one.entity in known.entities]
    items = [
        Item(language.of(known.entities[one.entity].names), id=one.entity)
        for one in asked
        if not one.returned
    ]
    year = known.year
    if asked:
        none = language.say("Osallisuuden tiedot vuodelta %(year)s on palautettu.", year=year)
    elif any(one.kind == "service_entity" for one in known.entities.values()):
        none = language.say("Osallisuuden tietoja vuodelta %(year)s ei ole pyydetty.", year=year)
    else:
        none = language.say("Osallisuuden tietoja ei pyydetä tältä tasolta.")
    some = language.say("Osallisuuden tietoja vuodelta %(year)s ei ole palauttanut", year=year)
    return _sentence("missing", none, some, items, language)


def _sentence(
    topic: Topic, none: str, some: str, items: Sequence[Item], language: Language
) -> Sentence:
    if not items:
        return Sentence(topic, none)
    named = sorted(items, key=lambda one: (language.sort_key(one.name), one.said))
    return Sentence(topic, some, named[:NAMED], max(len(named) - NAMED, 0))


def _comparison(figure: LiveFigure, language: Language) -> str:
    title = series_title(figure.channel or "", figure.scale, figure.family, language)
    change = figure.change.value if figure.change else None
    parts = [title[:1].lower() + title[1:], "" if change is None else language.change(change)]
    if figure.n is not None:
        parts.append(f"n = {language.number(figure.n)}")
    return ", ".join(filter(None, parts))


def _whole(figures: Iterable[LiveFigure]) -> list[LiveFigure]:
    return [one for one in figures if one.channel is not None and not one.dimension]


def _above(tree: Mapping[str, Entity], id_: str) -> set[str]:
    found: set[str] = set()
    current = tree[id_].parent
    while current is not None and current in tree and current not in found:
        found.add(current)
        current = tree[current].parent
    return found
