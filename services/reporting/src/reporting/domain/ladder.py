"""The ladder of participation beside experience: who takes part how, and how it is."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from reporting.domain.grids import Cell, Chapter, Grid, GridRow
from reporting.domain.languages import Language
from reporting.domain.live import LiveFigure, LiveReturn
from reporting.domain.releases import Entity
from reporting.domain.wording import changed, series_title

_LEVELS: Final = (1, 2, 3, 4)


def ladder(
    entities: Mapping[str, Entity],
    returns: Iterable[LiveReturn],
    experience: Iterable[LiveFigure],
    year: int,
    language: Language,
) -> Chapter | None:
    """The matrix of those entities that return participation; None where none does.

    Args:
        entities: by id.
        returns: of the year.
        experience: the metric by which each scale is compared, of the last twelve months.
        year: of the returns.
        language: to tell it in.
    """
    returned = {one.entity: one for one in returns if one.entity in entities}
    if not returned:
        return None
    felt: dict[str, list[LiveFigure]] = {}
    for one in experience:
        if one.channel is not None and not one.dimension and one.rounded is not None:
            felt.setdefault(one.entity, []).append(one)
    names = {id_: language.of(entities[id_].names) for id_ in returned}
    rows = [
        GridRow(
            names[id_],
            "",
            [
                *_rungs(returned[id_], language),
                _together([_felt(one, language) for one in felt.get(id_, ())], language),
            ],
        )
        for id_ in sorted(returned, key=lambda one: language.sort_key(names[one]))
    ]
    columns = [
        *(f"{level}. {language.word(f'level.{level}')}" for level in _LEVELS),
        language.say("Kokemus, 12 kuukautta, ja muutos vuodessa"),
    ]
    caption = language.say("Osallisuuden tavat vuonna %(year)s ja kokemus", year=year)
    return Chapter(
        "ladder",
        language.say("Osallisuus ja kokemus rinnakkain"),
        "",
        [
            language.say(
                "Osallisuus ja kokemus ovat tässä vierekkäin. Toinen ei selitä toista:"
                " palvelukokonaisuuksia on siihen liian vähän."
            )
        ],
        [Grid(caption, language.say("Palvelukokonaisuus"), columns, rows, worded=1)],
    )


def _rungs(told: LiveReturn, language: Language) -> list[Cell]:
    """A cell a level: a filled circle and how many ways, an empty one, or that nothing is known.

    Circles differ by shape, so that the matrix reads at a glance without colours.
    """
    if not told.returned:
        return [Cell(language.word("status.not_reported"), missing=True) for _ in _LEVELS]
    ways = {one.level: len(one.methods) for one in told.levels}
    none = language.say("ei tapoja")
    return [
        Cell(f"\N{BLACK CIRCLE} {_ways(ways[level], language)}", missing=False)
        if ways.get(level)
        else Cell(f"\N{WHITE CIRCLE} {none}", missing=False)
        for level in _LEVELS
    ]


def _ways(count: int, language: Language) -> str:
    said = language.translations.ngettext("%(num)s tapa", "%(num)s tapaa", count)
    return said % {"num": language.number(count)}


def _felt(figure: LiveFigure, language: Language) -> str:
    title = series_title(figure.channel or "", figure.scale, figure.family, language)
    value = language.value(figure.metric, figure.rounded or 0)
    about = title[:1].lower() + title[1:]
    if figure.n is not None:
        about += f", n = {language.number(figure.n)}"
    told = f"{value} ({about})"
    return ": ".join(filter(None, (told, changed(figure.change, language))))


def _together(told: Sequence[str], language: Language) -> Cell:
    known = [one for one in told if one]
    if not known:
        return Cell(language.word("status.no_data"), missing=True)
    return Cell("\n".join(known), missing=False)
