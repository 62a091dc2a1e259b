"""Objections, complaints and the ombudsperson on an entity's page: counts a year, in words only."""

from collections.abc import Iterable, Sequence
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
    newest_of,
    of_grain,
)
from reporting.domain.languages import N_, Language
from reporting.domain.releases import Entity, Figure
from reporting.domain.wording import printed

CASES: Final = ("muistutus", "kantelu", "unspecified")
_FIELDS: Final = {
    "health": N_("Terveydenhuolto"),
    "social": N_("Sosiaalihuolto"),
    "both": N_("Molemmat"),
}
_REASONS: Final = {
    "hoito": N_("Hoito"),
    "hoitotulos": N_("Hoidon tulos"),
    "kohtelu": N_("Kohtelu"),
    "palvelu": N_("Palvelu"),
    "muu": N_("Muu syy"),
}
"""The classes of reasons of the contracts, in their order there."""
_TITLE_CHANGED: Final = 2024
"""The first year in which the ombudsman is called ombudsperson."""


def statutory(edition: Edition, entity: Entity, language: Language) -> Chapter | None:
    """The chapter of an entity; None where the release knows nothing of it."""
    cases = edition.figures(entity.id, "complaint_count")
    contacts = edition.figures(entity.id, "ombudsman_contacts", "ombudsman_matters")
    total = language.say("Yhteensä")
    grids = [
        by_period(
            language.say("Muistutukset ja kantelut vuosittain"),
            of_grain(cases, "year"),
            [
                Column(total, "complaint_count", {}),
                *(Column(language.word(f"kind.{kind}"), "complaint_count", {"kind": kind})
                  for kind in CASES),
            ],
            language,
        ),
        by_period(
            _ombudsperson(contacts, language),
            of_grain(contacts, "year"),
            [
                Column(language.say("Yhteydenottoja"), "ombudsman_contacts", {}),
                *(Column(language.say(name), "ombudsman_contacts", {"field": field})
                  for field, name in _FIELDS.items()),
                Column(language.say("Asioita"), "ombudsman_matters", {}),
            ],
            language,
        ),
    ]  # fmt: skip
    grids.insert(1, _reasons(cases, language))
    shown = [one for one in grids if one]
    if not shown:
        return None
    return Chapter(
        "statutory",
        language.say("Muistutukset, kantelut ja asiavastaava"),
        _cases(cases, language),
        [
            language.say(
                "Muistutus tehdään toimipaikkaan ja kantelu valvovalle viranomaiselle. Ne eivät ole"
                " palautetta, eikä yksikään niistä vielä tarkoita virhettä."
            ),
            *(
                [
                    language.say(
                        "Pieniä määriä ei näytetä, jotta ketään ei voi tunnistaa. Silloin"
                        " piilotetaan myös lukuja, joista pienen määrän voisi laskea."
                    )
                ]
                if any(one.status == "suppressed" for one in (*cases, *contacts))
                else []
            ),
            *biases([*cases, *contacts], edition, language),
        ],
        shown,
    )


def _cases(cases: Sequence[Figure], language: Language) -> str:
    """How many of each kind in the newest year, in a sentence."""
    by_kind = [one for one in cases if one.dimension.keys() == {"kind"}]
    newest = newest_of(by_kind)
    if newest is None:
        return ""
    told = {one.dimension["kind"]: one for one in by_kind if one.period == newest.period}
    return language.say(
        "%(period)s: %(counts)s.",
        period=language.period(newest.period),
        counts=", ".join(
            f"{language.word(f'kind.{kind}')} {printed(told[kind], language)}"
            for kind in CASES
            if kind in told
        ),
    )


def _reasons(cases: Sequence[Figure], language: Language) -> Grid | None:
    """Reasons by kind in the newest year that has any."""
    known = [one for one in cases if one.dimension.keys() == {"kind", "reason"}]
    newest = newest_of(known)
    if newest is None:
        return None
    at = {
        (one.dimension["reason"], one.dimension["kind"]): one
        for one in known
        if one.period == newest.period
    }
    kinds = [kind for kind in CASES if any(kind == of for _, of in at)]
    return Grid(
        language.say("Syyt (%(period)s)", period=language.period(newest.period)),
        language.say("Syy"),
        [language.word(f"kind.{kind}") for kind in kinds],
        [
            GridRow(language.say(name), "", [cell(at.get((code, one)), language) for one in kinds])
            for code, name in _REASONS.items()
            if any(code == of for of, _ in at)
        ],
    )


def _ombudsperson(contacts: Iterable[Figure], language: Language) -> str:
    if max((one.period.last.year for one in contacts), default=0) < _TITLE_CHANGED:
        return language.say("Yhteydenotot sosiaali- ja potilasasiamieheen")
    return language.say("Yhteydenotot sosiaali- ja potilasasiavastaavaan")
