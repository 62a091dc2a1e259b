from datetime import UTC, date, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.domain import pages
from reporting.domain.editions import Edition
from reporting.domain.embeds import Embed, Wanted, ended, faults, snippets
from reporting.texts import Texts
from support.release_builders import content, entity

WANTED = Wanted("https://sivu.invalid/asiointi", "kallio", "fi", "toimitus@sivu.invalid")


def edition(**of_kallio: object) -> Edition:
    return Edition("r1", content(entities=(entity(**of_kallio),)))  # type: ignore[arg-type]


def embed(entity_: str) -> Embed:
    return Embed(1, WANTED.address, entity_, "fi", WANTED.mail, "reeta", datetime.now(UTC))


def test_the_code_holds_a_stable_address_and_a_title_and_no_markup_of_a_name() -> None:
    made = snippets("https://kokemus.invalid", "a/b", "nps", "sv", 'Asema "1" <b>')
    assert made.address == "https://kokemus.invalid/embed/sv/a/b"
    assert 'title="Asema &quot;1&quot; &lt;b&gt;"' in made.frame
    assert '<kokemus-figure entity="a/b" metric="nps" lang="sv">' in made.component
    script = '<script src="https://kokemus.invalid/embed/kokemus.js" defer></script>'
    assert made.frame.endswith(script)
    assert made.component.endswith(script)


def test_an_embed_that_is_told_of_in_full_is_kept() -> None:
    assert faults(WANTED, edition()) == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"address": "javascript:alert(1)"}, "address"),
        ({"address": "https://"}, "address"),
        ({"address": "https://sivu.invalid/" + "a" * 500}, "address"),
        ({"address": "https://sivu.invalid/a b"}, "address"),
        ({"mail": "toimitus"}, "mail"),
        ({"mail": "a@b.invalid, c@d.invalid"}, "mail"),
        ({"mail": "a@b.invalid\nBcc: c@d.invalid"}, "mail"),
        ({"entity": "muu"}, "entity"),
    ],
)
def test_what_is_missing_or_odd_is_named(change: dict[str, str], fault: str) -> None:
    assert faults(WANTED._replace(**change), edition()) == [fault]  # type: ignore[arg-type]


def test_an_embed_ends_with_its_entity_and_not_before() -> None:
    gone, standing = embed("muu"), embed("kallio")
    assert ended([gone, standing], edition()) == [gone]
    later = edition(valid_to=date(2027, 1, 1))
    assert ended([standing], later) == []
    over = edition(valid_to=date(2026, 6, 30))
    assert ended([standing], over) == [standing]


def test_the_page_of_what_has_ended_says_when() -> None:
    over = edition(valid_to=date(2026, 6, 30))
    page = pages.page(over, over.entities["kallio"], Texts().languages["fi"])
    assert page.ended == "30.6.2026"


@given(st.emails() | st.text("aB1.@()[]:;\\\"<>, -_+'äå\x01\x85", min_size=5))
def test_every_address_that_is_taken_can_stand_in_a_mail(mail: str) -> None:
    """A worker that cannot write it could send no other mail either."""
    if "mail" not in faults(WANTED._replace(mail=mail), edition()):
        message = EmailMessage(SMTP)
        message["To"] = Address(addr_spec=mail)
        assert message["To"].addresses[0].addr_spec == mail
