from datetime import date
from io import BytesIO

import pytest
from pypdf import PdfReader

from reporting.domain import wording
from reporting.domain.editions import Edition
from reporting.domain.languages import CODES, Code
from reporting.domain.releases import Change, Note
from reporting.outputs.committee_page import committee_page
from reporting.texts import Texts
from support.pdf_files import spoken, structure
from support.release_builders import content, counted, entity, live, text, whole_year, without

LANGUAGES = Texts().languages
SPAN = (date(2024, 1, 1), date(2025, 12, 31))
TREE = (
    entity("sote", "division", names=text("Sote")),
    entity("terveys", "service_entity", "sote", names=text("Terveys")),
    entity("perhe", "service_entity", "sote", names=text("Perhe")),
    entity("kallio", "unit", "terveys", names=text("Kallio")),
    entity("kuva", "division", names=text("Kuva")),
)


def edition(*notes: Note) -> Edition:
    year = whole_year(2025)
    worse = Change(-2, "worse", "ok")
    made = content(
        live("press_count", 5000, n=5000, entity="sote", period=year),
        live("happy_index", 84, n=5000, entity="sote", period=year, change=worse),
        live("press_count", 900, n=900, entity="perhe", period=year),
        live("happy_index", 91, n=900, entity="perhe", period=year),
        live("press_count", 20, n=20, entity="terveys", period=year),
        live("happy_index", 50, n=20, entity="terveys", period=year, status="below_min_n"),
        live("press_count", 4242, n=4242, entity="kuva", period=year),
        entities=TREE,
        span=SPAN,
    )
    own = {"entity": "sote", "channel": "statutory", "period": year}
    cases = [
        counted("complaint_count", None, dimension={"kind": "kantelu"}, **own),
        counted("complaint_count", 61, dimension={"kind": "muistutus"}, **own),
        counted("complaint_count", 64, **own),
    ]
    made = without(made, figures=[*made.figures, *cases], notes=list(notes))
    return Edition("public-monthly.2025-12.0123", made)


def printed(edition: Edition, code: Code = "fi") -> PdfReader:
    made = committee_page(edition, edition.entities["sote"], LANGUAGES[code], "https://k.example")
    return PdfReader(BytesIO(made))


def done(entity: str, words: str, day: date = date(2025, 5, 2)) -> Note:
    return Note("done", entity, day, text(words, f"sv {words}"))


@pytest.mark.parametrize("code", CODES)
def test_the_page_has_the_figures_as_they_are_printed_elsewhere(code: Code) -> None:
    made, language = printed(edition(), code), LANGUAGES[code]
    assert len(made.pages) == 1
    words = spoken(made)
    for figure in edition().content.figures:
        if figure.entity == "sote":
            assert wording.printed(figure, language) in words
    assert language.number(4242) not in words
    assert structure(made).standard == "1"
    assert structure(made).language == code


def test_services_stand_by_name_and_what_is_hidden_in_words() -> None:
    words = spoken(printed(edition()))
    assert words.index("Perhe") < words.index("Terveys")
    assert LANGUAGES["fi"].word("status.below_min_n") in words
    assert LANGUAGES["fi"].word("status.suppressed") in words


def test_what_was_done_below_is_told_with_its_place_and_nothing_of_other_divisions() -> None:
    words = spoken(printed(edition(done("kallio", "Ovi korjattiin."), done("kuva", "Muualla."))))
    assert "Ovi korjattiin. (2.5.2025, Kallio)" in words
    assert "Muualla" not in words


def test_many_notes_leave_the_oldest_out_and_stay_on_one_page() -> None:
    long = "Asukkaiden toiveesta tehtiin paljon kaikenlaista. " * 30
    notes = [done("kallio", f"Nro {at}. {long}", date(2025, 5, at)) for at in range(1, 7)]
    made = printed(edition(*notes))
    assert len(made.pages) == 1
    assert "Nro 6." in spoken(made)
    assert "Nro 1." not in spoken(made)
