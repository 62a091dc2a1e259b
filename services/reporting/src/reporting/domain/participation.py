"""Participation on an entity's page: levels and ways, coverage over the years, the game."""

from collections.abc import Sequence
from typing import Final

from reporting.domain.editions import Edition
from reporting.domain.grids import (
    Chapter,
    Column,
    Grid,
    GridRow,
    biases,
    by_period,
    cell,
    metric_name,
    newest_of,
    of_grain,
    plain_sentence,
)
from reporting.domain.languages import N_, Language
from reporting.domain.releases import Entity, Figure

_LEVELS: Final = ("1", "2", "3", "4")
_OVER_THE_YEARS: Final = (
    "participation_coverage",
    "participation_change",
    "participation_methods",
)
_SHORT: Final = {
    "participation_methods": N_("Tapoja %(year)s"),
    "participation_volume": N_("Osallistujia tai ehdotuksia %(year)s"),
}
_YEARS_SHOWN: Final = 3


def participation(edition: Edition, entity: Entity, language: Language) -> Chapter | None:
    """The chapter of an entity; None where the release knows nothing of it."""
    found = edition.figures(entity.id, *_SHORT)
    whole = of_grain(edition.figures(entity.id, *_OVER_THE_YEARS), "year")
    coverage = newest_of(one for one in whole if one.metric == "participation_coverage")
    columns = [
        Column(metric_name(metric, edition, language), metric, {}) for metric in _OVER_THE_YEARS
    ]
    caption = language.say("Osallisuus vuosittain")
    grids = [
        _by_level([one for one in found if one.dimension.get("level")], language),
        by_period(caption, [one for one in whole if not one.dimension], columns, language),
        _game(edition.figures(entity.id, "game_measures"), language),
    ]
    shown = [one for one in grids if one]
    if not shown:
        return None
    return Chapter(
        "participation",
        language.say("Osallisuus"),
        plain_sentence(coverage, edition, language) if coverage else "",
        [
            language.say("Tasot kertovat, kuinka paljon asukkaat pääsevät vaikuttamaan."),
            *biases(found, edition, language),
        ],
        shown,
    )


def _by_level(rungs: Sequence[Figure], language: Language) -> Grid | None:
    """A row a level; ways and volume of the newest years."""
    years = sorted({one.period.first.year for one in rungs}, reverse=True)[:_YEARS_SHOWN]
    at = {(one.metric, one.period.first.year, one.dimension["level"]): one for one in rungs}
    known = {(metric, year) for metric, year, _ in at}
    columns = [(metric, year) for year in years for metric in _SHORT if (metric, year) in known]
    if not columns:
        return None
    return Grid(
        language.say("Osallisuuden tasot ja tavat"),
        language.say("Taso"),
        [language.say(_SHORT[metric], year=year) for metric, year in columns],
        [
            GridRow(
                f"{level}. {language.word(f'level.{level}')}",
                "",
                [cell(at.get((metric, year, level)), language) for metric, year in columns],
            )
            for level in _LEVELS
        ],
    )


def _game(measures: Sequence[Figure], language: Language) -> Grid | None:
    """The measures of the newest year: in all, by theme, and by the columns of each theme.

    A theme has columns of its own, so each stands in a row. There is no score.
    """
    newest = newest_of(measures)
    if newest is None:
        return None
    period = language.period(newest.period)
    return Grid(
        language.say("Osallisuuspelin toimenpiteet (%(period)s)", period=period),
        language.say("Teema"),
        [language.say("Toimenpiteitä")],
        [
            GridRow(_theme(one, language), "", [cell(one, language)])
            for one in sorted(measures, key=_place)
            if one.period == newest.period
        ],
    )


def _place(measures: Figure) -> tuple[str, str]:
    """The whole first, then each theme before its columns."""
    return measures.dimension.get("theme", ""), measures.dimension.get("column", "")


def _theme(measures: Figure, language: Language) -> str:
    names = [
        language.word(f"game_{name}.{measures.dimension[name]}")
        for name in ("theme", "column")
        if name in measures.dimension
    ]
    told = ": ".join(names)
    return told[:1].upper() + told[1:] if told else language.say("Yhteensä")
