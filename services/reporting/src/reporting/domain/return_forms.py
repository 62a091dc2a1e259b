"""The forms that divisions fill in: fields from the contracts' code lists, rules between them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from kokemus.contracts import events
from kokemus.contracts.codes import Code, CodeLists
from reporting.domain.forms import (
    OR_BEFORE,
    Answers,
    Fault,
    Field,
    Form,
    Group,
    decimal,
    moments,
    whole,
)
from reporting.domain.languages import Language

FormKind = Literal["method", "game", "practice", "reported"]
FORM_KINDS: Final[tuple[FormKind, ...]] = get_args(FormKind)
"""Named as ingest-feedback names its tables: a form and a table become the same events."""
REPEATED: Final[frozenset[FormKind]] = frozenset({"game", "reported"})
"""Forms of which an entity sends as many in a year as it likes; of the others, one."""
LEVELS: Final = (1, 2, 3, 4)
ACTIONS: Final = 5
"""Actions that a game's form has room for; an event takes more."""
MOST_MEASURES: Final = 200
"""Measures of a game, as its contract bounds them."""
ACTION_FIELDS: Final = ("method", "role", "due", "metric")
WAYS: Final = ("survey", "feedback_channel", "continuous", "other_way")
"""How a unit may collect experiences, as the inventory asks."""
MANY: Final[Mapping[str, str]] = {
    "frequency": "practice_frequency",
    "used_where": "practice_place",
    "used_how": "practice_use",
    "respondents": "respondent",
}
"""The inventory's fields with several codes, each with its list; a box for each code."""


@dataclass(frozen=True)
class Words:
    """What a form is made of: one language, the code lists, and the catalogue's metrics."""

    language: Language
    codes: CodeLists
    metrics: Sequence[str]


def methods(codes: CodeLists, level: int) -> list[Code]:
    """The ways of a level; the codes that say there is none are no ways."""
    return [
        one
        for one in codes.of("method").values()
        if one.level == level and one.code != f"none_{level}"
    ]


def method_form(words: Words) -> Form:
    """The return of a service entity: its ways on each level of the ladder, volumes beside."""
    say, word = words.language.say, words.language.word
    groups = []
    for level in LEVELS:
        ways = [
            (
                Field(f"use.{one.code}", word(f"method.{one.code}"), "check"),
                Field(
                    f"volume.{one.code}",
                    say("Määrä: %(way)s", way=word(f"method.{one.code}")),
                    "whole",
                    short=say("määrä"),
                ),
            )
            for one in methods(words.codes, level)
        ]
        nothing = Field(f"none.{level}", say("Tällä tasolla ei ole mitään käytössä"), "check")
        comment = Field(
            f"comment.{level}",
            say("Kommentti tasosta %(level)s", level=level),
            "text",
            hint=say("Pakollinen, jos tasolla ei ole mitään. Jää talon sisälle."),
        )
        legend = say("Taso %(level)s: %(name)s", level=level, name=word(f"level.{level}"))
        groups.append(Group(legend, [*ways, (nothing,), (comment,)]))
    return Form(
        say("Osallisuuden tavat"),
        say(
            "Merkitse tavat, jotka ovat olleet käytössä vuoden aikana. Määrä on vapaaehtoinen:"
            " kertoja, osallistujia tai ehdotuksia."
        ),
        groups,
        lambda answers: _method_faults(words.codes, answers),
    )


