"""What an entity's page says beside the answers at devices.

Feedback, surveys, participation, statutory channels, and how experience is measured:
each is a sentence and its tables. A hidden cell is told in words and drawn nowhere.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reporting.domain.editions import Edition
from reporting.domain.grids import (
    Cell,
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
from reporting.domain.participation import participation
from reporting.domain.releases import Entity, Figure, Note, Text
from reporting.domain.statutory import statutory
from reporting.domain.wording import flag_words, printed

KINDS: Final = ("kiitos", "moite", "kysymys", "ehdotus", "vikailmoitus", "muu")
_NOTES: Final = {
    "heard": N_("Mitä kuulimme"),
    "done": N_("Mitä teimme"),
    "explanation": N_("Selitys"),
    "handled": N_("Käsitelty kokouksessa"),
}


@dataclass(frozen=True)
class Told:
    """What somebody responsible says, with the day and the figure that it explains."""

    kind: str
    title: str
    day: str
    about: str
    text: str


def chapters(edition: Edition, entity: Entity, language: Language) -> list[Chapter]:
    """The parts of which the release knows something."""
    makers: Sequence[Callable[[Edition, Entity, Language], Chapter | None]] = (
        _feedback, _surveys, participation, statutory, _measuring,
    )  # fmt: skip
    return [found for make in makers if (found := make(edition, entity, language))]


def told(notes: Iterable[Note], texts: Mapping[str, Text], language: Language) -> list[Told]:
    """What the city heard and did, and its explanations: the newest first."""
    return [
        Told(
            one.kind,
            language.say(_NOTES[one.kind]),
            language.day(one.day),
            _explained(one, texts, language),
            language.of(one.text),
        )
        for one in sorted(notes, key=lambda one: (one.day, one.kind), reverse=True)
    ]


def _explained(note: Note, texts: Mapping[str, Text], language: Language) -> str:
    name = language.word(f"metric.{note.metric}", texts) if note.metric else ""
    return ", ".join(filter(None, (name, language.period(note.period) if note.period else "")))


def _feedback(edition: Edition, entity: Entity, language: Language) -> Chapter | None:
    found = edition.figures(
        entity.id,
        "feedback_count",
        "answered_in_promise_share",
        "praise_share",
        "criticism_share",
        "unanswered_overdue",
    )
    columns = [
        Column(language.say("Yhteensä"), "feedback_count", {}),
        *(Column(language.word(f"kind.{kind}"), "feedback_count", {"kind": kind})
          for kind in KINDS),
        *(Column(metric_name(metric, edition, language), metric, {})
          for metric in (
              "praise_share", "criticism_share", "answered_in_promise_share", "unanswered_overdue"
          )),
    ]  # fmt: skip
    grids = [
        grid
        for grain, caption in (
            ("month", language.say("Verkkopalaute kuukausittain")),
            ("year", language.say("Verkkopalaute vuosittain")),
        )
        if (grid := by_period(caption, of_grain(found, grain), columns, language))
    ]
    if not grids:
        return None
    counts = [one for one in found if one.metric == "feedback_count" and not one.dimension]
    newest = newest_of(counts)
    promised = [one for one in found if one.metric == "answered_in_promise_share"]
    sentence = _came(newest, language) if newest else ""
    for one in promised:
        if newest and one.period == newest.period and one.value is not None and not one.dimension:
            sentence += " " + language.say(
                "Vastausta odottaneista %(share)s sai vastauksen luvatussa ajassa.",
                share=printed(one, language),
            )
    notes = biases(found, edition, language)
    return Chapter("feedback", language.say("Verkkopalaute"), sentence, notes, grids)


def _came(count: Figure, language: Language) -> str:
    words = {"period": language.period(count.period), "n": printed(count, language)}
    if count.value is None:
        return language.say("Verkkopalautteiden määrä (%(period)s): %(n)s.", **words)
    return language.say("Verkkopalautteita tuli %(n)s (%(period)s).", **words)


def _surveys(edition: Edition, entity: Entity, language: Language) -> Chapter | None:
    metrics = ("mean_likert5", "mean_grade4_10")
    found = [one for one in edition.figures(entity.id, *metrics) if one.status != "no_data"]
    if not found:
        return None
    rows = [
        GridRow(
            language.period(one.period),
            flag_words([one], language),
            [
                Cell(metric_name(one.metric, edition, language), missing=False),
                cell(one, language),
                Cell(language.number(one.n), missing=False)
                if one.n is not None
                else Cell(language.say("ei ilmoitettu"), missing=True),
            ],
        )
        for one in sorted(found, key=lambda one: (one.period.first, one.metric), reverse=True)
    ]
    columns = [
        language.say("Kysytty"),
        language.say("Tulos"),
        language.say("Vastauksia (n)"),
    ]
    grid = Grid(language.say("Kyselyjen tulokset"), language.say("Jakso"), columns, rows)
    newest = newest_of(found)
    sentence = plain_sentence(newest, edition, language) if newest else ""
    notes = biases(found, edition, language)
    return Chapter("survey", language.say("Kyselyt"), sentence, notes, [grid])


def _measuring(edition: Edition, entity: Entity, language: Language) -> Chapter | None:
    metrics = (
        "measurement_coverage",
        "observed_measurement_coverage",
        "measurement_staleness",
        "device_count",
    )
    newest = [one for name in metrics if (one := newest_of(edition.figures(entity.id, name)))]
    if not newest:
        return None
    rows = [
        GridRow(
            metric_name(one.metric, edition, language),
            flag_words([one], language),
            [cell(one, language), Cell(language.period(one.period), missing=False)],
        )
        for one in newest
    ]
    columns = [language.say("Luku"), language.say("Jakso")]
    grid = Grid(language.say("Mittaamisen tila"), language.say("Mittari"), columns, rows)
    return Chapter(
        "measuring",
        language.say("Näin kokemusta mitataan"),
        plain_sentence(newest[0], edition, language),
        [],
        [grid],
    )
