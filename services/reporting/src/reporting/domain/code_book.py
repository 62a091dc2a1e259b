"""The code book of the open data: every code that a release uses, with its name in words."""

from typing import Any, Final

from reporting.domain.editions import Edition
from reporting.domain.languages import CODES
from reporting.domain.releases import Content, Text

COLUMNS: Final = ("list", "code", *(
    f"{group}_{code}" for group in ("name", "explanation") for code in CODES
))  # fmt: skip
_OF_ALL: Final = {
    "status.ok": Text("luku on julkaistu", "siffran är publicerad", "the figure is published"),
    "scale.smiley4": Text("neljä hymiötä", "fyra smileyer", "four smileys"),
    "scale.smiley5": Text("viisi hymiötä", "fem smileyer", "five smileys"),
    "scale.nps": Text("asteikko 0\N{EN DASH}10", "skala 0\N{EN DASH}10", "scale 0\N{EN DASH}10"),
    "scale.likert5": Text("asteikko 1\N{EN DASH}5", "skala 1\N{EN DASH}5", "scale 1\N{EN DASH}5"),
    "scale.grade4_10": Text(
        "asteikko 4\N{EN DASH}10", "skala 4\N{EN DASH}10", "scale 4\N{EN DASH}10"
    ),
    "family.overall": Text("yleisarvio", "helhetsomdöme", "overall question"),
    "family.recommend": Text(
        "suosittelukysymys", "rekommendationsfråga", "recommendation question"
    ),
    "family.statement": Text("väittämät", "påståenden", "statements"),
    "grain.week": Text("viikko", "vecka", "week"),
    "grain.month": Text("kuukausi", "månad", "month"),
    "grain.year": Text("vuosi", "år", "year"),
    "note.explanation": Text("selitys", "förklaring", "explanation"),
    "note.heard": Text("mitä kuulimme", "vad vi hörde", "what we heard"),
    "note.done": Text("mitä teimme", "vad vi gjorde", "what we did"),
    "break.breaks": Text(
        "lukuja ei voi verrata katkoksen yli",
        "siffror kan inte jämföras över brottet",
        "figures cannot be compared across the break",
    ),
    "break.caution": Text(
        "vertaa varoen", "jämför med försiktighet", "compare with caution"
    ),
}  # fmt: skip
"""Names of codes that releases use without freezing a text for them."""


def code_book(edition: Edition) -> list[dict[str, Any]]:
    """A row a code, by list and code: `list`, `code`, its names, and what a metric says."""
    texts = edition.content.texts
    named = {code: Text(code.partition(".")[2]) for code in _used(edition.content)}
    named |= {code: text for code, text in _OF_ALL.items() if code in named}
    named |= {code: text for code, text in texts.items() if text.fi}
    table: list[dict[str, Any]] = []
    for code, text in sorted(named.items()):
        group, _, name = code.partition(".")
        if group == "explain":
            continue
        explained = texts.get(f"explain.{name}") if group == "metric" else None
        row = {"list": group, "code": name}
        for column, said in (("name", text), ("explanation", explained or Text("", "", ""))):
            row |= {f"{column}_{one}": getattr(said, one) or "" for one in CODES}
        table.append(row)
    return table


def _used(content: Content) -> set[str]:
    """The codes of figures, breaks and notes."""
    codes = {f"break.{one.kind}" for one in content.breaks}
    codes |= {f"note.{one.kind}" for one in content.notes}
    for one in content.figures:
        codes |= {f"metric.{one.metric}", f"status.{one.status}", f"grain.{one.period.grain}"}
        codes |= {f"scale.{one.scale}"} if one.scale else set()
        codes |= {f"family.{one.family}"} if one.family else set()
        codes |= {f"flag.{flag}" for flag in one.flags}
        codes |= {f"bias_note.{note}" for note in one.bias_notes}
    return codes
