"""Notes: versions that stay, written by those who answer for the entity."""

from datetime import UTC, date, datetime
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from reporting.domain.notes import DeskNote
from reporting.domain.releases import Text
from reporting.editor import Editor
from reporting.metrics_client import MetricsClient
from reporting.storage.notes import NoteStore
from reporting.storage.releases import ReleaseStore
from reporting.texts import Texts
from support.fake_metrics_api import KEY, FakeMetricsApi
from support.reporting_service import PASSWORDS, Reporting, enter, form_token

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTE = DeskNote("done", "kallio", date(2026, 10, 20), Text("Ovi korjattiin."))


async def test_a_removed_note_is_neither_shown_nor_frozen_and_stays_in_its_table(
    engine: AsyncEngine,
) -> None:
    store, span = NoteStore(engine), (date(2026, 1, 1), date(2026, 12, 31))
    await store.add(NOTE, "sanna", NOW)
    (kept,) = await store.notes(["kallio"])
    assert kept.note == NOTE
    assert await store.notes(["aaninen"]) == []
    assert [one.text for one in await store.notes_for_release(span, ["kallio"])] == [NOTE.text]
    assert await store.remove(kept, "sanna", NOW)
    assert not await store.remove(kept, "reeta", NOW), "somebody was first"
    assert await store.notes() == []
    assert await store.notes_for_release(span, ["kallio"]) == []
    async with engine.begin() as connection:
        assert (await connection.scalar(text("SELECT count(*) FROM desk_note"))) == 2
        with pytest.raises(DBAPIError, match="append-only"):
            await connection.execute(text("UPDATE desk_note SET fi = 'x'"))


async def test_what_was_done_stands_in_the_next_draft(
    engine: AsyncEngine, metrics_api: FakeMetricsApi, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(KEY)
    notes, store = NoteStore(engine), ReleaseStore(engine)
    await notes.add(NOTE, "sanna", NOW)
    async with httpx.AsyncClient(base_url=metrics_api.url) as http:
        metrics = MetricsClient(http, tmp_path / "key")
        editor = Editor(store, metrics, Texts().glossary, notes)
        id_ = await editor.draft((date(2026, 10, 1), date(2026, 10, 31)), "aino", NOW)
    release = await store.release(id_)
    assert release is not None
    content = (await editor.review(release)).content
    assert content is not None
    assert [(one.kind, one.text) for one in content.notes] == [("done", NOTE.text)]


def test_a_note_is_written_by_whom_it_concerns_and_logged(
    reporting: Reporting,
) -> None:
    form = {
        "entity": "kallio",
        "kind": "heard",
        "day": "2026-01-20",
        "text_fi": "Jono <b>kasvoi</b>.",
    }
    for user, statuses in (("reeta", [403, 403, 403]), ("sanna", [403, 422, 303])):
        with httpx.Client(base_url=reporting.url) as client:
            enter(client, user, PASSWORDS[user])
            page = client.get("/desk/notes?entity=kallio").text
            assert ('name="text_fi"' in page) == (user == "sanna")
            token = form_token(client, "/desk/notes?entity=kallio")
            sent = [
                form | {"token": "x"},
                form | {"token": token, "text_en": "Call 131052-308T"},
                form | {"token": token},
            ]
            assert [client.post("/desk/notes", data=one).status_code for one in sent] == statuses
    with httpx.Client(base_url=reporting.url) as client:
        enter(client, "reeta", PASSWORDS["reeta"])
        token = form_token(client, "/desk/notes?entity=kallio")
        assert "Jono &lt;b&gt;kasvoi&lt;/b&gt;." in client.get("/desk/notes?entity=kallio").text
        gone = client.post("/desk/notes/1/remove", data={"token": token})
        assert gone.status_code == 403
    with httpx.Client(base_url=reporting.url) as client:
        enter(client, "kaisa", PASSWORDS["kaisa"])
        other = client.get("/desk/notes?entity=kallio")
        assert (other.status_code, "kasvoi" in other.text) == (403, False)
    with httpx.Client(base_url=reporting.url) as client:
        enter(client, "aino", PASSWORDS["aino"])
        assert "note.written" in client.get("/desk/audit").text


def test_a_manager_keeps_on_the_page_of_the_weeks_which_meeting_went_through_it(
    reporting: Reporting,
) -> None:
    with httpx.Client(base_url=reporting.url) as client:
        enter(client, "kerttu", PASSWORDS["kerttu"])
        page = client.get("/desk/weeks").text
        assert page.index(">301<") < page.index(">302<"), "the silent device comes first"
        form = {"token": form_token(client, "/desk/weeks"), "entity": "kallio", "onward": "weeks"}
        form |= {"kind": "handled", "day": "2026-01-20", "text_fi": "Tiimikokous."}
        assert (kept := client.post("/desk/notes", data=form)).status_code == 303
        assert kept.headers["location"] == "/desk/weeks?entity=kallio"
        assert "Tiimikokous." in client.get(kept.headers["location"]).text
    with httpx.Client(base_url=reporting.url) as client:
        enter(client, "sanna", PASSWORDS["sanna"])
        division = client.get("/desk/weeks?entity=sote").text
        assert "Tiimikokous." in division
        assert 'value="handled"' in division
    with httpx.Client(base_url=reporting.url) as client:
        enter(client, "kaisa", PASSWORDS["kaisa"])
        assert client.get("/desk/weeks?entity=kallio").status_code == 403
