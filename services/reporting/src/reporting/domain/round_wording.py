"""What the desk says of a round of the meters, in words and signs."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

from reporting.domain.languages import N_, Code, Language
from reporting.domain.meters import Field, MeterCode, StageCode, meter_table
from reporting.domain.returns import Shown
from reporting.domain.round_stages import StageState

FIELD_NAMES: Final[Mapping[str, str]] = {
    "type": N_("Mittarin tyyppi"),
    "baseline": N_("Lähtötaso"),
    "target": N_("Strategian tavoitetaso"),
    "frequency": N_("Seurantatiheys"),
    "groups": N_("Raportointiryhmät ja alueet"),
    "cost": N_("Kustannusarvio"),
    "list_text": N_("Listateksti"),
    "name": N_("Mittarin nimi"),
    "figures": N_("Luvut ja taulukot"),
}
"""What the parts of a meter's page are called."""
STAGE_ICONS: Final[Mapping[StageState, str]] = {"done": "✓", "late": "!", "soon": "●", "open": "○"}
"""A sign beside the word, so that neither colour nor language alone tells the state."""
_STAGES: Final[Mapping[StageCode, str]] = {
    "slides": N_("Dia mittarista"),
    "management_group": N_("Johtoryhmän esittely"),
    "list_texts": N_("Listatekstit ja Excel"),
    "ready": N_("Listateksti ja liitteet valmiina"),
    "city_board": N_("Kaupunginhallitus"),
}
_STATES: Final[Mapping[StageState, str]] = {
    "done": N_("tehty"),
    "late": N_("myöhässä"),
    "soon": N_("nyt"),
    "open": N_("tulossa"),
}
_FAULTS: Final[Mapping[str, str]] = {
    "required": N_("%(field)s (%(language)s): kirjoita teksti."),
    "long": N_("%(field)s (%(language)s): teksti ei mahdu sivulle. Lyhennä sitä."),
    "personal": N_(
        "%(field)s (%(language)s): ei henkilötunnusta, sähköpostiosoitetta tai puhelinnumeroa."
    ),
}


class TextFault(NamedTuple):
    """What is wrong with a text of a meter."""

    meter: MeterCode
    field: str
    """A field, or `name` or `figures` where those need more than their place."""
    language: Code
    code: Literal["required", "long", "personal"]


def field_name(field: Field | str, language: Language) -> str:
    """What a part of a meter's page is called."""
    message = FIELD_NAMES[field]
    return language.say(message)


def stage_words(stage: StageCode, language: Language) -> str:
    """What a step is called."""
    message = _STAGES[stage]
    return language.say(message)


def stage_state_words(state: StageState, language: Language) -> str:
    """How far a step is."""
    message = _STATES[state]
    return language.say(message)


def entity_icon(shown: Shown) -> str:
    """A sign for how far a service entity is with its return."""
    if shown in ("approved", "corrected", "elsewhere", "reopened"):
        return "✓"
    return "○" if shown == "not_begun" else "●"


def fault_words(fault: TextFault, languages: Mapping[Code, Language], language: Language) -> str:
    """What is wrong, and where."""
    message = _FAULTS[fault.code]
    meter = next(one.name for one in meter_table().meters if one.code == fault.meter)
    name, spoken = field_name(fault.field, language), languages[fault.language].own_name
    said = language.say(message, field=name, language=spoken)
    return f"{language.of(meter)}: {said}"
