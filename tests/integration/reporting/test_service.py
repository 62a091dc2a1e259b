# ruff: noqa: ASYNC210 - nothing else runs on the loop of a test
import hashlib
from pathlib import Path

import httpx
import pytest

from kokemus.compacted import CompactedTopic
from kokemus.contracts.events import ReleasePublished
from kokemus.contracts.topics import declarations
from kokemus.settings import ServiceSettings
from support import reporting_service
from support.fake_metrics_api import REFERENCE, FakeMetricsApi
from support.reporting_service import Reporting


async def announced(environment: dict[str, str], release: str, state: str) -> ReleasePublished:
    """The event of a release once the topic says that it has reached the state."""
    settings = ServiceSettings(
        kafka_bootstrap=environment["KOKEMUS_KAFKA_BOOTSTRAP"],
        topic_prefix=environment["KOKEMUS_TOPIC_PREFIX"],
    )
    async with CompactedTopic(settings, declarations()["releases.v1"]) as topic:
        async for _ in reporting_service.attempts(20):
            event = topic.table.get(release)
            if isinstance(event, ReleasePublished) and event.data.state == state:
                return event
    raise AssertionError(f"{release} was not announced as {state}")


@pytest.mark.usefixtures("worker")
async def test_a_release_is_served_by_the_hash_that_its_announcement_names(
    reporting: Reporting,
) -> None:
    id_ = reporting.publish()
    event = await announced(reporting.environment, id_, "published")
    body = httpx.get(event.data.url).content
    assert event.data.hash == f"sha256:{hashlib.sha256(body).hexdigest()}"
    (listed,) = httpx.get(f"{reporting.url}/v1/releases").json()["releases"]
    assert (listed["id"], listed["hash"], listed["state"]) == (id_, event.data.hash, "published")
    assert listed["period"] == {"from": "2016-01-01", "to": "2026-10-31"}


def test_the_reference_years_are_released_and_shown_as_reported(reporting: Reporting) -> None:
    id_ = reporting.run("setup-release")
    assert reporting.run("setup-release") == id_, "a second setup publishes nothing"
    reporting.await_release(id_)
    content = httpx.get(f"{reporting.url}/v1/releases/{id_}").json()
    assert {(one["period"]["from"], one["entity"], one["metric"]): one["value"]
            for one in content["figures"]} == {
        (f"{year}-01-01", id_, metric): value
        for id_, years in REFERENCE.items()
        for year, pair in zip((2017, 2018), years, strict=True)
        for metric, value in zip(("press_count", "happy_index"), pair, strict=True)
    }  # fmt: skip
    assert all("reported" in one["flags"] for one in content["figures"])
    page = httpx.get(f"{reporting.url}/fi/terveysasemat").text
    assert "120\N{NO-BREAK SPACE}725" in page
    assert "aiemmin julkaistu" in page
    assert "1.1.\N{EN DASH}12.9.2018" in page


@pytest.mark.usefixtures("worker")
async def test_a_superseded_release_stays_and_a_withdrawn_one_is_gone_everywhere(
    reporting: Reporting, metrics_api: FakeMetricsApi
) -> None:
    first = reporting.publish()
    metrics_api.figures = [
        one | {"rounded": 99} if one["metric"] == "happy_index" and one["rounded"] else one
        for one in metrics_api.figures
    ]
    second = reporting.publish(
        why=("Laite oli väärin.", "Apparaten var fel.", "A device was wrong.")
    )
    assert "Laite oli väärin." in httpx.get(f"{reporting.url}/fi/kallio").text
    old = httpx.get(f"{reporting.url}/v1/releases/{first}")
    assert (old.status_code, old.headers["kokemus-state"]) == (200, "superseded")
    await announced(reporting.environment, first, "superseded")

    reporting.run("release", "withdraw", second, "--by", "aino", "--reason", "pieni solu")
    await announced(reporting.environment, second, "withdrawn")
    for path in ("/fi/", "/fi/kallio", "/embed/fi/kallio", "/embed/data/fi/kallio"):
        assert httpx.get(reporting.url + path).status_code == 410, path
    gone = httpx.get(f"{reporting.url}/v1/releases/{second}")
    assert (gone.status_code, gone.json()["reason"]) == (410, "pieni solu")
    assert httpx.get(f"{reporting.url}/v1/releases/{first}").status_code == 200


def test_a_draft_is_not_served_and_nothing_published_is_said_in_words(reporting: Reporting) -> None:
    draft = reporting.run(
        "release", "draft", "--by", "x", "--from", "2016-01-01", "--to", "2026-10-31"
    )
    assert httpx.get(f"{reporting.url}/v1/releases").json() == {"releases": []}
    assert httpx.get(f"{reporting.url}/v1/releases/{draft}").status_code == 404
    page = httpx.get(f"{reporting.url}/sv/kallio")
    assert page.status_code == 404
    assert "Ingenting har publicerats än" in page.text


@pytest.mark.usefixtures("worker")
async def test_a_store_that_does_not_know_of_a_withdrawal_learns_of_it_from_the_topic(
    reporting: Reporting,
) -> None:
    id_ = reporting.publish()
    event = await announced(reporting.environment, id_, "published")
    await reporting_service.announce(reporting.environment, event, "withdrawn")
    async for _ in reporting_service.attempts(20):
        if httpx.get(f"{reporting.url}/v1/releases/{id_}").status_code == 410:
            return
    raise AssertionError("the release is still served")


async def test_what_was_published_while_the_worker_was_down_is_announced_at_its_start(
    environment: dict[str, str], tmp_path: Path
) -> None:
    id_ = reporting_service.command(environment, "setup-release")
    with reporting_service.working(environment, tmp_path / "log"):
        await announced(environment, id_, "published")


def test_wrong_settings_end_it_at_once_with_one_clear_line(environment: dict[str, str]) -> None:
    for name, wrong in (
        ("KOKEMUS_METRICS_URL", "nowhere"),
        ("KOKEMUS_PEOPLE_FILE", "/no/such/people"),
    ):
        for command in ("serve", "work"):
            done = reporting_service.ended({**environment, name: wrong}, command)
            assert done.returncode == 1
            assert done.stderr.count("\n") == 1
            assert (wrong if "FILE" in name else name) in done.stderr
