"""An A4 poster for the notice board of a service location, from a public release only."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import segno

from reporting.domain import wording
from reporting.domain.editions import Edition, Row, Series
from reporting.domain.languages import Language
from reporting.domain.releases import Entity, Figure, Note
from reporting.outputs import typesetting

MOST_NOTES: Final = 4
"""Of what was heard, and of what was done; fewer stand there if they are long."""
_LONG_NAME: Final = 32


def poster(edition: Edition, entity: Entity, languages: Sequence[Language], base_url: str) -> bytes:
    """The poster as PDF/UA: name, a sentence, a number, what was heard and done, how to answer.

    Args:
        edition: a release of kind `public-monthly`.
        entity: whose poster it is.
        languages: one, or two that stand beside each other; the first is the document's own.
        base_url: the public address, without a slash at its end.

    Raises:
        ValueError: the release is not a public one.
    """
    if edition.content.kind != "public-monthly":
        raise ValueError(edition.content.kind)
    first = languages[0]
    series = next((one for one in edition.series(entity.id) if one.newest), None)
    row = series.newest if series else None
    figure = _figure(row)
    url = f"{base_url}/{first.code}/{entity.id}"
    name = first.of(entity.names)
    data = {
        "title": first.say("%(name)s: mitä asiakkaat sanoivat", name=name),
        "name_size": 34 if len(name) <= _LONG_NAME else 26,
        "parts": [_part(edition, entity, series, row, one) for one in languages],
        "value": wording.printed(figure, first) if figure else "\N{EN DASH}",
        "missing": figure is None or figure.value is None,
        "url": url,
        "code": _code(url),
        "code_alt": first.say("QR-koodi, joka vie sivulle %(url)s", url=url),
    }
    return typesetting.pdf("poster", data, edition.content.as_of)


def _figure(row: Row | None) -> Figure | None:
    """The one figure of the poster: how it was, else how many answered."""
    shown = [row.figures[name] for name in wording.LEVELS if name in row.figures] if row else []
    known = next((one for one in shown if one.value is not None), None)
    return known or next(iter(shown), None)


def _part(
    edition: Edition, entity: Entity, series: Series | None, row: Row | None, language: Language
) -> dict[str, Any]:
    say, texts = language.say, edition.content.texts
    figure = _figure(row)
    heard, done = (_notes(edition, entity, kind, language) for kind in ("heard", "done"))
    return {
        "lang": language.code,
        "name": language.of(entity.names),
        "sentence": wording.sentence(edition, series, row, language)
        if series and row
        else say("Tästä ei ole vastauksia tässä julkaisussa."),
        "label": language.word(f"metric.{figure.metric}", texts) if figure else "",
        "about": _about(row, figure, language),
        "heard_title": say("Tätä kuulimme"),
        "heard": heard,
        "done_title": say("Tätä teimme"),
        "nothing": say("Tästä ei ole vielä kirjattu mitään."),
        "more": say("Lue teksti sivulta, jolle koodi vie."),
        "done": done,
        "feedback_title": say("Anna palautetta"),
        "feedback": say(
            "Kerro henkilökunnalle tai käytä palautelaitetta. Sivulla kerrotaan, miten palautetta"
            " voi antaa verkossa ja mihin valitukset tehdään."
        ),
        "foot": say(
            "Luvut ovat julkaisusta %(release)s (%(date)s).",
            release=edition.id,
            date=language.day(edition.content.as_of),
        ),
    }


def _about(row: Row | None, figure: Figure | None, language: Language) -> str:
    if row is None or figure is None:
        return ""
    period = language.period(row.period)
    count = row.figures.get("press_count")
    if count is None or count.value is None:
        return period
    return language.say(
        "%(period)s, vastauksia %(n)s", period=period, n=wording.printed(count, language)
    )


def _notes(edition: Edition, entity: Entity, kind: str, language: Language) -> list[dict[str, str]]:
    own = [one for one in edition.content.notes if (one.entity, one.kind) == (entity.id, kind)]
    return [
        {"text": language.of(one.text), "day": language.day(one.day)}
        for one in sorted(own, key=_newest)[:MOST_NOTES]
    ]


def _newest(note: Note) -> tuple[int, str]:
    return -note.day.toordinal(), note.text.fi


def _code(url: str) -> str:
    drawn = BytesIO()
    segno.make(url, error="m", micro=False).save(drawn, kind="svg", border=2, light="#fff")
    return drawn.getvalue().decode()
