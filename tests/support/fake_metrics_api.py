"""A metrics API with figures of a test's own, in the documented shape, over real HTTP."""

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "kok_reader_0123456789012345678901234567890123456789012"
METRICS = ("press_count", "happy_index", "very_positive_share", "satisfied_share")
AS_OF = "2026-11-22T10:00:00+02:00"


def entity(id_: str, kind: str, parent: str | None, *names_of: str) -> dict[str, Any]:
    """An entity that has stood since 2000, with its names in Finnish, Swedish and English."""
    names = dict(zip(("fi", "sv", "en"), names_of, strict=True))
    validity = {"parent": parent, "names": names, "valid_from": "2000-01-01", "valid_to": None}
    return {"id": id_, "kind": kind, "parent": parent, "names": names, "validities": [validity]}


def figure(
    metric: str,
    entity: str,
    period: tuple[str, str, str],
    rounded: float | None,
    n: int | None,
    **more: Any,
) -> dict[str, Any]:
    """A figure of the kiosk channel; `period` is first day, last day and grain."""
    return {
        "metric": metric,
        "entity": entity,
        "channel": "kiosk",
        "scale": "smiley4",
        "family": "overall",
        "dimension": {},
        "period": {"from": period[0], "to": period[1], "grain": period[2]},
        "value": None if rounded is None else rounded + 0.0031,
        "rounded": rounded,
        "n": n,
        "status": "ok" if rounded is not None else "no_data",
        "interval": None,
        "range": None,
        "flags": ["self_selected"],
        "bias_notes": ["pressed_when_leaving"],
        "as_of": AS_OF,
        "definition": f"{metric}/1",
    } | more


def reported(
    metric: str, entity: str, period: tuple[str, str, str], value: float, **more: Any
) -> dict[str, Any]:
    """A yearly figure that was published elsewhere."""
    told = {
        "value": value,
        "range": None,
        "decimals": 0,
        "n": None,
        "approx": False,
        "period": {"from": period[0], "to": period[1]},
        "as_of": period[1],
        "source_document": "Asiakaskokemusraportti 2018, taulukko 2",
    }
    return (
        figure(metric, entity, period, value, None)
        | {"value": value, "scale": None, "family": None, "flags": ["reported"]}
        | {"as_of": period[1], "reported": told}
        | more
    )


REFERENCE = {
    "terveysasemat": ((120725, 86), (132308, 87)),
    "hammashoitolat": ((147671, 89), (86957, 89)),
    "paivystykset": ((17595, 81), (14076, 80)),
    "monipuoliset-palvelukeskukset": ((10938, 91), (32591, 94)),
}
"""Presses and Happy index of 2017 and of 2018 up to 12 September."""


ENTITIES = """
helsinki|city||Helsingin kaupunki|Helsingfors stad|City of Helsinki
sote|division|helsinki|Sosiaali- ja terveystoimiala|Social- och hälsovårdssektorn|Social Services
terveys|service_entity|sote|Terveyspalvelut|Hälsovårdstjänster|Health Services
terveysasemat|service|terveys|Terveysasemat|Hälsostationer|Health stations
hammashoitolat|service|terveys|Hammashoitolat|Tandkliniker|Dental clinics
paivystykset|service|terveys|Päivystykset|Jourmottagningar|Emergency clinics
monipuoliset-palvelukeskukset|service|sote|Palvelukeskukset|Servicecentraler|Service centres
kallio|unit|terveysasemat|Kallion terveysasema|Berghälls hälsostation|Kallio Health Station
asema-pieni|unit|terveysasemat|Suomenlinnan neuvonta|Rådgivningen på Sveaborg|Suomenlinna Advice
aaninen|unit|terveysasemat|Äänisen terveysasema|Onega hälsostation|Ääninen Health Station
"""


def entities() -> list[dict[str, Any]]:
    """A city with one division, services, and three units."""
    rows = [line.split("|") for line in ENTITIES.strip().splitlines()]
    return [entity(id_, kind, parent or None, *names) for id_, kind, parent, *names in rows]


