from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import reporting

ROOT = Path(reporting.__file__).parent
KEYWORDS = {"_": None, "N_": None, "say": None, "ngettext": (1, 2)}


def messages() -> set[str | tuple[str, ...]]:
    """Every message of the code and of the templates."""
    found = extract_from_dir(
        str(ROOT),
        [("**.py", "python"), ("templates/**.html", "jinja2.ext.babel_extract")],
        keywords=KEYWORDS,
    )
    return {message for _, _, message, _, _ in found}


def catalogue(language: str) -> Catalog:
    with (ROOT / "locale" / language / "LC_MESSAGES" / "reporting.po").open("rb") as source:
        return read_po(source, locale=language)


def test_messages_are_found_in_code_and_in_templates() -> None:
    assert {"Siirry sisältöön", "Kuukausittain", ("%(num)s osuma", "%(num)s osumaa")} <= messages()


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_message_is_translated_and_none_is_fuzzy_or_left_over(language: str) -> None:
    known = catalogue(language)
    translated = {one.id for one in known if one.id and one.string and not one.fuzzy}
    complete = {
        one.id
        for one in known
        if one.id and (all(one.string) if isinstance(one.string, tuple) else one.string)
    }
    assert messages() - (translated & complete) == set()
    assert {one.id for one in known if one.id} - messages() == set()
    assert not known.obsolete


@pytest.mark.parametrize("language", ["sv", "en"])
def test_translations_keep_every_value_that_is_put_in(language: str) -> None:
    errors = [(one.id, list(one.check(catalogue(language)))) for one in catalogue(language)]
    assert [one for one in errors if one[1]] == []
