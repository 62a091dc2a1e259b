"""The demo's round of returns, played on a real desk."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import httpx

from kokemus_platform.demo.returning import STAGES, entries, play_round
from kokemus_platform.demo.voices import RETURNING
from kokemus_platform.people import PEOPLE
from support import reporting_service
from support.fake_metrics_api import FakeMetricsApi, entity
from support.reporting_service import Reporting, scrypt

TODAY = datetime.now(UTC).date()
PASSWORD = "salasana-demo"


def test_a_round_is_half_filled_in_and_played_once(
    environment: dict[str, str], metrics_api: FakeMetricsApi, tmp_path: Path
) -> None:
    metrics_api.entities += [entity(one, "service_entity", "sote", *[one] * 3) for one in RETURNING]
    people = [
        {"user": user, "password_hash": scrypt(PASSWORD), "roles": roles, "display": user}
        for user, roles in PEOPLE.items()
    ]
    Path(environment["KOKEMUS_PEOPLE_FILE"]).write_text(json.dumps(people))
    with reporting_service.running(environment, metrics_api, tmp_path / "log") as service:
        status = {
            "services": {"reporting": service.url},
            **{user: {"user": user, "password": PASSWORD} for user in PEOPLE},
        }
        play_round(status, 1, TODAY)
        first = states(service)
        play_round(status, 2, TODAY)
        assert states(service) == first, "what was begun stays as it is"
    begun = {one.entity: one.stage for one in entries(1)}
    assert {name: state for name, state in first.items() if state != "not_begun"} == begun
    assert Counter(begun.values()) == Counter(STAGES)


def states(service: Reporting) -> dict[str, str]:
    """By service entity the state of its return, as the desk tells machines."""
    with httpx.Client(base_url=service.url) as client:
        reporting_service.enter(client, "desk", PASSWORD)
        (asked,) = client.get("/v1/rounds").json()["rounds"]
    return {
        one["entity"]: one["state"]
        for division in asked["divisions"]
        for one in division["entities"]
    }
