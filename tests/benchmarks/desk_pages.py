"""How long the desk's pages take for whoever is signed in, each by itself, on a running service.

A page is asked for again and again, as people open page after page: nothing is kept between two
requests but what the service keeps itself.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import httpx

from benchmarks.parts import database, folder, progress
from kokemus_platform.kafka import EmbeddedKafka
from kokemus_platform.measuring import Measured, percentile
from support import fake_metrics_api, reporting_service
from support.reporting_service import PASSWORDS, enter

SLOWEST_MS: Final = 200.0
OF_ENTITIES: Final = ("", "/months", "/voices", "/participation", "/drivers", "/weeks", "/notes")
"""Pages of an entity, below `/desk`."""
OTHERS: Final = ("alerts", "freshness", "releases", "returns", "rounds", "embeds")
KINDS: Final = ("city", "division", "service_entity", "service", "unit")
Desk = tuple[str, Mapping[str, str]]


def run(desk: Desk | None = None, rounds: int = 20) -> list[Measured]:
    """Opens each page so often.

    Args:
        desk: address of reporting, and `user` and `password`; None: a service of its own, with a
            few invented figures.
        rounds: how often.
    """
    if desk is None:
        with _own() as own:
            return run(own, rounds)
    address, who = desk
    with httpx.Client(base_url=address, timeout=60) as client, progress() as shown:
        enter(client, who["user"], who["password"])
        pages = list(_pages(client))
        task = shown.add_task("desk", total=rounds * len(pages))
        took: dict[str, list[float]] = {what: [] for what, _ in pages}
        for _ in range(rounds):
            for what, path in pages:
                begun = time.perf_counter()
                answer = client.get(path, follow_redirects=True)
                took[what].append((time.perf_counter() - begun) * 1000)
                answer.raise_for_status()
                shown.advance(task)
    every = [one for listed in took.values() for one in listed]
    return [_measured(what, listed) for what, listed in took.items()] + [
        _measured("every page", every)
    ]


def _measured(what: str, took: list[float]) -> Measured:
    half, most = percentile(took, 50), percentile(took, 95)
    return Measured(
        f"{what}, p50 and p95", f"{half:.0f} and {most:.0f} ms", f"under {SLOWEST_MS:g} ms",
        most < SLOWEST_MS,
    )  # fmt: skip


def _pages(client: httpx.Client) -> Iterator[tuple[str, str]]:
    """What each page is, and its address: of one entity of each kind that is published."""
    entities = _published(client)
    for kind in KINDS:
        found = next((one["id"] for one in entities if one["kind"] == kind), None)
        for page in OF_ENTITIES if found else ():
            yield f"{kind} {page or '/'}", f"/desk{page}?entity={found}"
    for page in OTHERS:
        yield page, f"/desk/{page}"


def _published(client: httpx.Client) -> list[dict[str, Any]]:
    """The entities of the newest public release, those with most figures first."""
    listed = client.get("/v1/releases").json()["releases"]
    newest = next(one for one in listed if one["kind"] == "public-monthly")
    content = client.get(f"/v1/releases/{newest['id']}").json()
    count: dict[str, int] = {}
    for one in content["figures"]:
        count[one["entity"]] = count.get(one["entity"], 0) + 1
    entities: list[dict[str, Any]] = content["entities"]
    return sorted(entities, key=lambda one: (-count.get(one["id"], 0), one["id"]))


@contextmanager
def _own() -> Iterator[Desk]:
    with folder() as place, database(place) as postgres, fake_metrics_api.running() as metrics:
        kafka = EmbeddedKafka(place / "kafka")
        with reporting_service.published(place, postgres, kafka, metrics) as service:
            yield service.url, {"user": "ilona", "password": PASSWORDS["ilona"]}
        kafka.stop()
