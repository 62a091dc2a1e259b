"""What the city published once, out of what a user would send, through HTTP and Kafka."""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import httpx
import msgspec
import pytest

from kokemus.contracts import events
from kokemus_platform import reference_data
from support.counting import press, wait_until
from support.fake_platform import await_no_process
from support.platform_command import kokemus
from support.reference_presses import PUBLISHED, PUBLISHED_TO, TOGETHER, counts_by_value
from support.tables import csv_file

pytestmark = pytest.mark.timeout(600)

BATCH = 10_000


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """A platform of this test's own that has counted the eight rows of the table."""
    home = tmp_path_factory.mktemp("reference") / "home"
    kokemus(home, "up", "--detach")
    try:
        status: dict[str, Any] = json.loads(kokemus(home, "status", "--json"))
        send_all(status)
        wait_until(lambda: metrics(status, "status")["settled"], 120)
        yield status
    finally:
        kokemus(home, "down", "--wipe")
        await_no_process(home)


def presses_of(service: str, year: int) -> Iterator[events.KioskPressed]:
    """Every press of a row of the table, spread over its part of the year."""
    counts = counts_by_value(service, year)
    first = datetime(year, 1, 1, 6, tzinfo=UTC)
    days = (datetime(year, *PUBLISHED_TO[year], tzinfo=UTC) - first).days
    for value, count in enumerate(counts):
        for number in range(count):
            yield press(
                id=f"{service}-{year}-{value}-{number}",
                source="reference-test",
                subject=service,
                time=first + timedelta(days=number % days, seconds=number % 36_000),
                device="d1",
                value=value,
            )


def send_all(status: dict[str, Any]) -> None:
    for service, year in PUBLISHED:
        presses = presses_of(service, year)
        while part := list(islice(presses, BATCH)):
            send(status, "ingest-kiosk", part)


def send(status: dict[str, Any], service: str, batch: Sequence[events.Event]) -> None:
    answer = httpx.post(
        f"{status['services'][service]}/v1/events",
        content=msgspec.json.encode(batch),
        headers={
            "Authorization": f"Bearer {status['key']}",
            "Content-Type": "application/cloudevents-batch+json",
        },
        timeout=60,
    )
    assert answer.status_code == 202, answer.text
    assert answer.json() == {"accepted": len(batch), "rejected": []}


def metrics(status: dict[str, Any], path: str, **parameters: str) -> dict[str, Any]:
    answer = httpx.get(
        f"{status['services']['metrics']}/v1/{path}",
        params=parameters,
        headers={"Authorization": f"Bearer {status['key']}"},
        timeout=30,
    )
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


def figure(status: dict[str, Any], metric: str, entity: str, year: int) -> dict[str, Any]:
    asked = {"metric": metric, "entity": entity, "from": f"{year}-01-01", "to": f"{year}-12-31"}
    (found,) = metrics(status, "figures", **asked, channel="kiosk")["figures"]
    only: dict[str, Any] = found
    return only


@pytest.mark.parametrize(("service", "year"), PUBLISHED)
def test_counts_and_indices_come_out_exactly(
    platform: dict[str, Any], service: str, year: int
) -> None:
    published = PUBLISHED[service, year]
    assert figure(platform, "press_count", service, year)["value"] == published.presses
    index = figure(platform, "happy_index", service, year)
    assert (index["rounded"], index["n"]) == (published.happy_index, published.presses)


@pytest.mark.parametrize("year", TOGETHER)
@pytest.mark.parametrize("entity", ["sote", "helsinki"])
def test_a_parent_is_weighted_by_its_childrens_counts(
    platform: dict[str, Any], entity: str, year: int
) -> None:
    index = figure(platform, "happy_index", entity, year)
    assert round(index["value"], 2) == TOGETHER[year]
    assert index["n"] == sum(row.presses for (_, of), row in PUBLISHED.items() if of == year)


ELSEWHERE = [
    event
    for event in reference_data.events()
    if isinstance(event, events.FigureReported)
    and not (event.data.channel == "kiosk" and event.data.period_start.year in TOGETHER)
]
"""All but the kiosks' of the years whose presses are counted here."""


@pytest.mark.parametrize("event", ELSEWHERE, ids=lambda one: f"{one.subject}-{one.data.metric}")
def test_what_was_only_printed_is_answered_as_it_was_printed(
    platform: dict[str, Any], event: events.FigureReported
) -> None:
    printed = event.data
    asked = {"from": str(printed.period_start), "to": str(printed.period_end)}
    found = metrics(
        platform,
        "figures",
        metric=printed.metric,
        entity=event.subject,
        channel=printed.channel,
        observations="all",
        **asked,
    )["figures"]
    (told,) = [
        one["reported"]
        for one in found
        if one.get("reported") and one["reported"]["as_of"] == str(printed.as_of)
    ]
    between = told["range"] and (told["range"]["low"], told["range"]["high"])
    assert told["value"] == printed.value
    assert between == (printed.range_low and (printed.range_low, printed.range_high))
    assert (told["approx"], told["decimals"]) == (printed.approx, printed.decimals)


