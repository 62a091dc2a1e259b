from io import BytesIO

import httpx
import pytest
from pypdf import PdfReader

from kokemus_platform.processes import wait_until
from support.pdf_files import spoken
from support.reporting_service import Reporting


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("fi/kallio", "Kallion terveysasema"),
        ("sv/kallio", "Berghälls hälsostation"),
        ("fi-sv/kallio", "Kallion terveysasema"),
        ("committee-fi/sote", "Vuosikatsaus lautakunnalle"),
        ("committee-sv/sote", "Social- och hälsovårdssektorn"),
    ],
)
def test_a_page_to_print_is_a_file_of_what_is_published(
    published: Reporting, address: str, name: str
) -> None:
    answer = httpx.get(f"{published.url}/print/{address}.pdf")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert "max-age=60" in answer.headers["cache-control"]
    assert name in spoken(PdfReader(BytesIO(answer.content)))
    again = httpx.get(answer.url, headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "address",
    [
        "fi/nobody.pdf",
        "de/kallio.pdf",
        "fi/kallio",
        "fi/..%2fkallio.pdf",
        "committee-fi/nobody.pdf",
    ],
)
def test_there_is_no_poster_of_what_is_not_published(published: Reporting, address: str) -> None:
    assert httpx.get(f"{published.url}/print/{address}").status_code == 404


def test_a_withdrawn_release_has_no_poster_any_more(reporting: Reporting) -> None:
    assert httpx.get(f"{reporting.url}/print/fi/kallio.pdf").status_code == 404
    id_ = reporting.publish()
    assert httpx.get(f"{reporting.url}/print/fi/kallio.pdf").status_code == 200
    reporting.run("release", "withdraw", id_, "--by", "system:local", "--reason", "virhe")
    gone = f"{reporting.url}/print/fi/kallio.pdf"
    wait_until(lambda: httpx.get(gone).status_code == 410, seconds=10, what="the poster to go")
