"""Surveys from event to figure, through a real broker: published results and single answers."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from kokemus.contracts import events
from kokemus_platform.kafka import Broker
from support.counting import Counting
from support.lives import envelope
from support.metrics_tables import Tables

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
SPAN = {"from": "2026-03-01", "to": "2026-03-31"}
RECOMMENDING = [10] * 60 + [8] * 25 + [3] * 15
"""60 promoters, 25 passives, 15 detractors: an NPS of 45, published as 29.34 to 58.04."""


@pytest.fixture
def counting(
    kafka: Broker, topic_prefix: str, tables: Tables, database_url: str, tmp_path: Path
) -> Iterator[Counting]:
    tables.entity("helsinki", kind="city")
    tables.entity("neuvolat", kind="service_entity")
    with Counting(kafka.bootstrap, topic_prefix, database_url, tmp_path) as ready:
        yield ready


def defined(number: int, survey: str, wave: str = "1", **changes: Any) -> events.SurveyDefined:
    questions = [
        events.SurveyQuestion("recommend", "recommend", "nps"),
        events.SurveyQuestion("overall", "overall", changes.pop("scale", "likert5")),
        events.SurveyQuestion("language", "statement", "likert5"),
    ]
    fields: dict[str, Any] = {"sampling": "probability", "questions": questions, **changes}
    data = events.Survey(survey, wave, **fields)
    return events.SurveyDefined(**envelope(number, survey, START), data=data)


def answers(survey: str, wave: str = "1", first: int = 100) -> list[events.SurveyAnswered]:
    """A hundred responses; whoever recommends agrees that the language was their own."""
    told = []
    for index, recommended in enumerate(RECOMMENDING):
        when = START + timedelta(hours=index)
        for place, (question, scale, value) in enumerate(
            [("recommend", "nps", recommended), ("language", "likert5", 1 + recommended // 3)]
        ):
            data = events.SurveyAnswer(survey, wave, f"r{index}", question, scale, value)  # type: ignore[arg-type]  # a scale
            number = envelope(first + 2 * index + place, "neuvolat", when)
            told.append(events.SurveyAnswered(**number, data=data))
    return told


def result(number: int, survey: str, wave: str, **said: Any) -> events.SurveyResulted:
    year, subject = int(wave[:4]), said.pop("subject", "neuvolat")
    fields: dict[str, Any] = {
        "question_id": "overall",
        "scale": "likert5",
        "period_start": date(year, 1, 1),
        "period_end": date(year, 12, 31),
        "as_of": f"{year}-12-31",
        **said,
    }
    data = events.SurveyResult(survey_id=survey, wave=wave, **fields)
    return events.SurveyResulted(**envelope(number, subject, START), data=data)


async def figures(api: httpx.AsyncClient, metric: str, **asked: str) -> list[dict[str, Any]]:
    query = {"metric": metric, "entity": "neuvolat", **SPAN, **asked}
    answer = await api.get("/v1/figures", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["figures"]
    return found


async def test_single_answers_give_the_published_vector_whatever_order_and_however_often(
    counting: Counting, api: httpx.AsyncClient
) -> None:
    told: list[events.Event] = [*answers("kysely"), defined(1, "kysely", offered=200)]
    too_much = answers("kysely", first=900)[0]
    gone = events.Withdrawn(too_much.id, events.OriginalAnswer(too_much.time, too_much.data))
    taken_back = events.ObservationWithdrawn(**envelope(2, "neuvolat", START), data=gone)
    twice = [*told, too_much, taken_back] * 2
    random.Random(3).shuffle(twice)
    counting.start()
    counting.send(twice[: len(twice) // 2])
    counting.wait_for(20)
    counting.kill()
    counting.start()
    counting.send(twice[len(twice) // 2 :])
    assert counting.wait_for(len(twice))[2] == 0
    (nps,) = await figures(api, "nps")
    assert (nps["value"], nps["n"], nps["channel"], nps["flags"]) == (45, 100, "survey", [])
    interval = nps["interval"]
    assert (interval["low"], interval["high"], interval["method"]) == (
        29.34,
        58.04,
        "adjusted-wald",
    )
    (share,) = await figures(api, "promoter_share", entity="helsinki")
    assert (share["value"], share["interval"]["method"]) == (60, "wilson")
    (mean,) = await figures(api, "mean_likert5")
    assert mean["status"] == "no_data", "a statement feeds no mean but its own"
    (statement,) = await figures(api, "mean_likert5", question="kysely/language")
    assert (statement["n"], statement["interval"]["method"]) == (100, "student")
    total, by_survey = await figures(api, "response_rate")
    assert (total["value"], total["n"], total["dimension"]) == (50, 200, {})
    assert by_survey["dimension"] == {"source": "palaute", "survey": "kysely/1"}
    (driver,) = await figures(api, "driver_statement_correlation")
    assert (driver["rounded"], driver["n"]) == (1, 100)
    assert driver["dimension"] == {"source": "palaute", "question": "kysely/language"}


async def test_an_interval_is_given_for_a_probability_sample_only(
    counting: Counting, api: httpx.AsyncClient
) -> None:
    counting.start()
    counting.send([*answers("kysely"), defined(1, "kysely", sampling="census")])
    counting.wait_for(201)
    (nps,) = await figures(api, "nps")
    assert (nps["interval"], nps["flags"]) == (None, [])
    counting.send([*answers("linkki", first=500), defined(2, "linkki", sampling="self_selected")])
    counting.wait_for(402)
    (nps,) = await figures(api, "nps")
    assert (nps["n"], nps["interval"], nps["flags"]) == (200, None, ["self_selected"])


async def test_published_results_come_out_as_they_were_published(
    counting: Counting, api: httpx.AsyncClient
) -> None:
    """The surveys of the reference: a range stays a range, a single item a series of its own."""
    told: list[events.Event] = [
        defined(1, "yleinen", "2016-syksy", scale="grade4_10"),
        defined(2, "thl", "2014"),
        result(3, "yleinen", "2016-syksy", scale="grade4_10", min=8.5, max=9.0),
        result(4, "thl", "2014", mean=4.5),
        result(5, "thl", "2016-syksy", mean=4.6),
        result(6, "thl", "2014", mean=4.8, question_id="language"),
        result(7, "thl", "2016-syksy", mean=4.7, question_id="language"),
        result(9, "thl", "2016-syksy", mean=4.7, subject="hammashoitolat"),
        result(10, "thl", "2016-syksy", mean=3.9, question_id="omahoito", subject="terveysasemat"),
        result(
            11, "thl", "2016-syksy", mean=4.8, question_id="yksityisyys", subject="terveysasemat"
        ),
    ]
    counting.start()
    counting.send(told * 2)
    counting.wait_for(len(told) * 2)
    year = {"from": "2016-01-01", "to": "2016-12-31"}
    (grade,) = await figures(api, "mean_grade4_10", **year)
    assert (grade["value"], grade["range"]) == (None, {"low": 8.5, "high": 9})
    assert (grade["status"], grade["flags"]) == ("ok", ["reported"])
    (mean,) = await figures(api, "mean_likert5", **year)
    assert (mean["value"], mean["rounded"], mean["n"]) == (4.6, 4.6, None)
    (item,) = await figures(api, "mean_likert5", **year, question="thl/language")
    assert item["value"] == 4.7
    (dental,) = await figures(api, "mean_likert5", **year, entity="hammashoitolat")
    assert dental["value"] == 4.7
    for question, value in (("omahoito", 3.9), ("yksityisyys", 4.8)):
        asked = {**year, "entity": "terveysasemat", "question": f"thl/{question}"}
        (item,) = await figures(api, "mean_likert5", **asked)
        assert item["value"] == value
    (none,) = await figures(api, "mean_likert5", **year, entity="terveysasemat")
    assert none["status"] == "no_data", "single items are no overall mean"
    (before,) = await figures(api, "mean_likert5", **{"from": "2014-01-01", "to": "2014-12-31"})
    assert before["value"] == 4.5
    (city,) = await figures(api, "mean_likert5", **year, entity="helsinki")
    assert city["status"] == "no_data", "what was published of a child feeds no parent"
    counting.send([result(8, "thl", "2016-syksy", mean=4.5, as_of="2017-02-01")])
    counting.wait_for(len(told) * 2 + 1)
    (corrected,) = await figures(api, "mean_likert5", **year)
    assert corrected["value"] == 4.5
