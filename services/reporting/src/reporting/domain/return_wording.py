"""What the pages of returns say: states, faults and refusals, in one language."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Final

from reporting.domain.forms import Answers, Fault, FaultCode, Field, Form
from reporting.domain.languages import N_, Language
from reporting.domain.return_forms import FormKind
from reporting.domain.returns import RefusedCode, Shown

_SHOWN: Final[Mapping[Shown, str]] = {
    "not_begun": N_("aloittamatta"),
    "draft": N_("luonnos"),
    "submitted": N_("odottaa hyväksyntää"),
    "approved": N_("hyväksytty"),
    "reopened": N_("korjattavana"),
    "corrected": N_("korjattu"),
    "elsewhere": N_("palautettu muuten"),
}
_FAULTS: Final[Mapping[FaultCode, str]] = {
    "required": N_("Tämä tarvitaan."),
    "whole": N_("Kirjoita kokonaisluku, esimerkiksi 12."),
    "decimal": N_("Kirjoita luku, esimerkiksi 8,5."),
    "day": N_("Anna päivä."),
    "when": N_("Kirjoita vuosi, kuukausi tai päivä, esimerkiksi 2026-05."),
    "choice": N_("Valitse jokin vaihtoehdoista."),
    "long": N_("Teksti on liian pitkä."),
    "level_unsaid": N_("Merkitse tason tavat tai se, että mitään ei ole käytössä."),
    "level_both": N_("Tasolla on tapoja: poista joko ne tai tämä merkintä."),
    "comment": N_("Kerro, miksi tasolla ei ole mitään."),
    "unused_volume": N_("Merkitse tapa käytössä olevaksi tai poista määrä."),
    "action": N_("Täytä toimen kaikki kohdat tai jätä kaikki tyhjiksi."),
    "nothing": N_("Lomake on tyhjä."),
    "period": N_("Jakso päättyy ennen kuin se alkaa."),
    "range": N_("Anna vaihteluvälin molemmat päät, pienempi ensin."),
    "value": N_("Anna luku tai vaihteluväli, tai merkitse että lukua ei ilmoitettu."),
    "many": N_("Lomakkeella voi olla yhteensä enintään 200 toimenpidettä."),
    "personal": N_(
        "Tekstissä oli henkilötunnus, sähköpostiosoite tai puhelinnumero, joten se jätettiin pois."
        " Kirjoita se ilman niitä."
    ),
    "refused": N_("Tätä ei oteta vastaan. Tarkista kohta; siinä ei saa olla tietoja ihmisistä."),
}
_REFUSED: Final[Mapping[RefusedCode, str]] = {
    "wrong_state": N_("Lomake ei ole tilassa, jossa tämän voisi tehdä."),
    "own_return": N_("Omaa palautustaan ei voi hyväksyä: siihen tarvitaan toinen ihminen."),
    "changed": N_("Joku muu on muuttanut lomaketta. Avaa se uudelleen ja tee muutoksesi siihen."),
    "forbidden": N_("Roolisi ei riitä tähän."),
    "not_open": N_("Kierros ei ole vielä avautunut."),
}
_KINDS: Final[Mapping[FormKind, str]] = {
    "method": N_("Osallisuuden tavat"),
    "game": N_("Osallisuuspeli"),
    "practice": N_("Mittaamisen käytännöt"),
    "reported": N_("Muualla julkaistu luku"),
}
_DONE: Final[Mapping[str, str]] = {
    "saved": N_("Luonnos on tallennettu."),
    "submit": N_("Lähetetty hyväksyttäväksi."),
    "send_back": N_("Palautettu täydennettäväksi."),
    "approve": N_("Hyväksytty ja lukittu. Tiedot lähtevät laskentaan."),
    "reopen": N_("Avattu korjattavaksi."),
    "delegate": N_("Vastuuhenkilö on vaihdettu."),
    "resend": N_("Tiedot lähetetään uudelleen."),
}


def state_words(shown: Shown, language: Language) -> str:
    """The state of a return."""
    return language.say(_SHOWN[shown])


def kind_words(kind: FormKind, language: Language) -> str:
    """What a kind of form is called."""
    return language.say(_KINDS[kind])


def fault_words(faults: list[Fault], language: Language) -> dict[str, str]:
    """What is wrong, by field."""
    return {one.field: language.say(_FAULTS[one.code]) for one in faults}


def refused_words(code: RefusedCode, language: Language) -> str:
    """Why something cannot be done."""
    return language.say(_REFUSED[code])


def done_words(what: str | None, language: Language) -> str:
    """What has just been done; "" where nothing was, or nobody knows it."""
    return language.say(_DONE[what]) if what is not None and what in _DONE else ""


def told(form: Form, answers: Answers, language: Language) -> list[tuple[str, list[str]]]:
    """What a form says, to be read: each group that says something, a line for each of its rows."""
    found = []
    for group in form.groups:
        rows = [[one for one in row if one.name in answers] for row in group.rows]
        lines = [", ".join(_told(one, answers[one.name], language) for one in row) for row in rows]
        if any(lines):
            found.append((group.legend, [line for line in lines if line]))
    return found


def _told(field: Field, answer: str, language: Language) -> str:
    label = field.short or field.label
    match field.kind:
        case "check":
            return label
        case "choice":
            return f"{label}: {dict(field.options).get(answer, answer)}"
        case "day":
            with suppress(ValueError):  # a draft may hold anything
                return f"{label}: {language.day(date.fromisoformat(answer))}"
    return f"{label}: {answer}"


def summary(form: Form, told: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Field, its group and label, and what is wrong with it, in the order of the form."""
    return [
        (one.name, f"{group.legend}, {one.label}", told[one.name])
        for group in form.groups
        for row in group.rows
        for one in row
        if one.name in told
    ]
