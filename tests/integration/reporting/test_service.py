import httpx

from support.reporting_service import Reporting


def test_a_release_is_published(reporting: Reporting) -> None:
    id_ = reporting.publish()
    listed = httpx.get(f"{reporting.url}/v1/releases").json()["releases"]
    assert [one["id"] for one in listed] == [id_]
    for path in ("/fi/", "/fi/terveysasemat", "/sv/kallio", "/en/asema-pieni", "/embed/fi/kallio"):
        answer = httpx.get(reporting.url + path)
        assert answer.status_code == 200, answer.text
