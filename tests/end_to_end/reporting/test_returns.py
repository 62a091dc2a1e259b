"""A division's return from its draft to the topic, in a browser."""

import json
import os
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from kokemus_platform.kafka import EmbeddedKafka
from support import reporting_service
from support.fake_metrics_api import FakeMetricsApi
from support.ingest_service import IngestService, records
from support.reporting_service import Reporting
from support.returns_browsing import FORM, approve, as_user, look, open_round, submit
from support.tables import workbook


def sent(kafka: EmbeddedKafka, prefix: str, count: int) -> list[dict[str, Any]]:
    return [
        json.loads(one.value())
        for one in records(kafka.bootstrap, f"{prefix}participation.v1", count)
    ]


@pytest.mark.usefixtures("worker")
def test_a_return_goes_from_draft_over_approval_to_the_topic_and_can_be_corrected(
    browser: Browser,
    service: Reporting,
    feedback: IngestService,
    embedded_kafka: EmbeddedKafka,
    topic_prefix: str,
) -> None:
    feedback.start()
    open_round(browser, service)
    sanna = as_user(browser, service, "sanna")
    sanna.goto(f"{service.url}/desk/returns")
    look(sanna)
    assert "1 palvelukokonaisuus puuttuu vielä." in sanna.locator("main").inner_text()
    sanna.get_by_role("link", name="Terveyspalvelut").click()
    assert sanna.get_by_label("kyselyt", exact=True).is_checked(), "prefilled from last year's"
    sanna.get_by_role("button", name="Tallenna luonnos").click()
    sanna.get_by_text("Luonnos on tallennettu.").wait_for()
    sanna.get_by_role("button", name="Lähetä hyväksyttäväksi").click()
    problems = sanna.get_by_role("alert")
    assert problems.locator("li").count() == 3
    look(sanna)
    problems.get_by_role("link").first.click()
    assert sanna.url.endswith("#none.2")
    submit(sanna, service)
    look(sanna)
    assert not sanna.get_by_role("button", name="Hyväksy ja lukitse").is_visible()

    heikki = as_user(browser, service, "heikki")
    approve(heikki, service)
    look(heikki)
    events = sent(embedded_kafka, topic_prefix, 5)
    assert {(one["subject"], one["data"]["method"]) for one in events} == {
        ("terveys", "kyselyt"), *(("terveys", f"none_{level}") for level in (1, 2, 3, 4))
    }  # fmt: skip
    assert next(one["data"] for one in events if one["data"]["method"] == "kyselyt") == {
        "level": 1, "method": "kyselyt", "year": 2026, "volume": 4
    }  # fmt: skip
    assert "Aloitetaan" not in json.dumps(events)

    sanna.goto(service.url + FORM)
    sanna.get_by_role("button", name="Avaa korjattavaksi").click()
    sanna.get_by_label("Määrä: kyselyt").fill("6")
    sanna.get_by_role("button", name="Lähetä hyväksyttäväksi").click()
    sanna.get_by_text("Lähetetty hyväksyttäväksi.").wait_for()
    approve(heikki, service)
    assert len({one["id"] for one in sent(embedded_kafka, topic_prefix, 10)}) == 10
    assert "korjattu" in heikki.locator(".lead").inner_text()


def test_the_events_of_an_approval_outlive_a_kill_and_go_out_once(
    *,
    browser: Browser,
    environment: dict[str, str],
    feedback: IngestService,
    metrics_api: FakeMetricsApi,
    embedded_kafka: EmbeddedKafka,
    topic_prefix: str,
    tmp_path: Path,
) -> None:
    log = tmp_path / "log"
    killed = -signal.SIGKILL
    with (
        reporting_service.running(environment, metrics_api, log, killed) as service,
        reporting_service.working(environment, tmp_path / "worker-log", killed) as worker,
    ):
        open_round(browser, service)
        submit(as_user(browser, service, "sanna"), service)
        heikki = as_user(browser, service, "heikki")
        approve(heikki, service)
        assert "5 tietoa odottaa lähtöä laskentaan." in heikki.locator("main").inner_text()
        for pid in (service.pid, worker):
            os.kill(pid, signal.SIGKILL)
    feedback.start()
    with (
        reporting_service.running(environment, metrics_api, log) as service,
        reporting_service.working(environment, tmp_path / "worker-log"),
    ):
        assert len({one["id"] for one in sent(embedded_kafka, topic_prefix, 5)}) == 5
        heikki = as_user(browser, service, "heikki")
        heikki.goto(service.url + FORM)
        heikki.get_by_text("Kaikki tiedot on otettu vastaan laskentaan.").wait_for(
            timeout=timedelta(seconds=20).total_seconds() * 1000
        )


def test_nobody_sees_or_changes_another_divisions_forms(
    browser: Browser, service: Reporting
) -> None:
    open_round(browser, service)
    for user, status in (("kaisa", 403), ("reeta", 403), ("sanna", 200), ("heikki", 200)):
        page = as_user(browser, service, user)
        answer = page.request.get(service.url + FORM)
        assert answer.status == status, user
        token = page.locator("input[name=token]").first.get_attribute("value")
        changed = page.request.post(
            service.url + FORM, form={"token": str(token), "version": "0", "do": "save"},
            max_redirects=0,
        )  # fmt: skip
        assert changed.status == (303 if user == "sanna" else 403), user
        forged = page.request.post(service.url + FORM, form={"version": "1"})
        assert forged.status == 403
        rounds = page.request.get(f"{service.url}/v1/rounds").json()["rounds"]
        known = [one["division"] for one in rounds[0]["divisions"]]
        assert known == (["sote"] if user in ("sanna", "heikki") else [])
        page.context.close()
    assert httpx.get(f"{service.url}/v1/rounds").status_code == 401


def test_a_table_is_tried_answered_row_by_row_and_kept_to_ones_own_division(
    browser: Browser, service: Reporting, feedback: IngestService
) -> None:
    feedback.start()
    sanna = as_user(browser, service, "sanna")
    sanna.goto(f"{service.url}/desk/returns/table")
    look(sanna)
    header = ["subject", "time", "level", "method", "year", "volume"]
    good = ["terveys", "2026-11-20T12:00:00+02:00", 1, "kyselyt", 2026, 3]
    for row, told in (
        (["terveys", "2026-11-20T12:00:00+02:00", 2, "kyselyt", 2026, 3], "this method is on"),
        (["kirjastot", *good[1:]], "Et palauta tämän yksikön tietoja."),
    ):
        content = workbook([header, good, row])
        sanna.set_input_files(
            "#file", {"name": "a.xlsx", "mimeType": "application/zip", "buffer": content}
        )
        sanna.get_by_role("button", name="Kokeile").click()
        sanna.get_by_role("heading", name="Kokeilun tulos").wait_for()
        assert told in sanna.locator("tbody").inner_text()
    look(sanna)
    for user, told in (
        ("sanna", "Taulukon lähettää se, joka hyväksyy"),
        ("heikki", "Rivejä 1, vastaan otettu 1."),
    ):
        page = as_user(browser, service, user)
        page.goto(f"{service.url}/desk/returns/table")
        content = workbook([header, good])
        page.set_input_files(
            "#file", {"name": "a.xlsx", "mimeType": "application/zip", "buffer": content}
        )
        page.get_by_role("button", name="Lähetä").click()
        page.get_by_role("heading", name="Lähetyksen tulos").wait_for()
        assert told in page.get_by_role("main").inner_text()
    template = sanna.request.get(f"{service.url}/desk/returns/template/method.xlsx")
    assert template.body().startswith(b"PK")