def months(first: date, count: int) -> list[tuple[str, str, str]]:
    """Periods of whole months."""
    found = []
    for _ in range(count):
        following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        found.append((str(first), str(following - timedelta(days=1)), "month"))
        first = following
    return found


def figures() -> list[dict[str, Any]]:
    """The reference as reported, a lively unit, and one with too few answers."""
    found = []
    for id_, ((n17, index17), (n18, index18)) in REFERENCE.items():
        year, cut = ("2017-01-01", "2017-12-31", "year"), ("2018-01-01", "2018-09-12", "year")
        found += [
            reported("press_count", id_, year, n17, n=n17),
            reported("happy_index", id_, year, index17, n=n17),
            reported("press_count", id_, cut, n18, n=n18, flags=["reported", "partial_period"]),
            reported("happy_index", id_, cut, index18, n=n18, flags=["reported", "partial_period"]),
        ]
    change = {"value": 2, "verdict": "better", "status": "ok"}
    for number, period in enumerate(months(date(2025, 9, 1), 14)):
        n = 900 + 37 * number
        level = 78 + (number * 5) % 11
        # A month when the device was silent: no figure, and no zero.
        silent = number == 5
        for metric, value in zip(METRICS, (n, level, level - 22, level + 4), strict=True):
            shown = None if silent else value
            for id_ in ("kallio", "terveysasemat"):
                more = {"change": change} if metric == "happy_index" and not silent else {}
                found.append(figure(metric, id_, period, shown, None if silent else n, **more))
        found += [
            figure("press_count", "asema-pieni", period, 12, 12),
            figure("happy_index", "asema-pieni", period, 67, 12, status="below_min_n"),
        ]
    for metric, value in zip(METRICS, (9100, 83, 61, 87), strict=True):
        for id_ in ("kallio", "terveysasemat"):
            year = ("2026-01-01", "2026-10-31", "year")
            found.append(
                figure(metric, id_, year, value, 9100, flags=["self_selected", "partial_period"])
            )
            total = ("2025-11-24", "2026-11-23", "total")
            more = {"change": change} if metric == "happy_index" else {}
            found.append(figure(metric, id_, total, value, 11000, **more))
    return found


NAMES = """
press_count|hymiövastausten määrä|antal smileysvar|number of smiley answers
happy_index|hymiöindeksi (Happy-indeksi)|smileyindex (Happy-index)|smiley index (Happy Index)
very_positive_share|erittäin myönteisten osuus|andel mycket positiva svar|very positive share
satisfied_share|myönteisten osuus|andel positiva svar|share of positive answers
"""
EXPLAINED = {
    "fi": "Näin luku lasketaan vastauksista.",
    "sv": "Så räknas siffran ur svaren.",
    "en": "This is how the figure is counted from the answers.",
}
CATALOGUE = {
    "version": "1",
    "metrics": [
        {
            "id": f"{metric}/1",
            "metric": metric,
            "name": dict(zip(("fi", "sv", "en"), names, strict=True)),
            "explanation": EXPLAINED,
        }
        for metric, *names in (line.split("|") for line in NAMES.strip().splitlines())
    ],
    "bias_notes": [
        {
            "code": "pressed_when_leaving",
            "channels": ["kiosk"],
            "text": {
                "fi": "Laitteella vastaavat ulos lähtiessään ne, joita on juuri palveltu.",
                "sv": "Apparaten besvaras på väg ut av dem som just har fått service.",
                "en": "Devices are answered on the way out by people who have just been served.",
            },
        }
    ],
}


