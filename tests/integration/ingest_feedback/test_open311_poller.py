"""The Open311 poller over real HTTP and a real broker, against a server with a city's quirks."""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from confluent_kafka import Producer
from pydantic import HttpUrl
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ingest_feedback.open311_client import places
from ingest_feedback.open311_client.app import list_services
from ingest_feedback.open311_client.client import Open311
from ingest_feedback.open311_client.poller import Poller
from ingest_feedback.open311_client.settings import Open311Settings
from kokemus.contracts import events
from kokemus.intake import Intake
from kokemus.polling.asking import Asking, token_in
from kokemus.polling.place import place_of
from kokemus.settings import KeyedSettings
from kokemus.telemetry import Meters
from kokemus_platform import topics
from kokemus_platform.kafka import EmbeddedKafka
from support.fake_time import FakeTime
from support.georeport_server import GeoReportServer
from support.ingest_service import records
from support.spoiled import MARKED, NAMED

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
KEY = "right-key"


class World:
    """The server, a broker and time around one poller, which can die and be born again."""

    def __init__(self, server: GeoReportServer, bootstrap: str, prefix: str, folder: Path) -> None:
        self.server = server
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.time = FakeTime(NOW)
        self.meters = Meters()
        self.key_file = folder / "key"
        self.key_file.write_text(KEY)
        self.places_file = folder / "places.csv"
        keys_file = folder / "keys.json"
        keys_file.write_bytes(b'{"keys": []}')
        self._settings = KeyedSettings(
            kafka_bootstrap=bootstrap, topic_prefix=prefix, keys_file=keys_file
        )
        self._stack = AsyncExitStack()
        self.last: events.Poll | None = None

    async def start(self) -> None:
        intake = Intake("ingest-feedback", self._settings, self.meters)
        self.intake = await self._stack.enter_async_context(intake)
        http = httpx.AsyncClient(base_url=self.server.url)
        self._http = await self._stack.enter_async_context(http)
        await self.intake.registry_known()
        self.restart()

    async def close(self) -> None:
        await self._stack.aclose()

    def settings(self, **changed: Any) -> Open311Settings:
        return Open311Settings(
            url=HttpUrl(self.server.url),
            source="palaute",
            key_file=self.key_file,
            places_file=self.places_file if self.places_file.exists() else None,
            **changed,
        )

    def restart(self, **changed: Any) -> None:
        """A new process: what it knows is what the last poll told."""
        chosen = self.settings(**changed)
        timing = self.time.timing
        self.poller = Poller(
            server=Open311(
                Asking(self._http, dict, 100, timing), chosen, lambda: token_in(self.key_file)
            ),
            intake=self.intake,
            settings=chosen,
            places=places.read(chosen.places_file, chosen.zone),
            timing=timing,
            place=place_of(self.last),
        )

    async def poll(self, **later: float) -> events.Poll:
        self.time.pass_by(**later or {"hours": 1})
        self.last = await self.poller.poll()
        return self.last

    def sent(self, count: int) -> list[dict[str, Any]]:
        """What stands on the topic, once so many events do."""
        found = records(self.bootstrap, f"{self.prefix}feedback.v1", count)
        return [json.loads(one.value()) for one in found]

    def polls(self, count: int) -> list[dict[str, Any]]:
        found = records(self.bootstrap, f"{self.prefix}sources.v1", count)
        told = sorted((json.loads(one.value()) for one in found), key=lambda one: one["id"])
        return [one["data"] for one in told]

    def metric(self, name: str, **labels: str) -> float | None:
        return self.meters.registry.get_sample_value(name, {"source": "palaute"} | labels)


@pytest.fixture
def server() -> Iterator[GeoReportServer]:
    with GeoReportServer().running() as server:
        yield server


@pytest.fixture
async def world(
    embedded_kafka: EmbeddedKafka, topic_prefix: str, server: GeoReportServer, tmp_path: Path
) -> AsyncIterator[World]:
    topics.apply(embedded_kafka.bootstrap, topic_prefix)
    world = World(server, embedded_kafka.bootstrap, topic_prefix, tmp_path)
    await world.start()
    yield world
    await world.close()


