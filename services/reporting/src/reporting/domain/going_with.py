"""What goes with a good or a bad experience: reasons, hours, touchpoints and survey statements.

Always "goes with", never "because": those who gave a reason chose to, and places and hours differ
in whom they serve.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from reporting.domain.grids import Cell, Chapter, Grid, GridRow
from reporting.domain.languages import N_, Language
from reporting.domain.live import LiveFigure
from reporting.domain.wording import swing

METRICS: Final = (
    "reason_share",
    "driver_hour_difference",
    "driver_touchpoint_difference",
    "driver_statement_correlation",
)
_REASONS: Final = {
    "henkilokunta": N_("henkilökunta"),
    "odotusaika": N_("odotusaika"),
    "tilat": N_("tilat ja siisteys"),
    "asian_hoituminen": N_("asian hoituminen"),
    "tiedonsaanti": N_("tiedonsaanti"),
    "muu": N_("muu syy"),
}
_TOUCHPOINTS: Final = {
    "before": N_("ennen asiointia"),
    "during": N_("asioinnin aikana"),
    "after": N_("asioinnin jälkeen"),
}
_POLARITIES: Final = {
    "negative": N_("Kielteisen vastauksen syyt"),
    "positive": N_("Myönteisen vastauksen syyt"),
}


def going_with(figures: Iterable[LiveFigure], language: Language) -> Chapter | None:
    """The chapter of one entity and period; None where nothing is known.

    Args:
        figures: of `METRICS`, of the whole period.
        language: to tell it in.
    """
    known = [one for one in figures if one.status == "ok" and one.rounded is not None]

    def of(name: str) -> list[LiveFigure]:
        return [one for one in known if one.metric == name]

    grids = [
        *(_reasons(of("reason_share"), polarity, language) for polarity in _POLARITIES),
        _differences(
            language.say("Tunnit, jolloin ollaan tyytyväisempiä tai tyytymättömämpiä"),
            [(_hour(one, language), one) for one in of("driver_hour_difference")],
            language,
        ),
        _differences(
            language.say("Asioinnin vaiheet"),
            [(_touchpoint(one, language), one) for one in of("driver_touchpoint_difference")],
            language,
        ),
        _statements(of("driver_statement_correlation"), language),
    ]
    shown = [one for one in grids if one]
    if not shown:
        return None
    return Chapter(
        "drivers",
        language.say("Mikä kulkee kokemuksen kanssa"),
        "",
        [
            language.say(
                "Nämä kulkevat kokemuksen kanssa, mutta eivät kerro syytä. Syitä kysytään vasta"
                " vastauksen jälkeen, ja vain osa vastaa."
            ),
            language.say(
                "Tunteja ja vaiheita verrataan saman yksikön muihin vastauksiin. Enintään viisi"
                " suurinta eroa näytetään."
            ),
        ],
        shown,
    )


def _reasons(found: Sequence[LiveFigure], polarity: str, language: Language) -> Grid | None:
    told = [one for one in found if one.dimension.get("polarity") == polarity]
    if not told:
        return None
    told.sort(key=lambda one: (-(one.rounded or 0), str(one.dimension.get("reason"))))
    rows = [
        GridRow(
            _named(_REASONS, str(one.dimension.get("reason")), language),
            "",
            [
                Cell(language.value(one.metric, one.rounded or 0), missing=False),
                _number(one.follow_ups, language),
                _number(one.answers, language),
            ],
        )
        for one in told
    ]
    columns = [
        language.say("Osuus"),
        language.say("Syyn kertoneita"),
        language.say("Vastanneita"),
    ]
    return Grid(language.say(_POLARITIES[polarity]), language.say("Syy"), columns, rows)


def _differences(
    caption: str, told: Sequence[tuple[str, LiveFigure]], language: Language
) -> Grid | None:
    if not told:
        return None
    columns = [
        language.say("Ero tyytyväisten osuudessa, %-yksikköä"),
        language.say("Päivävaihtelun haarukka"),
        language.say("Vastauksia (n)"),
    ]
    rows = [
        GridRow(
            name,
            "",
            [
                Cell(language.value(one.metric, one.rounded or 0), missing=False),
                Cell(swing(one, language), missing=one.variation is None),
                _number(one.n, language),
            ],
        )
        for name, one in told
    ]
    return Grid(caption, language.say("Milloin"), columns, rows)


def _statements(found: Sequence[LiveFigure], language: Language) -> Grid | None:
    if not found:
        return None
    columns = [language.say("Järjestyskorrelaatio"), language.say("Vastauksia (n)")]
    rows = [
        GridRow(
            str(one.dimension.get("question", "")),
            "",
            [
                Cell(language.value(one.metric, one.rounded or 0), missing=False),
                _number(one.n, language),
            ],
        )
        for one in found
    ]
    caption = language.say("Kyselyn väittämät ja suosittelu")
    return Grid(caption, language.say("Väittämä"), columns, rows)


def _hour(figure: LiveFigure, language: Language) -> str:
    hour = int(figure.dimension.get("hour", 0))
    return language.say("klo %(first)s\N{EN DASH}%(last)s", first=hour, last=hour + 1)


def _touchpoint(figure: LiveFigure, language: Language) -> str:
    return _named(_TOUCHPOINTS, str(figure.dimension.get("touchpoint")), language)


def _named(names: Mapping[str, str], code: str, language: Language) -> str:
    return language.say(names[code]) if code in names else code


def _number(value: int | None, language: Language) -> Cell:
    if value is None:
        return Cell(language.word("status.no_data"), missing=True)
    return Cell(language.number(value), missing=False)