def game_form(words: Words) -> Form:
    """A round of the participation game: how many measures in each column, and the actions."""
    say, word = words.language.say, words.language.word
    themes = [
        Group(
            word(f"game_theme.{theme.code}"),
            [[
                Field(f"count.{theme.code}.{column}", word(f"game_column.{column}"), "whole")
                for column in theme.columns
            ]],
        )
        for theme in words.codes.of("game_theme").values()
    ]  # fmt: skip
    choices = {
        "method": _choices(words, "method"),
        "role": _choices(words, "action_role"),
        "metric": _metrics(words),
    }
    labels = {
        "method": say("Tapa"),
        "role": say("Kuka huolehtii"),
        "due": say("Mihin mennessä"),
        "metric": say("Mistä mittarista näkyy"),
    }
    actions = [
        Group(
            say("Toimi %(number)s", number=number),
            [[
                Field(
                    f"action.{number}.{name}",
                    labels[name],
                    "day" if name == "due" else "choice",
                    choices.get(name, ()),
                )
                for name in ACTION_FIELDS
            ]],
        )
        for number in range(1, ACTIONS + 1)
    ]  # fmt: skip
    return Form(
        say("Osallisuuspeli"),
        say("Montako toimenpidettä pelaajat sijoittivat kuhunkin sarakkeeseen, ja mitä sovittiin."),
        [*themes, *actions],
        lambda answers: _game_faults(themes[0].rows[0][0].name, answers),
    )


def practice_form(words: Words) -> Form:
    """How a unit measures its customers' experience, as the inventory asks."""
    say, word = words.language.say, words.language.word
    ways = dict(
        zip(
            WAYS,
            (say("kysely"), say("palautekanava"), say("jatkuva mittaus"), say("muu tapa")),
            strict=True,
        )
    )
    many = {
        "frequency": say("Kuinka usein"),
        "respondents": say("Keneltä kysytään"),
        "used_where": say("Missä tuloksia käsitellään"),
        "used_how": say("Mihin tuloksia käytetään"),
    }
    when = say("Esimerkiksi 2026, 2026-05 tai 2026-05-14.")
    boxes = {
        name: Group(
            legend,
            [
                [Field(f"{name}.{one.code}", word(f"{one.code_list}.{one.code}"), "check")]
                for one in words.codes.of(MANY[name]).values()
            ],
        )
        for name, legend in many.items()
    }
    yes_no = (("true", say("kyllä")), ("false", say("ei")))
    collects = Field(
        "collects", say("Keräättekö asiakaskokemuksia?"), "choice", yes_no, required=True
    )
    before = say("Vuonna 2019 tai aiemmin: -2019. Useita: pilkku väliin.")
    last = Field("last_time", say("Milloin viimeksi"), "when", hint=f"{when} {before}")
    planned = Field("next_planned", say("Milloin seuraavan kerran"), "when", hint=when)
    tool = Field("tool", say("Väline"), "choice", _choices(words, "practice_tool"))
    return Form(
        say("Mittaamisen käytännöt"),
        say("Miten toimipiste tai palvelu mittaa asiakkaidensa kokemusta."),
        [
            Group(say("Kerääminen"), [[collects]]),
            Group(say("Millä tavoin"), [[Field(name, ways[name], "check")] for name in WAYS]),
            boxes["frequency"],
            Group(say("Ajankohdat ja väline"), [[last], [planned], [tool]]),
            boxes["respondents"],
            boxes["used_where"],
            boxes["used_how"],
        ],
        _practice_faults,
    )


def reported_form(words: Words) -> Form:
    """A figure that was published elsewhere: shown as reported, never summed."""
    say, word = words.language.say, words.language.word
    channels = [(one, word(f"channel.{one}")) for one in get_args(events.Channel)]
    scales = [
        ("smiley4", say("neljä hymiötä")),
        ("smiley5", say("viisi hymiötä")),
        ("nps", say("asteikko 0\N{EN DASH}10")),
        ("likert5", say("asteikko 1\N{EN DASH}5")),
        ("grade4_10", say("asteikko 4\N{EN DASH}10")),
    ]
    return Form(
        say("Muualla julkaistu luku"),
        say("Luku näytetään aiemmin julkaistuna. Sitä ei lasketa mihinkään summaan."),
        [
            Group(
                say("Mikä luku"),
                [
                    [Field("metric", say("Mittari"), "choice", _metrics(words), required=True)],
                    [Field("channel", say("Kanava"), "choice", channels, required=True)],
                    [Field("scale", say("Asteikko"), "choice", scales)],
                ],
            ),
            Group(
                say("Jakso"),
                [[
                    Field("period_start", say("Ensimmäinen päivä"), "day", required=True),
                    Field("period_end", say("Viimeinen päivä"), "day", required=True),
                    Field("as_of", say("Tilanne päivänä"), "day", required=True),
                ]],
            ),
            Group(
                say("Luku"),
                [
                    [
                        Field("value", say("Luku, kuten se painettiin"), "decimal"),
                        Field("n", say("Vastauksia (n)"), "whole"),
                    ],
                    [
                        Field("range_low", say("tai vaihteluväli, pienin"), "decimal"),
                        Field("range_high", say("vaihteluväli, suurin"), "decimal"),
                    ],
                    [Field("missing", say("Lukua ei ilmoitettu: puuttuu, ei ole nolla"), "check")],
                    [Field("approx", say("Luku on likimääräinen"), "check")],
                ],
            ),
            Group(
                say("Lähde"),
                [[
                    Field(
                        "source_document",
                        say("Asiakirja ja kohta"),
                        "line",
                        hint=say("Esimerkiksi: vuosikatsaus 2018, taulukko 2. Ei henkilötietoja."),
                        required=True,
                    )
                ]],
            ),
        ],
        _reported_faults,
    )  # fmt: skip