def ids(found: list[dict[str, Any]]) -> list[str]:
    return sorted(event["id"] for event in found)


async def test_a_poll_asks_for_months_oldest_first_and_never_for_90_days(world: World) -> None:
    await world.poll()
    (services, own), *asked = world.server.asked
    assert (services, own) == ("services.json", {"api_key": KEY})
    assert [path for path, _ in asked] == ["requests.json"] * 3
    assert all(
        set(query) == {"api_key", "extensions", "start_date", "end_date"} for _, query in asked
    )
    assert asked[0][1]["start_date"] == "2026-08-24T10:59:59Z"
    assert [query["end_date"] for _, query in asked] == [
        "2026-09-23T11:00:01Z",
        "2026-10-23T11:00:01Z",
        "2026-11-22T11:00:01Z",
    ]


async def test_nothing_is_lost_to_the_cap_and_a_second_poll_sends_nothing(world: World) -> None:
    made = [NOW - timedelta(days=89) + timedelta(minutes=97 * n) for n in range(1_200)]
    crowd = [NOW - timedelta(days=12, seconds=n) for n in range(0, 450, 2)]
    for moment in made + crowd:
        world.server.request(moment)
    first = await world.poll(minutes=1)
    assert len(world.server.asked_for_requests()) > 10
    assert first.error is None
    assert first.sent == len(made) + len(crowd)
    assert ids(world.sent(first.sent)) == [
        f"open311/r{n:05}" for n in range(len(made) + len(crowd))
    ]
    second = await world.poll(minutes=1)
    assert (second.sent, second.error) == (0, None)
    assert second.window_to > first.window_to > NOW


async def test_after_a_restart_the_same_ids_are_sent_again(world: World) -> None:
    world.server.request(NOW, status="closed", status_notes="Kiitos")
    before = (await world.poll()).sent
    world.restart()
    assert (await world.poll()).sent == before == 2
    sent = world.sent(4)
    assert {event["id"]: event for event in sent[:2]} == {event["id"]: event for event in sent[2:]}


