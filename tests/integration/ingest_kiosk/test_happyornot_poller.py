"""The poller over real HTTP, against a server that is held to what the vendor's API describes."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import HttpUrl
from starlette.responses import JSONResponse, PlainTextResponse, Response

from ingest_kiosk.happyornot.app import list_devices
from ingest_kiosk.happyornot.client import HappyOrNot
from ingest_kiosk.happyornot.poller import Poller
from ingest_kiosk.happyornot.settings import HappyOrNotSettings
from kokemus.contracts import events, wire
from kokemus.errors import Unavailable
from kokemus.polling.asking import token_in
from kokemus.polling.place import place_of
from kokemus.telemetry import Meters
from support.fake_time import FakeTime
from support.happyornot_server import HappyOrNotServer, Row

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TODAY = "2026-11-22T09:00:00"

WHOLE = {"type": "integer"}
INDEX = {"type": "integer", "minimum": 0, "maximum": 10}
FACTS: dict[str, dict[str, dict[str, Any]]] = {
    # What the vendor's OpenAPI says of the fields that are read; (required) where it says so.
    "surveys.json": {
        "surveyId": WHOLE,
        "questionId": WHOLE,
        "surveyType": {"enum": ["CUSTOMER", "EMPLOYEE"]},
        "feedbackScale": {"enum": ["four", "five", "five_reversed", "nps"]},
    },
    "experience-points.json": {"experiencePointId": WHOLE, "name": {"type": "string"}},
    "smileys.json": {"smileyId": WHOLE},
    "results/button-feedbacks.json": {
        "feedbackId": {"type": "string", "format": "uuid"},
        "smileyId": WHOLE,
        "localTime": {"type": "string"},
        "surveyId": WHOLE,
        "experiencePointId": WHOLE,
        "buttonIndex": INDEX,
        "misuse": {"type": "boolean"},
        "position": {"type": "integer", "minimum": 0},
        "smileyType": {"enum": ["SMILEY_TERMINAL", "SMILEY_TOUCH", "SMILEY_DIGITAL"]},
    },
}
FACTS["results/follow-up-feedbacks.json"] = FACTS["results/button-feedbacks.json"] | {
    "followupOptionId": WHOLE
}
OPTIONAL_FACTS = {
    "ui": {
        "enum": [
            *("physical", "digital", "touchless", "qr", "link", "email"),
            *("exit", "skip", "timeout"),
        ]
    },
    "parent": WHOLE,
}
"""All of FACTS are required fields; these are not. `ui` has its last three in follow-ups only."""

REQUEST_FACTS = [
    # (query beside two days, status): the limits of the parameters.
    ({}, 200),
    ({"limit": "10000", "offset": "0", "order": "asc", "includeMisuse": "true"}, 200),
    ({"limit": "10001"}, 400),
    ({"offset": "-1"}, 400),
    ({"order": "up"}, 400),
    ({"startDate": "2025-11-20"}, 400),
    ({"startDate": "2025-11-21"}, 200),
]


class Kafka:
    """Confirms, or is away; keeps all that it ever confirmed, as bytes, like a topic."""

    def __init__(self) -> None:
        self.topic: list[events.Event] = []
        self.away = False

    async def publish(self, batch: Sequence[events.Event]) -> None:
        if self.away:
            raise Unavailable("Kafka is away")
        kinds = {type(event) for event in batch}
        self.topic += [wire.decode(wire.encode(event), tuple(kinds)) for event in batch]

    def of(self, kind: type[events.Event]) -> list[events.Event]:
        return [event for event in self.topic if isinstance(event, kind)]

    @property
    def polls(self) -> list[events.Poll]:
        return [event.data for event in self.of(events.SourcePolled)]

    def counted(self) -> Counter[tuple[str, str, int, bool]]:
        """Presses by (question, channel, value, marked) as metrics counts them: once by id."""
        counts: Counter[tuple[str, str, int, bool]] = Counter()
        for event in {(event.source, event.id): event for event in self.topic}.values():
            match event:
                case events.KioskPressed(data=press):
                    counts[press.question_id, press.channel, press.value, press.misuse] += 1
                case events.KioskMisused(data=events.Misused(press=events.PressAt(data=press))):
                    counts[press.question_id, press.channel, press.value, False] -= 1
                    counts[press.question_id, press.channel, press.value, True] += 1
                case _:
                    pass
        return +counts


class World:
    """The vendor, Kafka and time around one poller, which can die and be born again."""

    def __init__(self, vendor: HappyOrNotServer, http: httpx.AsyncClient, folder: Path) -> None:
        self.vendor = vendor
        self.kafka = Kafka()
        self.time = FakeTime(NOW)
        self.meters = Meters()
        self.token_file = folder / "token"
        self.token_file.write_text("right-token\n")
        self._http = http
        self.restart()

    def restart(self, **changed: Any) -> None:
        told = self.kafka.of(events.SourcePolled)
        place = place_of(told[-1].data if told else None)
        chosen = HappyOrNotSettings(
            token_file=self.token_file, reasons={40: "odotusaika"}, rate=100, **changed
        )
        timing = self.time.timing
        self.poller = Poller(
            vendor=HappyOrNot(self._http, partial(token_in, self.token_file), 100, timing),
            publisher=self.kafka,
            settings=chosen,
            timing=timing,
            meters=self.meters,
            place=place,
        )

    async def poll(self, **later: float) -> events.Poll:
        self.time.pass_by(**later or {"minutes": 10})
        return await self.poller.poll()

    def metric(self, name: str, **labels: str) -> float | None:
        return self.meters.registry.get_sample_value(name, {"source": "happyornot"} | labels)


@pytest.fixture
def vendor() -> Iterator[HappyOrNotServer]:
    with HappyOrNotServer().running() as server:
        server.survey()
        yield server


@pytest.fixture
async def world(vendor: HappyOrNotServer, tmp_path: Path) -> AsyncIterator[World]:
    async with httpx.AsyncClient(base_url=vendor.url) as http:
        yield World(vendor, http, tmp_path)


# --- the server is held against the facts -------------------------------------------------------


@pytest.mark.parametrize("path", FACTS)
def test_the_server_answers_with_rows_as_the_vendor_describes_them(
    vendor: HappyOrNotServer, path: str
) -> None:
    vendor.follow_up(vendor.press(TODAY), 40)
    vendor.point(9001, "Tammiharju", parent=9000)
    vendor.device(501, "Aula")
    answer = httpx.get(
        vendor.url + path,
        params={"startDate": "2026-11-22", "endDate": "2026-11-23"},
        headers={"X-HON-API-Token": "right-token"},
    )
    schema = {
        "type": "array",
        "minItems": 1,
        "items": {"properties": FACTS[path] | OPTIONAL_FACTS, "required": list(FACTS[path])},
    }
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(answer.json())
    assert answer.headers.get("X-More-Available", "false") == "false"


@pytest.mark.parametrize(("query", "status"), REQUEST_FACTS)
def test_the_server_keeps_the_vendors_limits(
    vendor: HappyOrNotServer, query: dict[str, str], status: int
) -> None:
    days = {"startDate": "2026-11-20", "endDate": "2026-11-22"}
    for path in ("button", "follow-up"):
        answer = httpx.get(
            f"{vendor.url}results/{path}-feedbacks.json",
            params=days | query,
            headers={"X-HON-API-Token": "right-token"},
        )
        assert answer.status_code == status


# --- what a poll asks ---------------------------------------------------------------------------


async def test_a_poll_asks_for_whole_days_oldest_first_with_marked_rows_and_nothing_personal(
    world: World,
) -> None:
    await world.poll()
    days = {"startDate": "2026-11-07", "endDate": "2026-11-23", "offset": "0", "limit": "10000"}
    rows = days | {"includeMisuse": "true", "order": "asc"}
    assert world.vendor.asked == [
        ("surveys.json", {}),
        ("results/button-feedbacks.json", rows),
        ("results/follow-up-feedbacks.json", rows),
    ]


async def test_a_press_and_its_follow_up_reach_the_topic_once_however_often_they_are_read(
    world: World,
) -> None:
    press = world.vendor.press(TODAY, buttonIndex=0)
    world.vendor.follow_up(press, 40)
    first, second = await world.poll(), await world.poll()
    assert (first.read, first.sent, second.read, second.sent) == (2, 2, 2, 0)
    [pressed] = world.kafka.of(events.KioskPressed)
    [reason] = world.kafka.of(events.KioskReasonGiven)
    assert pressed.id == press["feedbackId"] == reason.data.press_id
    assert pressed.subject == "device.happyornot.501"


async def test_after_a_restart_the_overlap_is_sent_again_under_the_same_ids(world: World) -> None:
    world.vendor.press(TODAY)
    await world.poll()
    world.restart()
    assert (await world.poll()).sent == 1
    before, after = world.kafka.of(events.KioskPressed)
    assert before == after


async def test_all_pages_are_read_and_rows_that_come_twice_count_once(world: World) -> None:
    world.vendor.largest_page = 7
    rows = [world.vendor.press(TODAY, buttonIndex=n % 4) for n in range(50)]
    world.vendor.presses += rows[10:20]
    poll = await world.poll()
    assert poll.read == 60
    assert world.kafka.counted().total() == 50


async def test_marks_set_between_two_pages_lose_no_row(world: World) -> None:
    world.vendor.largest_page = 5
    rows = [world.vendor.press(f"2026-11-22T09:00:{n:02}", buttonIndex=n % 4) for n in range(30)]

    def mark(_path: str, query: dict[str, str]) -> None:
        if query.get("offset") == "10":
            for row in rows[:10]:
                row["misuse"] = True

    world.vendor.before = mark
    await world.poll()
    assert world.kafka.counted().total() == 30
    await world.poll()
    assert sum(n for (*_, marked), n in world.kafka.counted().items() if marked) == 10


async def test_a_first_start_reads_its_history_month_by_month_and_tells_after_each(
    world: World,
) -> None:
    world.restart(start="2026-01-01")
    for month in range(1, 12):
        world.vendor.press(f"2026-{month:02}-15T12:00:00")
    world.vendor.press("2025-12-31T23:59:59")
    await world.poll()
    assert world.kafka.counted().total() == 11
    places = [poll.next for poll in world.kafka.polls]
    assert len(places) == 11
    assert places == sorted(places, key=lambda place: datetime.fromisoformat(str(place)))
    assert datetime.fromisoformat(str(places[-1])) == NOW + timedelta(minutes=10)


async def test_a_device_that_was_offline_for_days_is_caught(world: World) -> None:
    await world.poll()
    await world.poll(days=10)
    world.vendor.press("2026-11-21T12:00:00")
    await world.poll()
    assert world.kafka.counted().total() == 1


# --- marks, scales, staff -----------------------------------------------------------------------


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize("polls_before", [0, 1, 3])
async def test_a_mark_moves_one_count_whenever_it_is_set(
    world: World, polls_before: int, *, restarted: bool
) -> None:
    row = world.vendor.press(TODAY)
    for _ in range(polls_before):
        await world.poll()
    row["misuse"] = True
    if restarted:
        world.restart()
    await world.poll()
    await world.poll()
    assert world.kafka.counted() == {("happyornot.71", "kiosk", 3, True): 1}


async def test_every_scale_and_channel_comes_out_and_the_staffs_never(world: World) -> None:
    world.vendor.survey(2, feedbackScale="five_reversed")
    world.vendor.survey(3, feedbackScale="nps")
    world.vendor.survey(4, surveyType="EMPLOYEE")
    world.vendor.press(TODAY, surveyId=2, buttonIndex=4, ui="touchless")
    world.vendor.press(TODAY, surveyId=3, buttonIndex=10, ui="email")
    world.vendor.press(TODAY, surveyId=4, buttonIndex=3)
    poll = await world.poll()
    assert world.kafka.counted() == {
        ("happyornot.72", "kiosk", 4, False): 1,
        ("happyornot.73", "link", 10, False): 1,
    }
    assert (poll.dropped, poll.error) == (1, None)


async def test_the_doubled_hour_is_read_whole_and_once(world: World) -> None:
    world.time.now = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    world.vendor.press("2026-10-25T03:10:00")
    await world.poll(minutes=30)
    world.vendor.press("2026-10-25T03:10:00")
    world.vendor.press("2026-10-25T03:50:00")
    for _ in range(3):
        await world.poll(minutes=30)
    pressed = world.kafka.of(events.KioskPressed)
    assert len(pressed) == len({event.id for event in pressed}) == 3


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    rows=st.lists(
        st.fixed_dictionaries(
            {"pressed": st.integers(0, 240), "late": st.integers(0, 14 * 24)},
            optional={"marked": st.integers(0, 14 * 24)},
        ),
        max_size=30,
    ),
    stops=st.sets(st.integers(0, 12)),
    page=st.integers(1, 12),
)
def test_whatever_comes_late_is_marked_or_breaks_each_press_counts_once(
    rows: list[dict[str, int]], stops: set[int], page: int, tmp_path_factory: Any
) -> None:
    async def play(vendor: HappyOrNotServer) -> None:
        async with httpx.AsyncClient(base_url=vendor.url) as http:
            world = World(vendor, http, tmp_path_factory.mktemp("world"))
            vendor.largest_page = page
            due = sorted(rows, key=lambda row: row["pressed"] + row["late"])
            given_rows: list[tuple[Row, int | None]] = []
            for step in range(13):
                hours = step * 48
                while due and due[0]["pressed"] + due[0]["late"] <= hours:
                    row = due.pop(0)
                    at = NOW + timedelta(hours=row["pressed"] + 2)
                    press = vendor.press(at.replace(tzinfo=None))
                    marked = row.get("marked")
                    if marked is not None:
                        marked += row["pressed"]
                    given_rows.append((press, marked))
                for press, marked in given_rows:
                    press["misuse"] = marked is not None and marked <= hours
                if step in stops:
                    world.restart()
                world.kafka.away = step in stops and step % 2 == 1
                world.time.now = NOW + timedelta(hours=hours)
                await world.poll()
            world.kafka.away = False
            await world.poll()
            marks = sum(1 for press, _ in given_rows if press["misuse"])
            counts: Counter[bool] = Counter()
            for (*_, is_marked), count in world.kafka.counted().items():
                counts[is_marked] += count
            assert counts == +Counter({True: marks, False: len(given_rows) - marks})

    with HappyOrNotServer().running() as vendor:
        vendor.survey()
        asyncio.run(play(vendor))


# --- bad rows -----------------------------------------------------------------------------------


async def test_bad_rows_are_counted_and_named_and_stop_nobody(world: World) -> None:
    world.vendor.press(TODAY)
    world.vendor.press(TODAY, surveyId=99)
    world.vendor.press(TODAY, surveyId=99)
    world.vendor.press(TODAY, buttonIndex="good")
    world.vendor.press(TODAY)
    poll = await world.poll()
    assert world.kafka.counted().total() == 2
    assert (poll.read, poll.sent, poll.dropped) == (5, 2, 3)
    assert poll.error == (
        "3 rows refused: survey 99 is unknown (2); "
        "buttonIndex is not as the vendor's API describes it (1)"
    )
    assert world.metric("kokemus_source_rows_total", outcome="refused") == 3
    assert datetime.fromisoformat(str(poll.next)) == NOW + timedelta(minutes=10)


async def test_a_survey_that_is_described_later_brings_its_presses_in(world: World) -> None:
    world.vendor.press(TODAY, surveyId=2)
    assert (await world.poll()).dropped == 1
    world.vendor.survey(2)
    poll = await world.poll()
    assert (poll.dropped, poll.error, world.kafka.counted().total()) == (0, None, 1)


# --- a vendor that is away, angry or broken ------------------------------------------------------


async def test_429_is_obeyed_to_the_second(world: World) -> None:
    world.vendor.press(TODAY)
    world.vendor.answers.append(PlainTextResponse("slow down", 429, {"Retry-After": "90"}))
    poll = await world.poll()
    assert poll.error is None
    assert 90 <= max(world.time.slept) <= 91
    assert world.kafka.counted().total() == 1


async def test_a_vendor_that_stumbles_is_asked_again_with_growing_waits(world: World) -> None:
    world.vendor.press(TODAY)
    world.vendor.answers += [None, Response(status_code=503), Response(status_code=500)]
    assert (await world.poll()).error is None
    waits = [wait for wait in world.time.slept if wait > 0.1]
    assert len(waits) == 2
    assert 0.5 <= waits[0] <= 1 <= waits[1] <= 2
    assert world.kafka.counted().total() == 1


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(lambda: Response(status_code=500), id="500"),
        pytest.param(lambda: PlainTextResponse("<html>"), id="no JSON"),
        pytest.param(lambda: JSONResponse({"rows": []}), id="no list"),
        pytest.param(lambda: PlainTextResponse("[" * 100_000), id="too deep"),
        pytest.param(lambda: Response(status_code=302, headers={"Location": "/x"}), id="redirect"),
        pytest.param(lambda: Response(status_code=400), id="400"),
    ],
)
async def test_a_broken_vendor_moves_no_place_and_is_read_again_once_mended(
    world: World, broken: Callable[[], Response]
) -> None:
    world.vendor.press(TODAY)
    before = await world.poll()
    late = world.vendor.press(TODAY)
    world.vendor.answers += [None, *(broken() for _ in range(6))]
    poll = await world.poll()
    assert poll.error is not None
    assert poll.error.startswith("unavailable: results/button-feedbacks.json")
    assert poll.next == before.next == world.kafka.polls[-1].next
    assert world.metric("kokemus_source_up") == 0
    world.vendor.answers.clear()
    assert (await world.poll()).error is None
    assert late["feedbackId"] in {event.id for event in world.kafka.topic}
    assert world.metric("kokemus_source_up") == 1


async def test_a_wrong_token_raises_an_alarm_without_spinning_and_a_new_one_needs_no_restart(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.vendor.press(TODAY)
    world.token_file.write_text("wrong-token")
    poll = await world.poll()
    assert poll.error == "token_refused: surveys.json: answered 401"
    assert world.kafka.polls == [poll]
    assert world.vendor.asked == [("surveys.json", {})]
    assert world.metric("kokemus_source_polls_total", outcome="token_refused") == 1
    assert world.metric("kokemus_source_up") == 0
    said = capsys.readouterr().out
    assert "source_not_read" in said
    assert "wrong-token" not in said
    world.token_file.write_text("right-token")
    assert (await world.poll()).error is None
    assert world.kafka.counted().total() == 1


@pytest.mark.parametrize("content", ["", "  \n", "smörgås", "two\nlines"])
async def test_a_token_file_without_a_token_asks_nobody(world: World, content: str) -> None:
    world.token_file.write_text(content)
    assert (await world.poll()).error == "token_refused: the token file holds no token"
    assert world.vendor.asked == []


async def test_a_poller_rests_between_polls_even_when_all_of_them_fail(world: World) -> None:
    world.token_file.unlink()

    class EnoughError(Exception):
        pass

    def stop_after_five() -> None:
        if len(world.time.slept) == 5:
            raise EnoughError

    world.time.on_sleep = stop_after_five
    with pytest.raises(EnoughError):
        await world.poller.run()
    assert all(540 <= rest <= 660 for rest in world.time.slept)
    assert len(world.kafka.polls) == 5


async def test_kafka_away_moves_no_place_and_loses_nothing(world: World) -> None:
    world.vendor.press(TODAY)
    world.kafka.away = True
    poll = await world.poll()
    assert (poll.error, poll.next) == ("unavailable: Kafka is away", None)
    world.kafka.away = False
    await world.poll()
    assert world.kafka.counted().total() == 1


async def test_texts_names_and_tokens_appear_in_no_event_and_no_log(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    press = world.vendor.press(TODAY, buttonIndex=0, comment="Matti Meikäläinen, 040 123 4567")
    world.vendor.follow_up(press, 40)
    world.vendor.press(TODAY, feedbackId="matti@example.org")
    world.vendor.press(TODAY, buttonIndex="010190-123A")
    await world.poll()
    said = capsys.readouterr().out + "".join(
        json.dumps(event.decode()) for event in map(wire.encode, world.kafka.topic)
    )
    for private in ("Meikäläinen", "040 123", "example.org", "010190", "right-token", "Odotus"):
        assert private not in said


async def test_an_operator_is_told_which_device_was_pressed_where(
    vendor: HappyOrNotServer, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("right-token")
    vendor.point(9000, "Terveysasemat")
    vendor.point(9001, "Tammiharju", parent=9000)
    vendor.point(9002, "Lepolahti, aula", parent=9000)
    for device in (501, 502):
        vendor.device(device, f"Laite {device}")
    yesterday = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
    vendor.press(yesterday, experiencePointId=9002)
    vendor.press(yesterday - timedelta(days=2))
    vendor.press(yesterday - timedelta(days=3))
    vendor.press(yesterday, smileyId="broken")
    file = StringIO()
    chosen = HappyOrNotSettings(
        token_file=tmp_path / "token", base_url=HttpUrl(vendor.url), rate=100
    )
    await list_devices(chosen, file)
    first, later = ((yesterday - timedelta(days=days)).date() for days in (3, 0))
    assert file.getvalue().splitlines() == [
        "source,device_id,entity,valid_from,valid_to,device,point",
        f"happyornot,501,,{first},,Laite 501,Terveysasemat / Tammiharju",
        f'happyornot,501,,{later},,Laite 501,"Terveysasemat / Lepolahti, aula"',
        "happyornot,502,,,,Laite 502,",
    ]
