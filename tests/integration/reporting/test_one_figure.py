"""One figure is one number wherever it is read: page, embed, poster, tables, in each language."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any, NamedTuple

import httpx
import pytest
from pypdf import PdfReader
from sqlalchemy.ext.asyncio import AsyncEngine

from kokemus_platform.processes import wait_until
from reporting.domain.drafting import METRICS
from reporting.domain.languages import CODES, Code, Language
from reporting.domain.open_data import COLUMNS, NAMES
from reporting.domain.releases import Content, Figure, Step
from reporting.domain.wording import printed
from reporting.storage.releases import ReleaseStore
from reporting.texts import Texts
from support.every_figure import TREE, every_figure
from support.pdf_files import spoken
from support.printed_numbers import forms, furniture, numbers, read
from support.release_builders import whole_month
from support.reporting_service import Reporting

LANGUAGES = Texts().languages
UNSEEN = {"experience_profile", "measured_entities"}
"""Figures of which no page tells; they stand in the tables."""


class Seen(NamedTuple):
    """The release, and what was read of it."""

    content: Content
    url: str


@pytest.fixture
async def seen(reporting: Reporting, engine: AsyncEngine) -> Seen:
    made, at = every_figure(), datetime(2027, 1, 15, tzinfo=UTC)
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
        if (figure.value is not None or figure.range) and figure.metric not in UNSEEN
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
            assert stands(figure, language, told[f"page of {entity}"]), (figure, code)
        newest = {one.metric: one for one in wanted.values() if is_newest(one)}
        assert newest.keys() == set(METRICS)
        for metric, figure in newest.items():
            assert told[f"{metric} of kallio"] == printed(figure, language), code
        for output in ("embed of kallio", "component of kallio", "poster of kallio"):
            assert stands(newest["happy_index"], language, told[output]), (output, code)


def stands(figure: Figure, language: Language, words: str) -> bool:
    """Whether a figure stands in the words as it is printed, and not as a part of another."""
    shown = printed(figure, language)
    return shown in words and numbers(shown) <= numbers(words)


def outputs(seen: Seen, code: Code) -> dict[str, str]:
    """Everything that people read of the release in a language, in words."""
    found = {}
    with httpx.Client(base_url=seen.url) as client:
        for entity in [one.id for one in TREE]:
            found[f"page of {entity}"] = read(got(client, f"/{code}/{entity}").text)
            found[f"embed of {entity}"] = read(got(client, f"/embed/{code}/{entity}").text)
        data = got(client, f"/embed/data/{code}/kallio?metric=happy_index").json()
        for metric in METRICS:
            one = got(client, f"/embed/data/{code}/kallio?metric={metric}").json()
            found[f"{metric} of kallio"] = one["value"]
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
    """Of a unit's answers; both of its series have a count, and the first is shown."""
    first = figure.family == "overall" or figure.metric != "press_count"
    return first and (figure.entity, figure.period) == ("kallio", whole_month(3))


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