FORMS: Final[Mapping[FormKind, Callable[[Words], Form]]] = {
    "method": method_form,
    "game": game_form,
    "practice": practice_form,
    "reported": reported_form,
}


def _choices(words: Words, code_list: str) -> list[tuple[str, str]]:
    return [
        (code, words.language.word(f"{code_list}.{code}"))
        for code in words.codes.of(code_list)
        if not code.startswith("none_")
    ]


def _metrics(words: Words) -> list[tuple[str, str]]:
    named = [(one, words.language.word(f"metric.{one}")) for one in words.metrics]
    return sorted(named, key=lambda one: words.language.sort_key(one[1]))


def _method_faults(codes: CodeLists, answers: Answers) -> list[Fault]:
    found = []
    for level in LEVELS:
        ways = [one.code for one in methods(codes, level)]
        used = [one for one in ways if f"use.{one}" in answers]
        nothing = f"none.{level}" in answers
        if nothing and used:
            found.append(Fault(f"none.{level}", "level_both"))
        if not nothing and not used:
            found.append(Fault(f"none.{level}", "level_unsaid"))
        if nothing and f"comment.{level}" not in answers:
            found.append(Fault(f"comment.{level}", "comment"))
        found += [
            Fault(f"volume.{one}", "unused_volume")
            for one in ways
            if f"volume.{one}" in answers and one not in used
        ]
    return found


def _game_faults(first: str, answers: Answers) -> list[Fault]:
    found = []
    for number in range(1, ACTIONS + 1):
        names = [f"action.{number}.{name}" for name in ACTION_FIELDS]
        missing = [name for name in names if name not in answers]
        if len(missing) < len(names):
            found += [Fault(name, "action") for name in missing]
    counts = [name for name in answers if name.startswith("count.")]
    placed = {name: whole(answers[name]) for name in counts}
    if sum(placed.values()) > MOST_MEASURES:
        found.append(Fault(max(placed, key=lambda name: placed[name]), "many"))
    if not any(placed.values()) and not any(name.startswith("action.") for name in answers):
        found.append(Fault(first, "nothing"))
    return found


def _practice_faults(answers: Answers) -> list[Fault]:
    planned = moments(answers.get("next_planned", "2000"))
    one_to_come = len(planned) == 1 and not planned[0].endswith(OR_BEFORE)
    return [] if one_to_come else [Fault("next_planned", "when")]


def _reported_faults(answers: Answers) -> list[Fault]:
    found = []
    if answers["period_end"] < answers["period_start"]:
        found.append(Fault("period_end", "period"))
    low, high = answers.get("range_low"), answers.get("range_high")
    if (low is None) != (high is None):
        found.append(Fault("range_low" if low is None else "range_high", "range"))
    elif low is not None and high is not None and decimal(low) > decimal(high):
        found.append(Fault("range_high", "range"))
    if sum(one is not None for one in (answers.get("value"), low, answers.get("missing"))) != 1:
        found.append(Fault("value", "value"))
    return found
