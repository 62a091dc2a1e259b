"""One figure is one number wherever it is read: page, embed, poster, tables, in each language."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import count
from typing import Any, NamedTuple

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy.ext.asyncio import AsyncEngine

from kokemus_platform.processes import wait_until
from reporting.domain.chapters import KINDS
from reporting.domain.languages import CODES, Code
from reporting.domain.open_data import COLUMNS, NAMES
from reporting.domain.releases import (
    Change,
    Content,
    Entity,
    Figure,
    Note,
    Range,
    Step,
    Text,
)
from reporting.domain.wording import printed
from reporting.storage.releases import ReleaseStore
from reporting.texts import Texts
from support.pdf_files import spoken
from support.printed_numbers import forms, furniture, numbers, read
from support.release_builders import counted, text, whole_month, whole_year
from support.reporting_service import Reporting

LANGUAGES = Texts().languages
TREE = (
    Entity("helsinki", "city", None, text("Kaupunki", "Staden", "The City")),
    Entity("sote", "division", "helsinki", text("Sote", "Social", "Care")),
    Entity("terveys", "service_entity", "sote", text("Terveys", "Hälsa", "Health")),
    Entity("asemat", "service", "terveys", text("Asemat", "Stationer", "Stations")),
    Entity("kallio", "unit", "asemat", text("Kallio", "Berghäll", "Kallio")),
)
UNSEEN = {"participation_change", "game_measures"}
"""Figures of which no page tells; they stand in the tables."""


class Values:
    """Numbers of which no two are alike, and none is a neighbour of another."""

    def __init__(self) -> None:
        self._counts = count(20_011, 103)
        self._parts = iter([number for number in range(13, 98, 2) if number % 5])

    def counted(self) -> int:
        return next(self._counts)

    def part(self) -> int:
        return next(self._parts)


def answers(values: Values) -> Iterator[Figure]:
    """Anonymous answers by month and year at a unit and its service, one month kept back."""
    for entity in ("asemat", "kallio"):
        for period in (whole_month(1), whole_month(2), whole_month(3), whole_year(2026)):
            n = values.counted()
            hidden = (entity, period) == ("kallio", whole_month(2))
            for metric, value in (("press_count", n), ("happy_index", values.part())):
                yield counted(
                    metric, None if hidden else value, entity=entity, channel="kiosk",
                    scale="smiley4", family="overall", period=period,
                    n=None if hidden else n, status="below_min_n" if hidden else "ok",
                    change=None if hidden else Change(values.part(), "better", "ok"),
                )  # fmt: skip


def acts(values: Values) -> Iterator[Figure]:
    """What persons did, with cells that are hidden."""
    for period in (whole_month(1), whole_month(2)):
        for kind in (None, *KINDS):
            hidden = kind in ("kiitos", "muu") and period == whole_month(2)
            yield counted(
                "feedback_count", None if hidden else values.counted(), entity="terveys",
                period=period, dimension={"kind": kind} if kind else {},
            )  # fmt: skip
        yield counted("praise_share", values.part(), entity="terveys", period=period,
                      n=values.counted())  # fmt: skip
    for metric, mean in (("mean_likert5", 3.4), ("mean_grade4_10", 8.7)):
        yield counted(metric, mean, entity="terveys", channel="survey", n=values.counted(),
                      period=whole_year(2026))  # fmt: skip
    for kind, value in (("muistutus", values.counted()), ("kantelu", None)):
        yield counted("complaint_count", value, entity="terveys", channel="statutory",
                      period=whole_year(2026), dimension={"kind": kind})  # fmt: skip
    for level in range(1, 5):
        told: dict[str, Any] = {"entity": "terveys", "channel": "", "period": whole_year(2026),
                                "dimension": {"level": str(level)}}  # fmt: skip
        yield counted("participation_methods", values.counted(), **told)
        yield counted("participation_volume", None if level == 4 else values.counted(), **told)
    own: dict[str, Any] = {"entity": "terveys", "channel": "", "period": whole_year(2026)}
    yield counted("participation_coverage", None, **own, status="ok", range=Range(31, 79))
    yield counted("participation_change", -6, **own)
    yield counted("game_measures", values.counted(), **own)
    yield counted("measurement_coverage", values.part(), **own)
    yield counted("device_count", values.counted(), **own)


def content() -> Content:
    values, texts = Values(), Texts().glossary
    return Content(
        kind="public-monthly",
        period_start=date(2026, 1, 1),
        period_end=date(2026, 12, 31),
        as_of=date(2027, 1, 15),
        entities=list(TREE),
        figures=[*answers(values), *acts(values)],
        breaks=[],
        texts={code: words for code, words in texts.items() if not code.startswith("explain.")},
        notes=[Note("done", "kallio", date(2026, 2, 2), Text("Ovi siirtyi", "Flyttat", "Moved"))],
    )


class Seen(NamedTuple):
    """The release, and what was read of it."""

    content: Content
    url: str


@pytest.fixture
async def seen(reporting: Reporting, engine: AsyncEngine) -> Seen:
    made, at = content(), datetime(2027, 1, 15, tzinfo=UTC)
    store = ReleaseStore(engine)
    id_ = await store.keep_draft(made, "reeta", at)
    for state in ("checked", "approved", "published"):
        by = "reeta" if state == "checked" else "aino"
        await store.take_step(id_, Step(state, by, at))
    page = f"{reporting.url}/fi/kallio"
    wait_until(lambda: httpx.get(page).is_success, seconds=10, what="the release on its page")
    return Seen(made, reporting.url)


async def test_a_figure_is_the_same_number_or_none_in_everything_that_is_read(seen: Seen) -> None:
    wanted = {
        (figure.entity, index): figure
        for index, figure in enumerate(seen.content.figures)
        if figure.value is not None and figure.metric not in UNSEEN
    }
    for code in CODES:
        language = LANGUAGES[code]
        known = {one for figure in seen.content.figures for one in forms(figure, language)}
        may_stand = known | furniture(seen.content, code)
        told = outputs(seen, code)
        for name, words in told.items():
            unknown = numbers(words) - may_stand
            assert not unknown, (name, code, unknown, words)
        for (entity, _), figure in wanted.items():
            assert printed(figure, language) in told[f"page of {entity}"], (figure, code)
        newest = next(one for one in wanted.values() if is_newest(one))
        for output in ("embed of kallio", "component of kallio", "poster of kallio"):
            assert printed(newest, language) in told[output], (output, code)


def outputs(seen: Seen, code: Code) -> dict[str, str]:
    """Everything that people read of the release in a language, in words."""
    found = {}
    with httpx.Client(base_url=seen.url) as client:
        for entity in [one.id for one in TREE]:
            found[f"page of {entity}"] = read(got(client, f"/{code}/{entity}").text)
            found[f"embed of {entity}"] = read(got(client, f"/embed/{code}/{entity}").text)
        data = got(client, f"/embed/data/{code}/kallio?metric=happy_index").json()
        spoken_words = (data["label"], data["value"], data["period"], data["sentence"])
        found["component of kallio"] = "\n".join(spoken_words)
        for entity in ("kallio", "asemat"):
            paper = got(client, f"/print/{code}/{entity}.pdf").content
            found[f"poster of {entity}"] = spoken(PdfReader(io.BytesIO(paper))).replace(
                seen.content.licence, ""
            )
    return found


def got(client: httpx.Client, address: str) -> httpx.Response:
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer


def is_newest(figure: Figure) -> bool:
    return (figure.metric, figure.entity, figure.period) == (
        "happy_index", "kallio", whole_month(3),
    )  # fmt: skip


async def test_a_figure_is_the_same_number_or_none_in_every_table(seen: Seen) -> None:
    with httpx.Client(base_url=seen.url) as client:
        (release,) = got(client, "/v1/releases").json()["releases"]
        whole = got(client, f"/v1/releases/{release['id']}").json()
        in_json, in_csv = [], []
        for name in NAMES:
            told = got(client, f"/open-data/latest/{name}.json").json()
            in_json += told.get("figures", [])
            table = got(client, f"/open-data/latest/{name}.csv").content
            rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
            if tuple(rows.fieldnames or ()) == COLUMNS:
                in_csv += list(rows)
    assert {key(one) for one in in_json} == {key(one) for one in whole["figures"]}
    assert len(in_json) == len(in_csv) == len(seen.content.figures)
    by_key = {key(one): one for one in whole["figures"]}
    for row in in_csv:
        figure = by_key.pop(key_of_row(row))
        change, ends = figure.get("change") or {}, figure.get("range") or {}
        assert (row["value"], row["n"], row["change"], row["low"], row["high"], row["status"]) == (
            plain(figure["value"]), plain(figure["n"]), plain(change.get("value")),
            plain(ends.get("low")), plain(ends.get("high")), figure["status"],
        )  # fmt: skip
    assert not by_key


def key(figure: dict[str, Any]) -> tuple[str, ...]:
    dimension = figure.get("dimension") or {}
    period = figure["period"]
    return (
        figure["metric"], figure["entity"], figure["channel"], figure["scale"] or "",
        period["from"], period["to"], json.dumps(dimension, sort_keys=True),
    )  # fmt: skip


def key_of_row(row: dict[str, str]) -> tuple[str, ...]:
    pairs = [one.partition("=") for one in row["dimension"].split(";") if one]
    dimension = json.dumps({name: value for name, _, value in pairs}, sort_keys=True)
    return (
        row["metric"], row["entity"], row["channel"], row["scale"],
        row["period_from"], row["period_to"], dimension,
    )  # fmt: skip


def plain(number: float | None) -> str:
    return "" if number is None else str(number)
