"""The yearly pack for a division's committee: one A4 page as PDF/UA, from a public release only."""

from collections.abc import Sequence
from typing import Any, Final

from reporting.domain.committee import Pack, pack
from reporting.domain.editions import Edition
from reporting.domain.grids import Grid
from reporting.domain.languages import Language
from reporting.domain.releases import Entity
from reporting.outputs import typesetting

_TEMPLATE: Final = "committee"
MOST_TOLD: Final = 6
"""Of what was heard, done and explained, where there is room; the newest."""


def committee_page(edition: Edition, entity: Entity, language: Language, base_url: str) -> bytes:
    """The page as PDF/UA.

    Fewer notes stand there where they would not fit; where even the figures are too many for one
    page, they go on on another, and nothing is left out of them or set smaller.

    Args:
        edition: a release of kind `public-monthly`.
        entity: usually a division.
        language: of the page.
        base_url: the public address, without a slash at its end.

    Raises:
        ValueError: the release is not a public one.
    """
    if edition.content.kind != "public-monthly":
        raise ValueError(edition.content.kind)
    data = _data(edition, entity, pack(edition, entity, language), language, base_url)
    notes = data["told"][:MOST_TOLD]
    for most in range(len(notes), -1, -1):
        data["told"] = notes[:most]
        if typesetting.noted(_TEMPLATE, data, "pages") == ["1"]:
            break
    return typesetting.pdf(_TEMPLATE, data, edition.content.as_of)


def _data(
    edition: Edition, entity: Entity, shown: Pack, language: Language, base_url: str
) -> dict[str, Any]:
    content = edition.content
    return {
        "lang": language.code,
        "title": language.say("%(name)s: asiakaskokemus ja osallisuus", name=shown.name),
        "kicker": language.say("Vuosikatsaus lautakunnalle"),
        "name": shown.name,
        "lead": shown.lead,
        "experience": _grids([shown.experience] if shown.experience else []),
        "chapters": [
            {"title": one.title, "sentence": one.sentence, "grids": _grids(one.grids)}
            for one in shown.chapters
        ],
        "told_title": language.say("Selitykset ja toimet"),
        "told": [
            {"title": one.title, "about": f"{one.day}, {one.about}", "text": one.text}
            for one in shown.told
        ],
        "nothing": language.say("Tästä ei ole vielä kirjattu mitään."),
        "breaks_title": language.say("Katkokset sarjoissa"),
        "breaks": list(shown.breaks),
        "notes": list(shown.notes),
        "foot": language.say(
            "Luvut ovat julkaisusta %(release)s (%(date)s).",
            release=edition.id,
            date=language.day(content.as_of),
        ),
        "url": f"{base_url}/{language.code}/{entity.id}",
    }


def _grids(grids: Sequence[Grid]) -> list[dict[str, Any]]:
    return [_grid(one) for one in grids]


def _grid(grid: Grid) -> dict[str, Any]:
    return {
        "caption": grid.caption,
        "columns": [grid.corner, *grid.columns],
        "rows": [
            [f"{row.name} ({row.about})" if row.about else row.name]
            + [one.text for one in row.cells]
            for row in grid.rows
        ],
    }
