import csv
import io
import json
from typing import Any

import httpx
import pytest

from reporting.domain.open_data import LICENCE, NAMES
from support.fake_metrics_api import FakeMetricsApi
from support.reporting_service import Reporting


def _one_line(figure: Any) -> str:
    return json.dumps(figure, sort_keys=True)


def test_csv_and_json_hold_every_figure_of_the_release(published: Reporting) -> None:
    id_ = httpx.get(f"{published.url}/v1/releases").json()["releases"][0]["id"]
    release = httpx.get(f"{published.url}/v1/releases/{id_}").json()["figures"]
    told = []
    for name in ("experience", "feedback", "statutory", "participation"):
        address = f"{published.url}/open-data/latest/{name}"
        of_json = httpx.get(f"{address}.json").json()
        assert of_json["release"] == id_
        links = httpx.head(f"{address}.csv").links
        assert links["canonical"]["url"].endswith(f"/open-data/{id_}/{name}.csv")
        assert links["license"]["url"] == LICENCE
        described = links["describedby"]["url"].partition("/open-data/")[2]
        assert httpx.head(f"{published.url}/open-data/{described}").status_code == 200
        table = csv.DictReader(io.StringIO(httpx.get(f"{address}.csv").content.decode("utf-8-sig")))
        values = [(one["metric"], one["value"], one["status"]) for one in of_json["figures"]]
        assert [
            (row["metric"], json.loads(row["value"] or "null"), row["status"]) for row in table
        ] == values
        told += of_json["figures"]
    assert sorted(map(_one_line, told)) == sorted(map(_one_line, release))


@pytest.mark.parametrize(
    ("accept", "language", "media", "said"),
    [
        ("text/html", "sv-FI,sv;q=0.9", "text/html", "Öppna data"),
        ("text/html", "de", "text/html", "Avoin data"),
        ("*/*", "en", "text/html", "Open data"),
        ("application/ld+json", "", "application/ld+json", "dcat:Catalog"),
        ("application/json", "", "application/ld+json", "dcat:Catalog"),
        ("text/html;q=0.5, application/ld+json", "", "application/ld+json", "dcat:Catalog"),
        ("application/json;q=0.1, text/html", "fi;q=0.2, en;q=0.9", "text/html", "Open data"),
    ],
)
def test_the_catalogue_is_what_the_reader_asks_for(
    published: Reporting, accept: str, language: str, media: str, said: str
) -> None:
    headers = {"Accept": accept, "Accept-Language": language}
    answer = httpx.get(f"{published.url}/open-data/", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(media)
    assert said in answer.text
    assert answer.headers["vary"] == "Accept, Accept-Language"
    held = httpx.get(
        f"{published.url}/open-data/", headers={**headers, "If-None-Match": answer.headers["etag"]}
    )
    assert held.status_code == 304


def test_every_address_of_the_catalogue_leads_somewhere(published: Reporting) -> None:
    headers = {"Accept": "application/ld+json"}
    told = httpx.get(f"{published.url}/open-data/", headers=headers).json()
    assert len(told["dcat:dataset"]) == len(NAMES)
    base = told["@id"].removesuffix("/open-data/")
    for dataset in told["dcat:dataset"]:
        for one in dataset["dcat:distribution"]:
            for address in (one["dcat:accessURL"]["@id"], one["dcat:downloadURL"]["@id"]):
                found = httpx.get(address.replace(base, published.url))
                assert found.status_code == 200, address
                assert str(len(found.content)) == one["dcat:byteSize"]["@value"]
        moved = httpx.get(dataset["@id"].replace(base, published.url))
        assert moved.status_code == 303


@pytest.mark.parametrize(
    "path",
    ["nothing", "latest/nothing.csv", "latest/experience.xml", "x/experience.csv", "latest/.csv"],
)
def test_what_there_is_not_is_404(published: Reporting, path: str) -> None:
    assert httpx.get(f"{published.url}/open-data/{path}").status_code == 404


def test_earlier_releases_stay_and_withdrawn_ones_are_gone(
    reporting: Reporting, metrics_api: FakeMetricsApi
) -> None:
    first = reporting.publish(last="2026-09-30")
    metrics_api.figures = [
        one | {"rounded": 99} if one["metric"] == "happy_index" and one["rounded"] else one
        for one in metrics_api.figures
    ]
    second = reporting.publish()
    address = f"{reporting.url}/open-data/{first}/experience.csv"
    assert httpx.get(address).headers["kokemus-state"] == "superseded"
    reporting.run("release", "withdraw", first, "--by", "aino", "--reason", "pieni solu")
    gone = httpx.get(address)
    assert (gone.status_code, gone.json()["reason"]) == (410, "pieni solu")
    assert httpx.get(f"{reporting.url}/open-data/{second}/experience.csv").status_code == 200
