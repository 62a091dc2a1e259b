from datetime import date
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from reporting.domain import wording
from reporting.domain.editions import Edition
from reporting.domain.languages import Code
from reporting.domain.releases import Content, Note, Text
from reporting.outputs.poster import poster
from reporting.texts import Texts
from support.pdf_files import spoken, structure
from support.release_builders import content, entity, live, text, whole_month, without

LANGUAGES = Texts().languages
KALLIO = entity(
    names=Text("Kallion terveysasema", "Berghälls hälsostation", "Kallio Health Station")
)


def edition(*notes: Note, index: float | None = 87, n: int = 1250, **more: Any) -> Edition:
    made = content(
        live("press_count", n, n=n, period=whole_month(2)),
        live("happy_index", index, n=n, period=whole_month(2), **more),
        entities=(KALLIO,),
    )
    return Edition("public-monthly.2026-02.0123", without(made, notes=list(notes)))


def printed(edition: Edition, *codes: Code) -> PdfReader:
    languages = [LANGUAGES[code] for code in codes or ("fi",)]
    made = poster(edition, edition.entities["kallio"], languages, "https://kokemus.example")
    return PdfReader(BytesIO(made))


def note(kind: Any, fi: str, day: date = date(2026, 2, 3)) -> Note:
    return Note(kind, "kallio", day, text(fi, f"sv {fi}"))


@pytest.mark.parametrize("code", ["fi", "sv", "en"])
def test_a_poster_says_the_figure_as_every_output_prints_it(code: Code) -> None:
    made = edition()
    words = spoken(printed(made, code))
    for figure in made.content.figures:
        assert wording.printed(figure, LANGUAGES[code]) in words
    assert LANGUAGES[code].of(KALLIO.validities[0].names) in words
    assert f"https://kokemus.example/{code}/kallio" in words


def test_a_hidden_figure_is_told_in_words_and_leaves_no_number() -> None:
    words = spoken(printed(edition(index=67, n=12)))
    assert "liian vähän vastauksia" in words
    assert "67" not in words


def test_what_was_heard_and_done_stands_in_both_languages_beside_each_other() -> None:
    words = spoken(
        printed(edition(note("heard", "pitkä jono"), note("done", "oma numero")), *("fi", "sv"))
    )
    for said in ("pitkä jono", "sv pitkä jono", "oma numero", "sv oma numero"):
        assert said in words


def test_a_poster_is_one_page_however_much_was_noted_and_the_newest_stays() -> None:
    long = [
        note(kind, f"{day}. {'Aamulla joutui odottamaan liian kauan. ' * 3}", date(2026, 2, day))
        for day in range(1, 6)
        for kind in ("heard", "done")
    ]
    made = printed(edition(*long), "fi", "sv")
    assert len(made.pages) == 1
    words = spoken(made)
    assert "(5.2.2026)" in words
    assert "(1.2.2026)" not in words


def test_a_note_too_long_for_the_board_leads_to_the_page_that_has_it() -> None:
    made = printed(edition(note("heard", "Aamulla joutui odottamaan. " * 60)))
    assert len(made.pages) == 1
    assert "Lue teksti sivulta, jolle koodi vie." in spoken(made)


def test_a_poster_is_tagged_named_and_in_its_language() -> None:
    made = printed(edition(), "sv")
    found = structure(made)
    assert found.standard == "1"
    assert found.language == "sv"
    assert found.title == "Berghälls hälsostation: vad kunderna sade"
    assert {"/H1", "/H2", "/P", "/Figure"} <= found.roles
    assert found.alternatives == ["QR-kod som leder till sidan https://kokemus.example/sv/kallio"]


def test_markup_in_a_note_stays_text() -> None:
    words = spoken(printed(edition(note("heard", "#panic() *tähti* $x$ <svg>"))))
    assert "#panic() *tähti* $x$ <svg>" in words


def test_only_a_public_release_becomes_a_poster() -> None:
    made: Content = without(edition().content, kind="internal-weekly")
    with pytest.raises(ValueError, match="internal-weekly"):
        printed(Edition("i1", made))
