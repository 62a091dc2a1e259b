"""Alerts from live figures to the desk: opened once, cleared by figures, acknowledged by people."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from kokemus.telemetry import Meters
from reporting.domain.alerts import Finding, Rule, Series
from reporting.metrics_client import MetricsClient
from reporting.storage.alerts import AlertStore
from reporting.watching import Watch, packaged_policy
from support.fake_metrics_api import KEY, FakeMetricsApi, figure
from support.fake_time import FakeTime
from support.reporting_service import PASSWORDS, Reporting, enter, form_token

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = date(2026, 11, 23)
RULE = Rule("index-60", "low_index", 60, 7, 30, ["unit"])
SERIES = Series("index-60", "kallio", "kiosk", "smiley4")
LOW, WELL = Finding(SERIES, True, 55, 40), Finding(SERIES, False, 75, 40)


async def test_an_alert_opens_once_and_again_only_after_it_cleared_on_another_day(
    engine: AsyncEngine,
) -> None:
    store = AlertStore(engine)
    for minutes, finding in enumerate((LOW, LOW, WELL, LOW, WELL)):
        await store.take(RULE, [finding], DAY, NOW + timedelta(minutes=minutes))
    (first,) = await store.alerts()
    assert first.cleared_at == NOW + timedelta(minutes=2), "a second ringing of a day is none"
    tomorrow = DAY + timedelta(days=1)
    await store.take(RULE, [], tomorrow, NOW + timedelta(days=1))
    await store.take(RULE, [LOW], tomorrow, NOW + timedelta(days=1))
    await store.take(RULE, [LOW._replace(value=52)], tomorrow, NOW + timedelta(days=1))
    second, cleared = await store.alerts()
    assert (second.day, second.value, second.cleared_at) == (tomorrow, 52, None)
    assert cleared.id == first.id


async def test_too_few_answers_clear_nothing(engine: AsyncEngine) -> None:
    store = AlertStore(engine)
    await store.take(RULE, [LOW], DAY, NOW)
    await store.take(RULE, [], DAY, NOW)
    (alert,) = await store.alerts()
    assert alert.cleared_at is None


async def test_live_figures_ring_and_are_counted(
    engine: AsyncEngine, metrics_api: FakeMetricsApi, tmp_path: Path
) -> None:
    week = ("2026-11-17", "2026-11-23", "total")
    metrics_api.figures = [
        figure("happy_index", "kallio", week, 41, 90),
        figure("satisfied_share", "kallio", week, 88, 90),
        figure("happy_index", "aaninen", week, 41, 12, status="below_min_n"),
        figure("happy_index", "terveysasemat", week, 12, 900),
    ]
    key = tmp_path / "key"
    key.write_text(KEY)
    meters = Meters()
    async with httpx.AsyncClient(base_url=metrics_api.url) as http:
        store = AlertStore(engine)
        watch = watching(store, MetricsClient(http, key), meters)
        await watch.look()
        await watch.look()
    (alert,) = await store.alerts()
    assert (alert.rule, alert.entity, alert.value, alert.n) == ("index-60", "kallio", 41, 90)
    value = meters.registry.get_sample_value
    assert value("kokemus_alerts_open", {"rule": "index-60", "state": "new"}) == 1
    assert value("kokemus_alerts_open", {"rule": "negatives-40", "state": "new"}) == 0


async def test_devices_are_not_called_silent_while_the_counting_stands_still(
    engine: AsyncEngine, metrics_api: FakeMetricsApi, tmp_path: Path
) -> None:
    days = ("2026-11-20", "2026-11-23", "total")
    metrics_api.figures = [
        figure("device_count", "kallio", days, 2, 2, scale=None, family=None),
        figure("press_count", "kallio", ("2026-10-23", "2026-11-19", "total"), 400, 400),
    ]
    key = tmp_path / "key"
    key.write_text(KEY)
    async with httpx.AsyncClient(base_url=metrics_api.url) as http:
        store = AlertStore(engine)
        watch = watching(store, MetricsClient(http, key), Meters())
        metrics_api.totals_by_span = True
        metrics_api.counting = "stopped"
        await watch.look()
        assert await store.alerts() == []
        metrics_api.counting = "running"
        await watch.look()
    (alert,) = await store.alerts()
    assert (alert.signal, alert.entity) == ("silence", "kallio")


def watching(store: AlertStore, metrics: MetricsClient, meters: Meters) -> Watch:
    zone = ZoneInfo("Europe/Helsinki")
    return Watch(store, metrics, packaged_policy(), meters, FakeTime(NOW).timing, zone)


async def test_an_alert_is_seen_and_acknowledged_by_whom_it_concerns_and_that_is_logged(
    reporting: Reporting,
) -> None:
    engine = create_async_engine(reporting.environment["KOKEMUS_DATABASE_URL"])
    await AlertStore(engine).take(RULE, [LOW], DAY, NOW)
    await engine.dispose()
    for user, statuses in (
        ("reeta", [403, 403, 403]),
        ("kaisa", [403, 403, 403]),
        ("sanna", [403, 422, 303]),
    ):
        page, answers, _ = acknowledged(reporting, user)
        told = "Hymiöindeksi on 55 (raja 60, n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}40)."
        assert ("Kallion terveysasema" in page) == (user != "kaisa"), user
        assert (told in page) == (user != "kaisa"), user
        assert ('action="/desk/alerts/1"' in page) == (user == "sanna")
        assert answers == statuses, user
    page, _, log = acknowledged(reporting, "aino")
    assert "Laite vaihdettu." in page
    assert "alert.acknowledged" in log


def acknowledged(reporting: Reporting, user: str) -> tuple[str, list[int], str]:
    """The page before somebody tries to acknowledge, the answers to that, and the log after it.

    They try with a forged form, with a comment that names a person, and then as they should.
    """
    with httpx.Client(base_url=reporting.url) as client:
        enter(client, user, PASSWORDS[user])
        page = client.get("/desk/alerts").text
        token = form_token(client, "/desk/alerts")
        answers = [
            client.post("/desk/alerts/1", data={"comment": comment, "token": sent}).status_code
            for comment, sent in (
                ("Forged.", "x"),
                ("Soita 131052-308T", token),
                ("Laite vaihdettu.", token),
            )
        ]
        return page, answers, client.get("/desk/audit").text