async def test_what_changes_is_seen_within_the_overlap_and_every_quirk_survived(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    row = world.server.request(NOW, status_notes=None)
    world.server.requests.append(row)  # some servers give a request twice
    await world.poll()
    row["status"] = "closed"
    row["status_notes"] = f"Asia on hoidettu.\n\nYstävällisin terveisin\n{NAMED[0]}"
    row["updated_datetime"] = "2026-12-24T12:30:00"
    row["service_code"] = "kiitos"
    del row["address"], row["lat"]
    row["extended_attributes"] = {"detailed_status": "PROCESSED, PUBLIC_WORKS_COMPLETED"}
    await world.poll(days=40)
    sent = world.sent(3)
    found = {event["type"].rpartition("feedback.")[2]: event for event in sent}
    assert len(sent) == len(found) == 3
    assert found["received.v1"]["subject"] == "unplaced.palaute.171"
    assert found["updated.v1"]["subject"] == "unplaced.palaute.kiitos"
    assert found["updated.v1"]["data"]["kind"] == "kiitos"
    assert found["answered.v1"]["data"] == {
        "feedback_id": "r00000",
        "answered_at": "2026-12-24T12:30:00+02:00",
    }
    told = json.dumps(sent, ensure_ascii=False) + capsys.readouterr().out
    assert not any(text in told for text in (*NAMED, *MARKED, KEY))


async def test_rows_that_cannot_be_used_are_named_by_their_fields_and_the_others_sent(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.server.request(NOW)
    world.server.request(NOW, service_request_id=NAMED[0])
    world.server.request(NOW, service_request_id=None)
    world.server.request(NOW, requested_datetime="eilen")
    world.server.request(NOW, status="closed", updated_datetime=MARKED[1])
    world.server.request(NOW, requested_datetime="2199-01-01T00:00:00Z")
    poll = await world.poll()
    assert poll.error is not None
    for named in ("service_request_id", "requested_datetime", "updated_datetime"):
        assert named in poll.error
    assert ids(world.sent(2)) == ["open311/r00000", "open311/r00004"]
    said = capsys.readouterr().out + poll.error
    assert not any(text in said for text in (*NAMED, *MARKED))


async def test_a_table_of_places_and_the_registry_say_where_a_request_belongs(
    world: World,
) -> None:
    unit = {"service_object_id": "10844", "service_object_type": "http://www.hel.fi/servicemap/v2"}
    world.server.request(NOW)
    world.server.request(NOW, service_code="198")
    world.server.request(NOW, extended_attributes=unit)
    world.server.request(NOW, agency_responsible="Katu")
    world.places_file.write_text(
        "id,parent,entity,kind\nservice/171,,kymp,vikailmoitus\nagency/Katu,office/2,,\n"
        "office/2,office/1,,\noffice/1,,keskushallinto,\n"
    )
    await define_unit(world, "terveysasema-kallio", 10844)
    world.restart()
    await world.poll()
    assert {event["id"]: event["subject"] for event in world.sent(4)} == {
        "open311/r00000": "kymp",
        "open311/r00001": "unplaced.palaute.198",
        "open311/r00002": "terveysasema-kallio",
        "open311/r00003": "keskushallinto",
    }
    rows = {
        what: world.metric("kokemus_source_rows_total", outcome=what)
        for what in ("used", "unplaced", "refused")
    }
    assert rows == {"used": 3, "unplaced": 1, "refused": 0}


async def test_a_line_that_is_added_later_is_told_of_requests_that_are_read_again(
    world: World,
) -> None:
    world.server.request(NOW - timedelta(days=40))
    world.server.request(NOW - timedelta(hours=1), updated_datetime=NOW.isoformat())
    await world.poll()
    world.places_file.write_text("id,entity,changed\nservice/171,kymp,2026-11-22\n")
    for _ in range(2):
        world.restart()
        await world.poll()
    newest: dict[str, dict[str, Any]] = {}
    for event in world.sent(11):
        known = newest.setdefault(event["data"]["feedback_id"], event)
        if (moment(event), event["id"]) > (moment(known), known["id"]):
            newest[event["data"]["feedback_id"]] = event
    assert {event["subject"] for event in newest.values()} == {"kymp"}


def moment(event: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(event["time"])


async def define_unit(world: World, entity: str, service_map_id: int) -> None:
    """Puts a unit on the registry's topic and waits until the poller's intake knows it."""
    event = {
        "specversion": "1.0",
        "type": "fi.hel.kokemus.entity.defined.v1",
        "id": f"define-{entity}",
        "source": "registry",
        "subject": entity,
        "time": "2020-01-01T00:00:00+02:00",
        "data": {
            "kind": "unit",
            "service_map_id": service_map_id,
            "validities": [
                {
                    "parent": "terveysasemat",
                    "names": {"fi": "Yksikkö"},
                    "valid_from": "2000-01-01",
                    "valid_to": None,
                }
            ],
        },
    }
    producer = Producer({"bootstrap.servers": world.bootstrap})
    producer.produce(f"{world.prefix}registry.v1", json.dumps(event), f"entity/{entity}")
    assert producer.flush(10) == 0
    intake = Intake("ingest-feedback", world.intake.settings, world.meters)
    world.intake = await world._stack.enter_async_context(intake)
    await world.intake.registry_known()


async def test_xml_is_read_as_json_is(world: World) -> None:
    world.restart(form="xml")
    world.server.request(NOW, status="closed", status_notes="Kiitos")
    poll = await world.poll()
    assert (poll.sent, poll.error) == (2, None)
    assert {path for path, _ in world.server.asked} == {"services.xml", "requests.xml"}
    assert ids(world.sent(2))[0] == "open311/r00000"


# --- what goes wrong ----------------------------------------------------------------------------


async def test_a_minute_that_overflows_raises_the_alarm_and_all_others_are_read(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.server.cap = 20
    world.restart(cap=20)
    for n in range(30):
        world.server.request(NOW - timedelta(days=3, milliseconds=n))
    others = [world.server.request(NOW - timedelta(hours=n)) for n in range(60)]
    poll = await world.poll()
    assert "answers cut off" in str(poll.error)
    assert world.metric("kokemus_source_up") == 0
    assert "answer_cut_off" in capsys.readouterr().out
    sent = {event["data"]["feedback_id"] for event in world.sent(80)}
    assert {row["service_request_id"] for row in others} < sent
    world.server.cap = 200
    world.restart()
    assert (await world.poll()).error is None
    assert world.metric("kokemus_source_up") == 1


async def test_a_server_that_only_knows_days_is_not_asked_for_every_minute(world: World) -> None:
    world.server.whole_days = True
    for n in range(250):
        world.server.request(NOW - timedelta(days=2, minutes=n))
    poll = await world.poll()
    assert "answers cut off" in str(poll.error)
    assert len(world.server.asked) < 40


@pytest.mark.parametrize("holds", ["wrong-key", "", "ä"])
async def test_a_wrong_key_raises_the_alarm_without_a_spin_and_a_new_one_needs_no_restart(
    world: World, holds: str
) -> None:
    world.server.key = KEY
    world.server.request(NOW)
    world.key_file.write_text(holds)
    poll = await world.poll()
    assert str(poll.error).startswith("token_refused: ")
    assert poll.next is None
    assert len(world.server.asked) <= 1
    assert world.metric("kokemus_source_up") == 0
    assert world.polls(1)[-1]["error"] == poll.error
    world.key_file.write_text(KEY)
    assert (await world.poll()).error is None
    assert world.metric("kokemus_source_up") == 1


async def test_a_busy_server_is_asked_again_after_the_wait_that_it_names(world: World) -> None:
    world.server.request(NOW)
    world.server.answers.extend(
        [PlainTextResponse("", 429, {"Retry-After": "7"}), PlainTextResponse("", 503), None]
    )
    poll = await world.poll()
    assert (poll.sent, poll.error) == (1, None)
    assert any(7 <= wait <= 8 for wait in world.time.slept)


@pytest.mark.parametrize(
    "broken",
    [
        lambda: PlainTextResponse("", 500),
        lambda: PlainTextResponse("<html>busy</html>"),
        lambda: JSONResponse([{"code": 400, "description": "busy"}]),
        lambda: JSONResponse({"requests": []}),
        lambda: JSONResponse([], 404),
    ],
)
async def test_a_window_without_a_true_answer_is_read_by_the_next_poll(
    world: World, broken: Callable[[], Response]
) -> None:
    world.server.request(NOW - timedelta(days=1))
    world.server.answers.extend([None, None, *[broken() for _ in range(6)]])
    poll = await world.poll()
    assert str(poll.error).startswith("unavailable: requests.json: answered")
    assert datetime.fromisoformat(str(poll.next)) < NOW - timedelta(days=59)
    world.server.answers.clear()
    world.restart()
    assert (await world.poll()).error is None
    assert ids(world.sent(1)) == ["open311/r00000"]


async def test_a_poll_cut_off_while_it_reads_again_does_not_move_its_place_back(
    world: World,
) -> None:
    place = (await world.poll()).next
    world.server.answers.extend([None, None, *[PlainTextResponse("", 500) for _ in range(6)]])
    assert (await world.poll()).next == place


async def test_a_first_start_reads_its_history_and_another_day_can_be_read_again(
    world: World,
) -> None:
    world.restart(start="2025-11-01")
    world.server.request(datetime(2025, 10, 31, 12, tzinfo=UTC))
    world.server.request(datetime(2025, 11, 2, 12, tzinfo=UTC))
    assert (await world.poll()).sent == 1
    assert len(world.server.asked_for_requests()) == 13
    again = world.settings()
    world.last = None
    world.restart()
    world.poller._place = again.place_before(datetime(2025, 10, 31, tzinfo=UTC).date())
    assert (await world.poll()).sent == 2


async def test_an_operator_is_given_a_table_to_fill_in(world: World) -> None:
    world.server.services = ["171", "198"]
    file = StringIO()
    await list_services(world.settings(), file)
    assert file.getvalue().splitlines() == [
        "id,parent,entity,kind,changed,name",
        "service/171,,,,,",
        "service/198,,,,,",
    ]
    world.places_file.write_text(file.getvalue())
    assert "service/198" in places.read(world.places_file, world.settings().zone)