def test_two_cuts_of_one_year_are_two_observations(platform: dict[str, Any]) -> None:
    asked = {"metric": "complaint_count", "entity": "sote", "from": "2018-01-01"}
    both = metrics(platform, "figures", **asked, to="2018-12-31", observations="all")["figures"]
    assert [one["value"] for one in both] == [208, 405]


def send_table(platform: dict[str, Any], kind: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    answer = httpx.post(
        f"{platform['services']['ingest-feedback']}/v1/imports",
        params={"kind": kind, "source": "report-2018"},
        content=csv_file(rows),
        headers={"Authorization": f"Bearer {platform['key']}", "Content-Type": "text/csv"},
        timeout=30,
    )
    found: dict[str, Any] = answer.json()
    return found


WAVES = {
    "2014": {"period_start": "1.1.2014", "period_end": "31.12.2014", "mean": "4,5"},
    "2016-syksy": {"period_start": "1.9.2016", "period_end": "31.12.2016", "mean": "4,6"},
    "previous": {"period_start": "", "period_end": "", "mean": "4,6"},
}
"""A report names the second wave's predecessor without its date."""


def test_published_survey_results_go_in_as_a_table_and_an_undated_wave_is_named(
    platform: dict[str, Any],
) -> None:
    said = {"subject": "perhekeskukset", "survey_id": "s", "question_id": "all", "scale": "likert5"}
    asked = events.SurveyQuestion("all", "overall", "likert5")
    defined = [
        events.SurveyDefined(
            specversion="1.0",
            id=f"wave-{wave}",
            source="report-2018",
            subject="s",
            time=datetime(2019, 1, 1, tzinfo=UTC),
            data=events.Survey("s", wave, "self_selected", [asked]),
        )
        for wave in WAVES
    ]
    send(platform, "ingest-feedback", defined)
    table = [{**said, "wave": wave, **of, "as_of": of["period_end"]} for wave, of in WAVES.items()]
    answer = send_table(platform, "survey", table)
    assert (answer["accepted"], [one["line"] for one in answer["rejected"]]) == (2, [4])

    def means() -> list[float]:
        period = {"from": "2014-01-01", "to": "2016-12-31", "observations": "all"}
        found = metrics(
            platform, "figures", metric="mean_likert5", entity="perhekeskukset", **period
        )
        return [one["value"] for one in found["figures"] if one["value"] is not None]

    wait_until(lambda: means() == [4.5, 4.6], 30, lambda: str(means()))


LADDER = {
    1: ["tiedotustilaisuudet", "asiakasneuvontakanavat", "palautekanavat", "kyselyt"],
    2: ["keskustelutilaisuudet", "somekanavat"],
    3: [
        "asiakasraadit",
        "kehittamisalustat",
        "vapaaehtoistoiminta",
        "tyopajat",
        "kokemusasiantuntijat",
    ],
    4: ["osallistuva_budjetointi"],
}


def test_the_whole_ladder_goes_in_as_a_table_and_covers_who_returned_it(
    platform: dict[str, Any],
) -> None:
    entity, returned = "perhe-ja-sosiaalipalvelut", {"year": "2018", "volume": ""}
    rows = [
        {"subject": entity, "time": "1.2.2019", "level": level, "method": method, **returned}
        for level, methods in LADDER.items()
        for method in methods
    ]
    assert send_table(platform, "method", rows)["accepted"] == sum(map(len, LADDER.values()))

    def area() -> dict[str, Any]:
        areas = metrics(platform, "participation", year="2018")["areas"]
        (found,) = [one for one in areas if one["entity"] == "sote"]
        only: dict[str, Any] = found
        return only

    wait_until(lambda: area()["coverage"]["covered"] == 1, 30, lambda: str(area()))
    assert [one["service_entities"] for one in area()["levels"]] == [1, 1, 1, 1]
    span = {"from": "2018-01-01", "to": "2018-12-31"}
    counts = metrics(platform, "figures", metric="participation_methods", entity=entity, **span)
    by_level = {one["dimension"].get("level"): one["value"] for one in counts["figures"]}
    by_hand: dict[int | None, int] = {level: len(of) for level, of in LADDER.items()}
    assert by_level == {None: 12, **by_hand}
