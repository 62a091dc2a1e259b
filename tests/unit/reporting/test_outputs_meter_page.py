from datetime import date
from io import BytesIO

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from reporting.domain import wording
from reporting.domain.editions import Edition
from reporting.domain.languages import CODES, Code
from reporting.domain.meters import FIELDS, METERS, MeterCode, code_of, meter_table
from reporting.domain.releases import Text
from reporting.outputs import typesetting
from reporting.outputs.meter_page import TooLongError, meter_page
from reporting.texts import Texts
from support.pdf_files import spoken, structure
from support.round_builders import own_figure, round_edition

LANGUAGES = Texts().languages
LONG = "Osallisuus on kaupungin ja asukkaan yhteinen asia. "


def printed(edition: Edition, meter: MeterCode = "participation", code: Code = "fi") -> PdfReader:
    return PdfReader(BytesIO(meter_page(edition, meter, LANGUAGES[code])))


@pytest.mark.parametrize("meter", METERS)
@pytest.mark.parametrize("code", CODES)
def test_a_page_holds_each_text_and_each_figure_of_its_meter_as_printed(
    meter: MeterCode, code: Code
) -> None:
    edition, language = round_edition(), LANGUAGES[code]
    made = printed(edition, meter, code)
    assert len(made.pages) == 1
    words = spoken(made)
    (table,) = (one for one in meter_table().meters if one.code == meter)
    for text in (table.name, *table.texts.values()):
        assert language.of(text) in words
    of_meter = {"participation": "participation_", "experience": "experience_"}[meter]
    for figure in edition.content.figures:
        if figure.metric.startswith(of_meter) and figure.entity in ("helsinki", "sote", "kuva"):
            assert wording.printed(figure, language) in words


def test_what_is_not_returned_is_told_in_words_and_has_no_bar() -> None:
    edition = round_edition(
        *(
            own_figure("participation_methods", "helsinki", None, dimension={"level": str(level)})
            for level in range(1, 5)
        ),
        own_figure("participation_coverage", "helsinki", None),
    )
    made = printed(edition)
    assert "Osallisuuden tapojen kattavuus: ei ilmoitettu (2026)." in spoken(made)
    assert structure(made).alternatives[0].count(": ei ilmoitettu") == 4


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("participation_type", LONG * 4),
        ("participation_baseline", LONG * 12),
        ("participation_target", LONG * 12),
        ("participation_list_text", LONG * 60),
        ("participation_cost", "ei\n\nole\n\narviota\n\nvielä"),
    ],
)
def test_a_text_longer_than_its_place_is_refused_by_its_field(field: str, text: str) -> None:
    with pytest.raises(TooLongError) as error:
        printed(round_edition(**{field: Text(text)}))
    assert error.value.fields == [field.removeprefix("participation_")]


@settings(max_examples=20, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.dictionaries(
    st.sampled_from(["baseline", "target", "groups", "cost", "type", "frequency", "list_text"]),
    st.text(max_size=300) | st.sampled_from([LONG * count for count in range(1, 60, 4)]),
))  # fmt: skip
def test_a_page_is_one_page_or_refused(texts: dict[str, str]) -> None:
    edition = round_edition(**{f"participation_{one}": Text(text) for one, text in texts.items()})
    try:
        pages = len(printed(edition).pages)
    except TooLongError as error:
        pages = 1 if set(error.fields) <= {*texts, "list_text"} else 0
    assert pages == 1


def test_a_page_is_tagged_named_and_in_its_language() -> None:
    found = structure(printed(round_edition(), code="sv"))
    assert (found.standard, found.language) == ("1", "sv")
    assert found.title == "Invånarnas delaktighet inom sektorerna 2026"
    assert {"/H1", "/H2", "/P", "/Figure", "/Table", "/TH", "/TD"} <= found.roles
    assert "interaktion: 2" in found.alternatives[0]


def test_markup_in_a_text_stays_text() -> None:
    text = "#panic() *tähti* $x$ <svg> \\ @viite"
    edition = round_edition(participation_list_text=Text(text))
    assert text in spoken(printed(edition))
    assert edition.content.texts[code_of("participation", "list_text")].fi == text


def test_every_character_that_counts_as_printable_can_be_printed() -> None:
    every = (chr(code) for code in range(0x20, 0x10000) if not 0xD800 <= code < 0xE000)
    known = [one for one in every if typesetting.printable(one) == one]
    assert {"å", "č", "ŋ", "Ж", "\N{EN DASH}", "€", "→"} <= set(known)
    data = {
        "lang": "fi", "title": "x", "kicker": "", "name": "x", "labels": {}, "texts": {},
        "sentence": " ".join(known), "charts": [], "grids": [], "notes": [],
    }  # fmt: skip
    data["labels"] = data["texts"] = dict.fromkeys(FIELDS, "x")
    assert typesetting.pdf("meter", data, date(2026, 11, 20)).startswith(b"%PDF")


def test_a_character_without_a_glyph_becomes_a_square() -> None:
    text = "Hymy \N{SLIGHTLY SMILING FACE}, \N{ARABIC LETTER BEH}, e\N{COMBINING ACUTE ACCENT}"
    edition = round_edition(participation_list_text=Text(text))
    assert "Hymy \N{WHITE SQUARE}, \N{WHITE SQUARE}, é" in spoken(printed(edition))


def test_the_same_release_gives_the_same_bytes() -> None:
    pages = {meter_page(round_edition(), "experience", LANGUAGES["fi"]) for _ in range(2)}
    assert len(pages) == 1
