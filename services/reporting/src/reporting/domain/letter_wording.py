"""What each kind of mail says; everything in it comes from a release, or from an alert."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from reporting.domain.alert_wording import mailed
from reporting.domain.alerts import Alert
from reporting.domain.embeds import Embed
from reporting.domain.finding import by_name
from reporting.domain.languages import Language
from reporting.domain.letters import Facts, Heading, Letter, Link, Part, Picture
from reporting.domain.meters import Meter, StageCode
from reporting.domain.releases import Content, Entity, Figure, Note, Period
from reporting.domain.returns import DivisionRound, Round
from reporting.domain.round_wording import stage_words
from reporting.domain.weekly_drafting import ANSWERS, DEVICES, EARLIER
from reporting.domain.wording import changed, printed, series_title

_SCALES: Final = {"happy_index": (0, 100), "nps": (-100, 100)}
"""The metrics of which a line is drawn, with the ends of their scales."""


def weekly(content: Content, entities: Sequence[str], language: Language) -> Letter | None:
    """The weekly mail of whoever manages these entities; None where the release says nothing.

    It tells of these and of what lies below them, and of nothing else.
    """
    week = content.period_start.isocalendar().week
    figures = _by_entity(content, below(content.entities, entities))
    if not figures:
        return None
    own = by_name([one for one in content.entities if one.id in figures], language)
    span = language.period(Period(content.period_start, content.period_end, "week"))
    parts: list[Part] = [
        language.say(
            "Viikko %(week)s, %(span)s. Vain kaupungin sisäiseen käyttöön: älä lähetä eteenpäin.",
            week=week,
            span=span,
        )
    ]
    for entity in own:
        parts += _entity(entity, figures[entity.id], content, language)
        parts += _acts(entity.id, content, language)
    parts += [
        language.say("Suluissa on muutos edellisestä viikosta."),
        language.say(
            "Vastaajat ovat itse päättäneet vastata: luvut eivät ole otos kaikista. Lukua ei"
            " näytetä, jos vastauksia on liian vähän. Puuttuva luku ei ole nolla."
        ),
        Link(language.say("Avaa Kokemuksen työpöytä"), f"/desk/weeks?entity={own[0].id}"),
    ]
    subject = language.say("Viikon %(week)s palaute", week=week)
    return Letter(language.code, subject, tuple(parts))


def below(entities: Iterable[Entity], tops: Sequence[str]) -> frozenset[str]:
    """These entities and all below them, as a release has its tree."""
    parents = {one.id: one.parent for one in entities}
    found = set(tops) & parents.keys()
    grown = True
    while grown:
        more = {id_ for id_, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    return frozenset(found)


def alerting(alerts: Sequence[Alert], names: Mapping[str, Entity], language: Language) -> Letter:
    """The mail that tells of new alerts."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for one in alerts:
        grouped[one.entity].append(mailed(one, language))
    parts: list[Part] = []
    for entity, sentences in grouped.items():
        parts.append(Heading(language.of(names[entity].names) if entity in names else entity))
        parts += sentences
    parts.append(Link(language.say("Avaa hälytykset työpöydällä"), "/desk/alerts"))
    count = len(alerts)
    subject = language.translations.ngettext(
        "%(num)s uusi hälytys", "%(num)s uutta hälytystä", count
    ) % {"num": count}
    return Letter(language.code, subject, tuple(parts))


def reminding(
    round_: Round, divisions: Sequence[DivisionRound], today: date, language: Language
) -> Letter:
    """The mail to a division's contact about who has not returned anything yet."""
    day = language.day(round_.due)
    parts: list[Part] = [
        language.say("Määräpäivä oli %(day)s.", day=day)
        if today > round_.due
        else language.say("Määräpäivä on %(day)s.", day=day)
    ]
    for one in divisions:
        missing = [row for row in one.rows if row.missing]
        names = [(language.of(row.entity.names), language.say("puuttuu")) for row in missing]
        parts.append(Facts(language.of(one.division.names), tuple(sorted(names))))
    parts.append(Link(language.say("Avaa palautukset"), f"/desk/returns?year={round_.year}"))
    subject = language.say("Palautuksia puuttuu vielä (%(year)s)", year=round_.year)
    return Letter(language.code, subject, tuple(parts))


def stepping(
    year: int, stage: StageCode, due: date, missing: Sequence[Meter], language: Language
) -> Letter:
    """The mail to administrators about a step of the round that meters have not taken."""
    step, day = stage_words(stage, language), language.day(due)
    names = tuple((language.of(one.name), language.say("puuttuu")) for one in missing)
    return Letter(
        language.code,
        language.say("%(step)s: määräpäivä %(day)s", step=step, day=day),
        (
            Facts(step, names),
            Link(language.say("Avaa mittarien kierros"), f"/desk/rounds/{year}"),
        ),
    )


