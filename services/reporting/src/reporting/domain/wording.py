"""How figures, series and changes are put into words, in one language."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil, floor
from typing import Final

from reporting.domain.drafting import METRICS, MIN_N
from reporting.domain.editions import Edition, Row, Series
from reporting.domain.languages import DECIMALS, N_, Language
from reporting.domain.live import LiveFigure
from reporting.domain.releases import Change, Figure, Text

LEVELS: Final = ("happy_index", "nps", "satisfied_share", "very_positive_share")
"""The metrics that say how it was, in the order in which a sentence prefers them."""
_UNMARKED: Final = frozenset({"self_selected", "bias_note"})
"""Flags that hold for a whole series, and so stand in its notes and not in each row."""
_HEARD: Final = {
    "kiosk": N_(
        "Palautelaitteilla annettiin %(n)s hymiövastausta (%(period)s), ja %(metric)s oli"
        " %(value)s."
    ),
    "mobile": N_(
        "Kotikäynneillä annettiin %(n)s hymiövastausta (%(period)s), ja %(metric)s oli %(value)s."
    ),
    "web_smiley": N_(
        "Verkkosivuilla annettiin %(n)s hymiövastausta (%(period)s), ja %(metric)s oli %(value)s."
    ),
    "survey": N_("Kyselyyn saatiin %(n)s vastausta (%(period)s), ja %(metric)s oli %(value)s."),
}
_RECOMMENDED: Final = N_(
    "Suosittelukysymykseen annettiin %(n)s vastausta (%(period)s), ja %(metric)s oli %(value)s."
)
_LEAD: Final = N_("%(asked)s (%(period)s): vastauksia tuli %(n)s, ja %(metric)s oli %(value)s.")
_LEAD_CHANGED: Final = N_(
    "%(asked)s (%(period)s): vastauksia tuli %(n)s, %(metric)s oli %(value)s, ja muutos vuodessa"
    " oli %(change)s."
)
_LEAD_NOT_COMPARED: Final = N_(
    "%(asked)s (%(period)s): vastauksia tuli %(n)s, ja %(metric)s oli %(value)s. Muutos vuodessa:"
    " %(change)s."
)
_ASKED_TO_RECOMMEND: Final = N_(
    "Asiakkailta kysyttiin asteikolla 0\N{EN DASH}10, kuinka todennäköisesti he suosittelisivat"
    " palvelua."
)
_SCALES: Final = {
    "nps": N_("asteikko 0\N{EN DASH}10"),
    "likert5": N_("asteikko 1\N{EN DASH}5"),
    "grade4_10": N_("asteikko 4\N{EN DASH}10"),
}
_FAMILIES: Final = {"recommend": N_("suosittelukysymys"), "statement": N_("väittämät")}
_COLUMNS: Final = {
    "press_count": N_("Vastauksia (n)"),
    "nps": N_("NPS"),
    "promoter_share": N_("Suosittelijat"),
    "passive_share": N_("Passiiviset"),
    "detractor_share": N_("Arvostelijat"),
}
"""Metrics whose name is too long for a column."""
_UNCHANGED: Final = {
    "not_comparable": N_("Hymiöindeksiä ei voi verrata vuoden takaiseen."),
    "no_baseline": N_("Vuoden takaista hymiöindeksiä ei ole."),
}
"""Why there is no change to tell, in a sentence."""
_ASKED: Final = {
    "kiosk": N_("Asiakkaita pyydettiin arvioimaan asiointinsa palautelaitteen hymiöillä."),
    "mobile": N_("Asiakkaita pyydettiin arvioimaan kotikäynti sovelluksen hymiöillä."),
    "web_smiley": N_("Verkkosivujen kävijöitä pyydettiin arvioimaan käyntinsä hymiöillä."),
    "survey": N_("Asiakkailta kysyttiin kyselyssä, millainen heidän kokemuksensa oli."),
}


def printed(figure: Figure, language: Language) -> str:
    """A figure as every output prints it: its value, its range, or its status in words."""
    if figure.value is not None:
        return language.value(figure.metric, figure.value)
    if figure.range is not None:
        return language.span(figure.metric, figure.range.low, figure.range.high)
    return language.word(f"status.{figure.status}")


def series_title(channel: str, scale: str | None, family: str | None, language: Language) -> str:
    """What a series is called: its channel, its scale, and its family where it is another."""
    name = language.word(f"channel.{channel}")
    faces = {"smiley4": 4, "smiley5": 5}.get(scale or "")
    parts = [
        name[:1].upper() + name[1:],
        None if family == "overall" else _said(_FAMILIES, family, language),
        language.say("%(count)s hymiötä", count=faces)
        if faces
        else _said(_SCALES, scale, language),
    ]
    return ", ".join(one for one in parts if one)


def changed(change: Change | None, language: Language) -> str:
    """What a comparison with the year before says, in words; empty where there is none."""
    if change is None:
        return ""
    if change.status == "changed_composition":
        why = language.word("flag.changed_composition")
    elif change.status == "ok":  # a count, say, is neither better nor worse
        why = language.word(f"change.{change.verdict}") if change.verdict else ""
    else:
        why = language.word(f"status.{change.status}")
    if change.value is None or change.status not in ("ok", "changed_composition"):
        return why
    return ", ".join(filter(None, (language.change(change.value), why)))


def swing(figure: LiveFigure, language: Language) -> str:
    """Between which values a figure swings from day to day; empty if unknown."""
    ends = swing_ends(figure)
    return language.span(figure.metric, *ends) if ends else ""


def swing_ends(figure: LiveFigure) -> tuple[float, float] | None:
    """The same as numbers: rounded outward to the decimals in which the figure is printed."""
    if figure.variation is None:
        return None
    step = 10 ** DECIMALS.get(figure.metric, 0)
    return floor(figure.variation.low * step) / step, ceil(figure.variation.high * step) / step


def sentence(edition: Edition, series: Series, row: Row, language: Language) -> str:
    """One sentence: how many answered, when, and how it was."""
    period = language.period(row.period)
    count = row.figures.get("press_count")
    level = _level(row)
    if count is None or count.value is None or level is None:
        first = count or next(iter(row.figures.values()))
        said = printed(first, language)
        return language.say("%(period)s: %(status)s.", period=period, status=said)
    name = language.word(f"metric.{level.metric}", edition.content.texts)
    said = _HEARD.get(series.channel, _HEARD["kiosk"])
    if level.metric == "nps":
        said = _RECOMMENDED
    return language.say(
        said,
        n=printed(count, language),
        period=period,
        metric=name.partition(" (")[0],
        value=printed(level, language),
    )


def lead(edition: Edition, series: Series, row: Row, language: Language) -> str:
    """One sentence for the top of a page: what was asked, when, how many answered, what changed."""
    question = asked(series, language).removesuffix(".")
    count = row.figures.get("press_count")
    level = _level(row)
    if not question or count is None or count.value is None or level is None:
        return sentence(edition, series, row, language)
    words = {
        "asked": question,
        "period": language.period(row.period),
        "n": printed(count, language),
        "metric": language.word(f"metric.{level.metric}", edition.content.texts).partition(" (")[0],
        "value": printed(level, language),
        "change": changed(level.change, language),
    }
    if level.change is None:
        return language.say(_LEAD, **words)
    if level.change.status == "ok" and level.change.value is not None:
        return language.say(_LEAD_CHANGED, **words)
    return language.say(_LEAD_NOT_COMPARED, **words)


def is_told(series: Series) -> bool:
    """Whether a series is more than the n of a survey, whose mean stands among the surveys."""
    rows = (row for of_grain in series.rows.values() for row in of_grain)
    return series.channel != "survey" or any(name in row.figures for row in rows for name in LEVELS)


def _level(row: Row) -> Figure | None:
    """The figure that says how it was, where one is shown."""
    figures = (row.figures.get(name) for name in LEVELS)
    return next((one for one in figures if one and one.value is not None), None)


def since_last_year(change: Change | None, language: Language) -> str:
    """The change of the index from the year before, in a sentence."""
    if change is None:
        return ""
    if change.status in _UNCHANGED:
        return language.say(_UNCHANGED[change.status])
    return language.say(
        "Hymiöindeksin muutos vuodessa: %(change)s.", change=changed(change, language)
    )


def asked(series: Series, language: Language) -> str:
    """What people were asked, in a sentence; empty where nothing is known."""
    if series.family == "recommend":
        return language.say(_ASKED_TO_RECOMMEND)
    return language.say(_ASKED[series.channel]) if series.channel in _ASKED else ""


def explanations(
    figures: Sequence[Figure], texts: Mapping[str, Text], language: Language
) -> list[tuple[str, str]]:
    """Each text once, with the names of all the metrics that it explains."""
    named: dict[str, list[str]] = defaultdict(list)
    for name in METRICS:
        if any(one.metric == name for one in figures):
            named[language.word(f"explain.{name}", texts)].append(
                language.word(f"metric.{name}", texts)
            )
    return [(language.sentence(names), text) for text, names in named.items()]


def notes(figures: Sequence[Figure], texts: Mapping[str, Text], language: Language) -> list[str]:
    """What holds for all figures: who answered, what is not shown, each bias note once."""
    biases = dict.fromkeys(note for one in figures for note in one.bias_notes)
    return [*_general_notes(figures, language)] + [
        language.word(f"bias_note.{note}", texts) for note in biases
    ]


def _general_notes(figures: Sequence[Figure], language: Language) -> Iterator[str]:
    if any("self_selected" in one.flags for one in figures):
        yield language.say("Vastaajat ovat itse päättäneet vastata: luvut eivät ole otos kaikista.")
    yield language.say(
        "Lukua ei näytetä, jos vastauksia on alle %(count)s. Puuttuva luku ei ole nolla.",
        count=MIN_N,
    )


def reported(figures: Sequence[Figure], language: Language) -> str:
    """Where figures that were published elsewhere come from; empty without any."""
    if not figures:
        return ""
    said = language.say(
        "Merkityt luvut on julkaistu aiemmin muualla, ja ne näytetään sellaisina kuin ne"
        " julkaistiin."
    )
    told = [one.reported for one in figures if one.reported]
    if told:
        last = max(one.as_of for one in told)
        said += " " + language.say("Niiden tiedot päättyvät %(date)s.", date=language.day(last))
        source = language.sentence(sorted({one.source for one in told}))
        said += " " + language.say("Lähde: %(source)s.", source=source)
    return said


def heading(metric: str, name: str, language: Language) -> str:
    """A metric's name, short enough for a column."""
    if metric in _COLUMNS:
        return language.say(_COLUMNS[metric])
    return name.partition(" (")[0]


def caption(grain: str, language: Language) -> str:
    """What a table by month or by year is called."""
    return language.say("Kuukausittain") if grain == "month" else language.say("Vuosittain")


def late(series: Series, row: Row, language: Language) -> str:
    """That a year is not whole, where its first months are missing."""
    month = series.late_start(row.period)
    if month is None:
        return ""
    return language.say(
        "ei koko vuosi: ensimmäinen kuukausi on %(month)s", month=language.period(month)
    )


def row_notes(row: Row, language: Language) -> str:
    """The flags of a row's figures that do not hold for the whole series."""
    return flag_words(row.figures.values(), language)


def flag_words(figures: Iterable[Figure], language: Language) -> str:
    """The flags of figures in words, without those that hold for a whole series."""
    flags = dict.fromkeys(flag for one in figures for flag in one.flags if flag not in _UNMARKED)
    return ", ".join(language.word(f"flag.{flag}") for flag in flags)


def _said(words: Mapping[str, str], code: str | None, language: Language) -> str | None:
    return language.say(words[code]) if code is not None and code in words else code
