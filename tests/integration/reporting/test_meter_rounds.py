"""A year's round of the strategy's meters, from its texts to its published files."""

import re
from io import BytesIO
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from pptx import Presentation
from pypdf import PdfReader

from reporting.domain.meters import version_of
from support.fake_metrics_api import figure
from support.pdf_files import spoken
from support.reporting_service import PASSWORDS, Reporting, enter

FIELDS = ("type", "baseline", "target", "frequency", "groups", "cost", "list_text")
YEAR = ("2026-01-01", "2026-12-31", "year")
ROUND = "/desk/rounds/2026"


class Visitor:
    """Somebody who is signed in."""

    def __init__(self, service: Reporting, user: str) -> None:
        with httpx.Client(base_url=service.url, timeout=30) as client:
            self.token = enter(client, user, PASSWORDS[user])
            self.cookies = dict(client.cookies)
        self.url = service.url

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, cookies=self.cookies, timeout=30)

    def post(self, path: str, **form: str) -> httpx.Response:
        sent = {**form, "token": self.token}
        return httpx.post(self.url + path, data=sent, cookies=self.cookies, timeout=30)


@pytest.fixture
def service(reporting: Reporting) -> Reporting:
    """A service whose metrics API knows the meters, with a round that was opened."""
    whole: dict[str, Any] = {
        "channel": None,
        "scale": None,
        "family": None,
        "flags": [],
        "bias_notes": [],
    }
    reporting.metrics.figures += [
        figure("participation_coverage", "helsinki", YEAR, 67, 3, **whole),
        *(
            figure("participation_methods", "helsinki", YEAR, 2, 3, dimension={"level": n}, **whole)
            for n in range(1, 5)
        ),
        figure(
            "experience_profile", "helsinki", YEAR, 1, 3, dimension={"measured": "yes"}, **whole
        ),
    ]
    answer = Visitor(reporting, "ilona").post(
        "/desk/returns", year="2026", opens="2026-01-01", due="2026-11-20"
    )
    assert answer.status_code == 303
    return reporting


def texts(**changed: str) -> dict[str, str]:
    usual = {f"{field}.{code}": f"{field} {code}" for field in FIELDS for code in ("fi", "sv")}
    usual["seen"] = version_of({}, "participation")
    return usual | {name.replace("__", "."): words for name, words in changed.items()}


def test_a_round_goes_from_its_texts_over_two_people_to_its_files(service: Reporting) -> None:
    ilona, reeta = Visitor(service, "ilona"), Visitor(service, "reeta")
    page = ilona.get(ROUND)
    assert page.status_code == 200
    assert "Terveyspalvelut" in page.text
    assert reeta.get(f"{ROUND}/participation-fi.pdf").status_code == 404

    kept = ilona.post(f"{ROUND}/meters/participation", **texts(cost__fi="Noin 20 000 euroa"))
    assert kept.status_code == 303, kept.text
    assert "Noin 20 000 euroa" in ilona.get(f"{ROUND}/meters/participation").text
    drafted = ilona.post(f"{ROUND}/draft")
    assert drafted.status_code == 303, drafted.text
    id_ = drafted.headers["location"].rpartition("/")[2]
    assert ilona.get(f"/desk/releases/{id_}").status_code == 200
    draft = f"{ROUND}/drafts/{id_}/participation-fi.pdf"
    assert ilona.get(draft).status_code == 200
    assert reeta.get(draft).status_code == 403

    service.run("release", "approve", id_, "--by", "system:local")
    service.run("release", "publish", id_, "--by", "system:local")
    words = spoken(PdfReader(BytesIO(reeta.get(f"{ROUND}/participation-fi.pdf").content)))
    assert "Noin 20 000 euroa" in words
    assert "67\N{NO-BREAK SPACE}%" in words
    book = load_workbook(BytesIO(reeta.get(f"{ROUND}/meters-sv.xlsx").content))
    assert book.sheetnames[0] == "Delaktighet 1"
    (page_,) = Presentation(BytesIO(reeta.get(f"{ROUND}/experience-en.pptx").content)).slides
    assert page_.shapes.title.text_frame.text == "Customer experience and satisfaction"
    assert id_ in reeta.get(ROUND).text

    service.run("release", "withdraw", id_, "--by", "system:local", "--reason", "virhe")
    gone = reeta.get(f"{ROUND}/participation-fi.pdf")
    assert (gone.status_code, "Syy: virhe" in gone.text) == (410, True)


