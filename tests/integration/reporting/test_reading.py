import json
import re

import httpx
import pytest

from support.reporting_service import Reporting


@pytest.fixture
def release(published: Reporting) -> str:
    """The id of what is published."""
    id_: str = httpx.get(f"{published.url}/v1/releases").json()["releases"][0]["id"]
    return id_


def test_a_release_holds_rounded_figures_only_and_none_under_thirty(
    published: Reporting, release: str
) -> None:
    content = httpx.get(f"{published.url}/v1/releases/{release}").json()
    assert ".0031" not in json.dumps(content)
    for figure in content["figures"]:
        assert figure["value"] is None or isinstance(figure["value"], int)
        assert figure["n"] is None or figure["n"] >= 30
    small = [one for one in content["figures"] if one["entity"] == "asema-pieni"]
    assert small
    assert {(one["value"], one["n"], one["status"]) for one in small} == {
        (None, None, "below_min_n")
    }


def test_readers_are_answered_with_304_and_caches_keep_nothing_over_five_minutes(
    published: Reporting, release: str
) -> None:
    for path in (
        "/fi/",
        "/sv/kallio",
        "/embed/en/kallio",
        "/embed/data/fi/kallio",
        "/v1/releases",
        f"/v1/releases/{release}",
        "/embed/kokemus.js",
        "/static/kokemus.css",
    ):
        first = httpx.get(published.url + path)
        assert first.status_code == 200, path
        ages = [part for part in first.headers["cache-control"].split(", ") if "=" in part]
        assert all(int(part.split("=")[1]) <= 300 for part in ages), path
        again = httpx.get(published.url + path, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b""), path


@pytest.mark.parametrize(
    "path",
    [
        "/fi/../../etc/passwd",
        "/fi/%2e%2e/%2e%2e/etc/passwd",
        "/static/..%2fsettings.py",
        "/static/../settings.py",
        "/fi/<script>alert(1)</script>",
        "/embed/fi/kallio%00",
        "/v1/releases/../../x",
        "/xx/kallio",
    ],
)
def test_path_tricks_find_nothing(published: Reporting, path: str) -> None:
    for one in (path, path.replace("%", "%25")):
        answer = httpx.get(published.url + one)
        assert answer.status_code == 404
        assert "<script>alert" not in answer.text


def test_what_a_reader_searches_for_is_never_taken_for_markup(published: Reporting) -> None:
    answer = httpx.get(f"{published.url}/fi/", params={"q": '"><script>alert(1)</script>'})
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


def test_whoever_asks_for_the_head_is_told_what_the_whole_would_say(published: Reporting) -> None:
    (release,) = httpx.get(f"{published.url}/v1/releases").json()["releases"]
    for path in (
        "/fi/", "/fi/kallio", "/embed/fi/kallio", "/open-data/", "/open-data/latest/experience.csv",
        "/v1/releases", f"/v1/releases/{release['id']}", "/v1/rounds", "/desk", "/robots.txt",
    ):  # fmt: skip
        whole = httpx.get(published.url + path)
        head = httpx.head(published.url + path)
        assert (head.status_code, head.content) == (whole.status_code, b""), path
        assert head.headers.get("etag") == whole.headers.get("etag"), path


def test_pages_stay_small(published: Reporting) -> None:
    files = ("/static/kokemus.css", "/static/icon.svg")
    shared = sum(len(httpx.get(published.url + path).content) for path in files)
    for path in ("/fi/", "/fi/terveysasemat", "/embed/fi/kallio"):
        assert len(httpx.get(published.url + path).content) + shared < 100_000, path
    assert len(httpx.get(f"{published.url}/embed/kokemus.js").content) < 15_000


def test_it_says_that_it_is_ready_and_describes_itself(published: Reporting) -> None:
    assert httpx.get(f"{published.url}/health/live").status_code == 200
    described = httpx.get(f"{published.url}/openapi.json").json()
    assert {"/v1/releases", "/v1/releases/{release_id}"} <= described["paths"].keys()


def test_the_accessibility_statement_stands_in_each_language_and_leads_to_the_others(
    published: Reporting,
) -> None:
    said = {
        "/fi/saavutettavuus": "14 päivän",
        "/sv/tillganglighet": "14 dagar",
        "/en/accessibility": "14 days",
    }
    for path, answered in said.items():
        text = httpx.get(published.url + path).text
        assert answered in text
        assert "Traficom" in text
        assert f'rel="canonical" href="{published.url}{path}"' in text
        assert all(f'href="{published.url}{other}"' in text for other in said)
        assert f'href="{path}"' in httpx.get(f"{published.url}{path[:3]}/kallio").text
    assert httpx.get(f"{published.url}/fi/accessibility").status_code == 404


def test_search_engines_find_every_page_in_every_language_and_not_the_desk(
    published: Reporting,
) -> None:
    robots = httpx.get(f"{published.url}/robots.txt").text
    assert "Disallow: /desk\n" in robots
    assert f"Sitemap: {published.url}/sitemap.xml" in robots
    answer = httpx.get(f"{published.url}/sitemap.xml")
    assert answer.headers["content-type"] == "application/xml"
    listed = set(re.findall("<loc>([^<]+)</loc>", answer.text))
    assert {f"{published.url}/{code}/kallio" for code in ("fi", "sv", "en")} <= listed
    assert f"{published.url}/sv/tillganglighet" in listed
    assert all(httpx.get(one).status_code == 200 for one in listed)


def test_a_page_that_is_not_there_is_kept_from_search_engines(published: Reporting) -> None:
    answer = httpx.get(f"{published.url}/sv/ei-ole")
    assert answer.status_code == 404
    assert '<meta name="robots" content="noindex">' in answer.text
    assert "canonical" not in answer.text
