"""The desk's picker of embeds: found by name, shown, told of, forgotten."""

from collections.abc import Iterator

import httpx
import pytest

from support.reporting_service import PASSWORDS, Reporting, enter, form_token

ADDRESS = "https://sivu.invalid/asiointi"
PICKED = "/desk/embeds?entity=kallio&language=sv&metric=nps"


@pytest.fixture
def editor(published: Reporting) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=published.url, follow_redirects=True) as client:
        enter(client, "sanna", PASSWORDS["sanna"])
        yield client


def test_only_who_is_signed_in_picks(published: Reporting) -> None:
    assert httpx.get(f"{published.url}/desk/embeds").status_code == 303
    assert httpx.post(f"{published.url}/desk/embeds").status_code == 303


def test_a_unit_is_found_by_name_and_its_code_is_in_the_chosen_language(
    editor: httpx.Client, published: Reporting
) -> None:
    found = editor.get("/desk/embeds", params={"q": "kallion", "language": "sv"}).text
    assert "entity=kallio&amp;language=sv" in found
    page = editor.get(PICKED).text
    assert f"{published.url}/embed/sv/kallio" in page
    assert "Berghälls hälsostation: " in page
    assert "metric=&#34;nps&#34; lang=&#34;sv&#34;" in page


def test_an_embed_is_told_of_once_and_can_be_forgotten(editor: httpx.Client) -> None:
    form = {"entity": "kallio", "language": "fi", "address": ADDRESS}
    token = form_token(editor, PICKED)
    wrong = editor.post("/desk/embeds", data={**form, "mail": "ei", "token": token})
    assert wrong.status_code == 422
    assert 'id="mail-fault"' in wrong.text
    for mail in ("toimitus@sivu.invalid", "uusi@sivu.invalid"):
        answer = editor.post("/desk/embeds", data={**form, "mail": mail, "token": token})
        assert answer.status_code == 200
    assert answer.text.count(f'<th scope="row">{ADDRESS}</th>') == 1
    assert "uusi@sivu.invalid" in answer.text
    number = answer.text.split("/desk/embeds/")[1].split("/remove")[0]
    left = editor.post(f"/desk/embeds/{number}/remove", data={"token": token})
    assert ADDRESS not in left.text


def test_a_form_of_somebody_elses_making_keeps_nothing(editor: httpx.Client) -> None:
    form = {"entity": "kallio", "language": "fi", "address": ADDRESS, "mail": "a@b.invalid"}
    assert editor.post("/desk/embeds", data={**form, "token": "x"}).status_code == 403
    assert ADDRESS not in editor.get("/desk/embeds").text


@pytest.mark.parametrize("user", ["reeta", "kaisa"])
def test_only_whom_an_entity_concerns_has_mail_sent_about_it(
    editor: httpx.Client, published: Reporting, user: str
) -> None:
    form = {"entity": "kallio", "language": "fi", "address": f"{ADDRESS}/{user}"}
    own = form | {"mail": "toimitus@sivu.invalid", "token": form_token(editor, PICKED)}
    kept = editor.post("/desk/embeds", data=own).text
    number = kept.partition(f'aria-label="Poista: {ADDRESS}/{user}"')[0]
    number = number.rpartition("/desk/embeds/")[2].partition("/remove")[0]
    with httpx.Client(base_url=published.url) as other:
        token = enter(other, user, PASSWORDS[user])
        page = other.get(PICKED).text
        assert 'name="mail"' not in page
        assert "sivu.invalid" not in page
        for path in ("/desk/embeds", f"/desk/embeds/{number}/remove"):
            data = form | {"mail": "joku@muu.invalid", "token": token}
            assert other.post(path, data=data).status_code == 403
    assert f"{ADDRESS}/{user}" in editor.get("/desk/embeds").text