def test_a_text_beyond_the_page_is_refused_by_its_name_and_not_kept(service: Reporting) -> None:
    ilona = Visitor(service, "ilona")
    long = "Kokemus kertoo. " * 240
    refused = ilona.post(f"{ROUND}/meters/experience", **texts(list_text__sv=long))
    assert refused.status_code == 422
    assert "Listateksti (På svenska): teksti ei mahdu sivulle. Lyhennä sitä." in refused.text
    assert long.strip() in refused.text, "what was written is not lost"
    assert long.strip() not in ilona.get(f"{ROUND}/meters/experience").text
    missing = ilona.post(f"{ROUND}/meters/experience", **texts(type__sv=""))
    assert missing.status_code == 422
    named = ilona.post(f"{ROUND}/meters/experience", **texts(type__fi="soita 040 123 4567"))
    assert named.status_code == 422


def test_of_two_who_write_a_meter_at_once_the_second_is_told_and_loses_nothing(
    service: Reporting,
) -> None:
    first, second = Visitor(service, "ilona"), Visitor(service, "ilona")
    path = f"{ROUND}/meters/experience"
    seen = version(first.get(path).text)
    assert first.post(path, **texts(cost__fi="Ensin 10 euroa", seen=seen)).status_code == 303
    late = second.post(path, **texts(cost__fi="Sitten 20 euroa", seen=seen))
    assert late.status_code == 409
    assert "Ensin 10 euroa" in late.text
    assert "Sitten 20 euroa" in late.text
    assert "Ensin 10 euroa" in first.get(path).text
    merged = texts(cost__fi="Yhteensä 30 euroa", seen=version(late.text))
    assert second.post(path, **merged).status_code == 303
    assert "Yhteensä 30 euroa" in first.get(path).text


def version(page: str) -> str:
    """What the form of a meter says that it shows."""
    found = re.search(r'name="seen" value="([0-9a-f]+)"', page)
    assert found is not None
    return found[1]


def test_days_move_and_steps_are_taken_and_taken_back(service: Reporting) -> None:
    ilona = Visitor(service, "ilona")
    assert ilona.post(f"{ROUND}/days", slides="2026-10-13").status_code == 303
    assert "13.10.2026" in ilona.get(ROUND).text
    step = {"meter": "experience", "stage": "slides"}
    assert ilona.post(f"{ROUND}/steps", **step, done="yes").status_code == 303
    assert 'stage-done"><span aria-hidden="true">✓</span> tehty' in ilona.get(ROUND).text
    assert ilona.post(f"{ROUND}/steps", **step, done="no").status_code == 303
    assert "✓</span> tehty" not in ilona.get(ROUND).text
    assert ilona.post(f"{ROUND}/days", slides="huomenna").status_code == 400
    assert ilona.post(f"{ROUND}/steps", meter="x", stage="slides").status_code == 404


@pytest.mark.parametrize("user", ["reeta", "sanna", "heikki"])
def test_only_who_opens_rounds_changes_one(service: Reporting, user: str) -> None:
    visitor = Visitor(service, user)
    assert visitor.get(ROUND).status_code == 200
    for path in ("days", "steps", "meters/experience"):
        assert visitor.post(f"{ROUND}/{path}").status_code == 403, path
    assert visitor.get(f"{ROUND}/meters/experience").status_code == 403


def test_signed_out_nobody_sees_a_round(service: Reporting) -> None:
    for path in (ROUND, f"{ROUND}/participation-fi.pdf", f"{ROUND}/meters/experience"):
        assert httpx.get(service.url + path).status_code in {303, 307}
    ilona = Visitor(service, "ilona")
    assert ilona.get("/desk/rounds/2031").status_code == 404
    assert ilona.get(f"{ROUND}/other.pdf").status_code == 404
