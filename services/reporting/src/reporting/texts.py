"""Loads the catalogues, the glossary and the guidance; called once, by `app`."""

from gettext import GNUTranslations, NullTranslations
from importlib import resources
from io import BytesIO
from typing import Final

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from kokemus.contracts.codes import Glossary
from reporting.domain.guidance import Guidance, read_guidance
from reporting.domain.languages import CODES, Code, Language
from reporting.domain.releases import Text
from reporting.settings import ReportingSettings

LOCALE: Final = resources.files("reporting") / "locale"


class Texts:
    """The three languages and the words of the city."""

    def __init__(self) -> None:
        glossary = Glossary.load()
        words = {code: Text(*(glossary.term(code, one) for one in CODES)) for code in glossary}
        self.languages = {code: Language(code, _translations(code), words) for code in CODES}
        self.glossary = words


def guidance_of(settings: ReportingSettings) -> Guidance:
    """Where readers may turn: a city's own file, else that of the package.

    Raises:
        OSError: the city's file cannot be read.
        ValueError: it holds no guidance.
    """
    own = settings.guidance_file
    return read_guidance(own.read_bytes()) if own else packaged_guidance()


def packaged_guidance() -> Guidance:
    """Where readers may turn in Helsinki."""
    return read_guidance((resources.files("reporting") / "data" / "guidance.json").read_bytes())


def _translations(code: Code) -> NullTranslations:
    """A catalogue, compiled in memory from its source; Finnish is what the messages are in."""
    if code == "fi":
        return NullTranslations()
    with (LOCALE / code / "LC_MESSAGES" / "reporting.po").open("rb") as source:
        catalogue = read_po(source, locale=code)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)
