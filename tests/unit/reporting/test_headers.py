"""What browsers and caches are told."""

import re
from pathlib import Path

import httpx
import pytest

from kokemus.telemetry import Meters
from reporting.app import build
from reporting.rendering import PUBLIC_CACHE
from reporting.settings import ReportingSettings


def test_no_cache_may_show_a_page_for_more_than_five_minutes() -> None:
    spans = {name: int(seconds) for name, seconds in re.findall(r"([a-z-]+)=(\d+)", PUBLIC_CACHE)}
    assert spans.keys() == {"max-age", "stale-if-error"}
    assert sum(spans.values()) <= 300


@pytest.mark.parametrize(("path", "status"), [("/embed/fault", 500), ("/fault", 500), ("/x", 404)])
async def test_a_fault_is_answered_under_the_same_policy_as_everything_else(
    tmp_path: Path, path: str, status: int
) -> None:
    (tmp_path / "people.json").write_text("[]")
    (tmp_path / "key").write_text("k" * 32)
    files = ("metrics_key_file", "feedback_key_file", "session_key_file")
    settings = ReportingSettings.model_validate(
        {
            "kafka_bootstrap": "127.0.0.1:1",
            "database_url": "postgresql+psycopg://nobody@127.0.0.1:1/none",
            "metrics_url": "http://127.0.0.1:1",
            "feedback_url": "http://127.0.0.1:1",
            "people_file": tmp_path / "people.json",
            "public_base_url": "https://kokemus.example.invalid",
            **dict.fromkeys(files, tmp_path / "key"),
        }
    )
    app = build(settings, Meters())

    async def fault() -> None:
        raise RuntimeError("Keksitty Henkilö")

    for one in ("/fault", "/embed/fault"):
        app.router.add_api_route(one, fault)
        app.router.routes.insert(0, app.router.routes.pop())
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://kokemus") as client:
        answer = await client.get(path)
    assert answer.status_code == status
    assert "Keksitty" not in answer.text
    embedded = path.startswith("/embed/")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert policy.endswith("frame-ancestors *" if embedded else "frame-ancestors 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