def undelivered(name: str, language: Language) -> Letter:
    """The mail to administrators about somebody whose mail does not arrive."""
    return Letter(
        language.code,
        language.say("Viestit eivät mene perille"),
        (
            language.say(
                "Käyttäjän %(name)s viestejä ei voi toimittaa, joten niitä ei enää lähetetä."
                " Tarkista osoite käyttäjätiedoista.",
                name=name,
            ),
        ),
    )


def embed_ended(embed: Embed, entity: Entity | None, language: Language) -> Letter:
    """The mail to the editors of a page whose embed is of an entity that has ended.

    Args:
        embed: the embed in use.
        entity: what it is of; None where it is published no more.
        language: of the embed.
    """
    name = language.of(entity.names) if entity else embed.entity
    return Letter(
        language.code,
        language.say("Upotettu sisältö on päättynyt"),
        (
            language.say(
                "Sivulla %(address)s on upotettuna %(name)s, joka on päättynyt. Vaihda tai poista"
                " upotus.",
                address=embed.address,
                name=name,
            ),
            Link(language.say("Katso sivu"), f"/{language.code}/{embed.entity}"),
        ),
    )


Key = tuple[str, str | None, str | None]


def _by_entity(content: Content, wanted: frozenset[str]) -> dict[str, dict[Key, list[Figure]]]:
    """The figures that a weekly mail tells, whatever else a content may hold."""
    found: dict[str, dict[Key, list[Figure]]] = defaultdict(lambda: defaultdict(list))
    for one in content.figures:
        if one.entity in wanted and one.metric in (*ANSWERS, DEVICES):
            found[one.entity][one.channel, one.scale, one.family].append(one)
    return found


def _entity(
    entity: Entity, series: Mapping[Key, Sequence[Figure]], content: Content, language: Language
) -> list[Part]:
    parts: list[Part] = [Heading(language.of(entity.names))]
    for key, figures in series.items():
        newest = [one for one in figures if one.period.first == content.period_start]
        rows = [row for one in newest if (row := _row(one, content, language))]
        title = series_title(*key, language)
        if newest and newest[0].metric == DEVICES:
            title = language.say("Palautelaitteet")
        if not rows:
            rows = [(language.say("Tällä viikolla"), language.word("status.no_data"))]
        parts.append(Facts(title, tuple(rows)))
        parts += _pictures(figures, content, language)
    return parts


def _acts(entity: str, content: Content, language: Language) -> list[Part]:
    """What was done and handled in the weeks that are told, the newest first."""
    return [
        f"{language.day(one.day)}. {_acted(one, language)}: {language.of(one.text)}"
        for one in reversed(content.notes)
        if one.entity == entity
    ]


def _acted(note: Note, language: Language) -> str:
    if note.kind == "handled":
        return language.say("Käsitelty kokouksessa")
    return language.say("Mitä teimme")


def _row(figure: Figure, content: Content, language: Language) -> tuple[str, str]:
    name = language.word(f"metric.{figure.metric}", content.texts).partition(" (")[0]
    change = changed(figure.change, language) if figure.status == "ok" else ""
    value = printed(figure, language)
    return name[:1].upper() + name[1:], f"{value} ({change})" if change else value


def _pictures(figures: Sequence[Figure], content: Content, language: Language) -> list[Part]:
    """A line of each metric that has one, where two weeks at least have a value."""
    made: list[Part] = []
    starts = [
        content.period_start - timedelta(weeks=back) for back in range(EARLIER.days // 7, -1, -1)
    ]
    for metric, scale in _SCALES.items():
        known = {one.period.first: one for one in figures if one.metric == metric}
        line = [(start, known.get(start)) for start in starts]
        values = tuple(one.value if one else None for _, one in line)
        if len(values) - values.count(None) < 2:
            continue
        points = tuple(
            (
                language.say("viikko %(week)s", week=start.isocalendar().week),
                printed(one, language) if one else language.word("status.no_data"),
            )
            for start, one in line
        )
        name = language.word(f"metric.{metric}", content.texts).partition(" (")[0]
        caption = language.say(
            "%(metric)s viikoittain, asteikko %(scale)s",
            metric=f"{name[:1].upper()}{name[1:]}",
            scale="\N{EN DASH}".join(map(language.number, scale)),
        )
        made.append(Picture(caption, points, values, scale))
    return made