class FakeMetricsApi:
    """Answers from lists that a test may change while it runs."""

    def __init__(self) -> None:
        self.entities = entities()
        self.figures = figures()
        self.breaks: list[dict[str, Any]] = [
            {
                "break_id": "b1",
                "entity": "sote",
                "date": "2026-04-01",
                "metric": "happy_index",
                "channel": "kiosk",
                "kind": "breaks",
                "what": {
                    "fi": "Uusi toimittaja.",
                    "sv": "Ny leverantör.",
                    "en": "New supplier.",
                },
            }
        ]
        self.devices: dict[str, dict[str, str | None]] = {
            "kallio": {"301": None, "302": AS_OF[:10]}
        }
        """By entity the devices, each with the day it was heard last."""
        self.returns: dict[int, list[dict[str, Any]]] = {}
        self.away = False
        self.counting = "running"
        self.totals_by_span = False
        """Whether totals are answered only to who asks for days that they begin in."""
        self.as_of = AS_OF
        self.url = ""

    def app(self) -> Starlette:
        """The application."""
        answers: dict[str, Callable[[Request], Any]] = {
            "/v1/figures": self._figures,
            "/v1/entities": lambda _: {"entities": self.entities, "next": None},
            "/v1/breaks": lambda _: {"breaks": self.breaks},
            "/v1/metrics": lambda _: CATALOGUE,
            "/v1/status": lambda _: self._status(),
            "/v1/sources": lambda _: {
                "sources": [
                    {
                        "source": "happyornot",
                        "polled_at": AS_OF,
                        "read": 120,
                        "sent": 120,
                        "error": None,
                    }
                ]
            },
            "/v1/participation": lambda request: {
                "year": int(request.query_params["year"]),
                "service_entities": self.returns.get(int(request.query_params["year"]), []),
            },
            "/v1/devices": lambda request: {
                "devices": [
                    {
                        "id": f"device.happyornot.{name}",
                        "source": "happyornot",
                        "since": "2024-01-01",
                    }
                    | {"device_id": name, "heard": heard}
                    for name, heard in self.devices.get(request.query_params["entity"], {}).items()
                ]
            },
            "/v1/unplaced": lambda _: {"unplaced": [{"id": "device.vendor.77", "as_of": AS_OF}]},
        }

        def route(path: str) -> Route:
            async def answer(request: Request) -> Response:
                if self.away:
                    return Response(status_code=503)
                if request.headers.get("authorization") != f"Bearer {KEY}":
                    return Response(status_code=401)
                return JSONResponse(answers[path](request))

            return Route(path, answer)

        return Starlette(routes=[route(path) for path in answers])

    def _figures(self, request: Request) -> dict[str, Any]:
        query = request.query_params
        asked = set(query.getlist("entity"))
        if query.get("children") == "true":
            asked |= {one["id"] for one in self.entities if one["parent"] in asked}
        span: Sequence[str] = (query["from"], query["to"])
        grain = query.get("grain", "total")
        found = [
            one
            for one in self.figures
            if one["metric"] in query.getlist("metric")
            and one["entity"] in asked
            and one["period"]["grain"] == grain
            and (
                span[0] <= one["period"]["from"] <= span[1]
                if grain != "total" or self.totals_by_span
                else True
            )
        ]
        limit = int(query.get("limit", "1000"))
        start = int(query.get("cursor", "0"))
        following = str(start + limit) if len(found) > start + limit else None
        return {"figures": found[start : start + limit], "next": following}

    def _status(self) -> dict[str, Any]:
        topic = {
            "applied": 1_300_000,
            "repeated": 12,
            "dead": 3,
            "pending": 0,
            "watermark": AS_OF,
            "state": self.counting,
            "why": None,
        }
        return {
            "settled": True,
            "as_of": self.as_of,
            "durable": True,
            "gaps": [],
            "unplaced": 1,
            "topics": {"kiosk-presses.v1": topic, "registry.v1": topic},
        }


@contextmanager
def running() -> Iterator[FakeMetricsApi]:
    """The API on a free port for the length of a block."""
    api = FakeMetricsApi()
    with serving(api.app()) as url:
        api.url = url
        yield api


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """An ASGI application on a free port, in a thread; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
    ready = threading.Event()
    original = server.startup

    async def startup(sockets: list[socket.socket] | None = None) -> None:
        await original(sockets)
        ready.set()

    server.startup = startup  # type: ignore[method-assign]  # to know when it listens
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(20)
        listening.close()
