"""A survey is its source's: what another source says under the same names changes nothing of it."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from kokemus.contracts import events
from kokemus.migrations import migrate
from metrics.domain.answering import answer
from metrics.domain.cell_readers import Context
from metrics.domain.corrections import moves
from metrics.domain.definitions import catalogue
from metrics.domain.local_time import LocalHours
from metrics.domain.periods import Span
from metrics.domain.presses import Columns, Effects
from metrics.domain.query import Query
from metrics.domain.surveys import answered
from metrics.storage import MIGRATIONS, press_counts, reading, records
from support.lives import HELSINKI, envelope
from support.metrics_tables import Tables

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
MARCH = Span(date(2026, 3, 1), date(2026, 3, 31))
HOURS = LocalHours(HELSINKI)
OWN, OTHER = "kyselyt", "toinen"
ENTITIES = {OWN: "u", OTHER: "v"}
METRICS = (
    "nps", "mean_likert5", "mean_grade4_10", "response_rate", "reach",
    "driver_statement_correlation",
)  # fmt: skip
TABLES = (
    "day_counts, month_counts, hour_counts, stream, series, survey_waves, survey_questions,"
    " survey_answers, survey_results"
)

_families: st.SearchStrategy[Any] = st.sampled_from(["overall", "recommend", "statement"])
_samplings: st.SearchStrategy[Any] = st.sampled_from(["probability", "census", "self_selected"])


def told(source: str, number: int, subject: str, after: int) -> dict[str, Any]:
    """The envelope of an event; both sources give the same ids."""
    return {**envelope(number, subject, START + timedelta(hours=after)), "source": source}


@st.composite
def stories(draw: st.DrawFn, source: str) -> list[events.Event]:
    """A survey defined once or more, its answers, and a published result: of one source."""
    entity, said = ENTITIES[source], list[events.Event]()
    for number in range(draw(st.integers(0, 3))):
        questions = [
            events.SurveyQuestion("recommend", draw(_families), "nps"),
            events.SurveyQuestion("staff", draw(_families), "likert5"),
            events.SurveyQuestion("grade", draw(_families), "grade4_10"),
        ]
        offered = draw(st.one_of(st.none(), st.integers(0, 60)))
        wave = draw(st.sampled_from(["1", "2"]))
        data = events.Survey("kysely", wave, draw(_samplings), questions, 80, offered)
        after = draw(st.integers(0, 400))
        said.append(events.SurveyDefined(**told(source, number, "kysely", after), data=data))
    for number in range(draw(st.integers(0, 6))):
        recommended, agreed = draw(st.integers(0, 10)), draw(st.integers(1, 5))
        wave = draw(st.sampled_from(["1", "2"]))
        for place, (question, scale, value) in enumerate(
            [("recommend", "nps", recommended), ("staff", "likert5", agreed)]
        ):
            part = events.SurveyAnswer("kysely", wave, f"r{number}", question, scale, value)  # type: ignore[arg-type]  # a scale
            common = told(source, 100 + 2 * number + place, entity, number)
            said.append(events.SurveyAnswered(**common, data=part))
    if draw(st.booleans()):
        result = events.SurveyResult(
            survey_id="kysely",
            wave="1",
            question_id="grade",
            scale="grade4_10",
            period_start=MARCH.first,
            period_end=MARCH.last,
            as_of="2026-04-01",
            mean=draw(st.sampled_from([7.5, 8.5])),
        )
        said.append(events.SurveyResulted(**told(source, 900, entity, 1), data=result))
    return said


@pytest.fixture
def connection(tables: Tables, database_url: str) -> Iterator[psycopg.Connection[Any]]:
    tables.entity("helsinki", kind="city")
    tables.entity("u")
    tables.entity("v")
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as opened:
        press_counts.register(opened)
        yield opened


@pytest.fixture
def reader(database_url: str) -> Iterator[Connection]:
    engine = reading.create_engine(database_url)
    with engine.connect() as opened:
        yield opened.execution_options(isolation_level="AUTOCOMMIT")
    engine.dispose()


def take(connection: psycopg.Connection[Any], story: Sequence[events.Event]) -> None:
    """Stores events one by one, as the counter does it."""
    connection.execute(f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
    rows, none = press_counts.StreamRows(), np.zeros(0, dtype=np.int64)
    empty = Columns([], none, none, none, none.astype(np.bool_), none, none)
    for event in story:
        effects = Effects()
        with connection.transaction(), connection.cursor() as cursor:
            if isinstance(event, events.SurveyAnswered):
                columns = empty.extended(moves(event, None, HOURS))
                if new := rows.unknown(columns.streams):
                    rows.learn(cursor, new)
                press_counts.add(cursor, columns, rows)
            elif not isinstance(event, events.ObservationWithdrawn):
                records.apply(cursor, [event], HELSINKI)
            if part := answered(event, HOURS):
                effects.answers[part[0]] = part[1]
            records.add_effects(cursor, effects)


def figures(reader: Connection, entity: str) -> list[tuple[Any, ...]]:
    """What surveys give of an entity, but for when it was stored."""
    known = catalogue()
    query = Query(
        definitions=tuple(known.definitions[one] for one in METRICS),
        entities=(entity,),
        asked=MARCH,
        today=date(2026, 5, 1),
        grain="total",
    )
    found = reading.read(reader, query, lambda _: None)
    return [
        (
            one.definition.metric,
            one.place.key,
            one.place.dimension,
            one.value,
            one.n,
            one.status,
            one.flags,
            one.interval,
        )
        for one in answer(Context(query, found, known, HELSINKI))
    ]


@given(own=stories(OWN), other=stories(OTHER), chance=st.randoms(use_true_random=False))
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_in_any_order_two_surveys_of_one_name_give_what_each_gives_alone(
    connection: psycopg.Connection[Any],
    reader: Connection,
    own: list[events.Event],
    other: list[events.Event],
    chance: Any,
) -> None:
    alone = []
    for story, entity in ((own, "u"), (other, "v")):
        take(connection, story)
        alone.append(figures(reader, entity))
    together = [*own, *other]
    chance.shuffle(together)
    take(connection, together)
    assert [figures(reader, "u"), figures(reader, "v")] == alone


def test_a_definition_by_another_source_changes_no_figure(
    connection: psycopg.Connection[Any], reader: Connection
) -> None:
    def define(source: str, sampling: Any, family: Any, after: int) -> events.Event:
        questions = [events.SurveyQuestion("recommend", family, "nps")]
        data = events.Survey("kysely", "1", sampling, questions, 200, 100)
        return events.SurveyDefined(**told(source, after, "kysely", after), data=data)

    said: list[events.Event] = [define(OWN, "probability", "recommend", 1)]
    for number in range(40):
        part = events.SurveyAnswer("kysely", "1", f"r{number}", "recommend", "nps", 9)
        said.append(events.SurveyAnswered(**told(OWN, 100 + number, "u", 2), data=part))
    take(connection, said)
    before = figures(reader, "u")
    assert next(row[3] for row in before if row[0] == "response_rate") == 40
    take(connection, [*said, define(OTHER, "self_selected", "statement", 300)])
    assert figures(reader, "u") == before


def test_an_answer_by_another_source_is_no_response_to_the_survey(
    connection: psycopg.Connection[Any], reader: Connection
) -> None:
    questions = [events.SurveyQuestion("recommend", "recommend", "nps")]
    data = events.Survey("kysely", "1", "census", questions, None, 10)
    own = events.SurveyDefined(**told(OWN, 1, "kysely", 1), data=data)
    foreign = events.SurveyAnswered(
        **told(OTHER, 2, "u", 1),
        data=events.SurveyAnswer("kysely", "1", "r1", "recommend", "nps", 0),
    )
    mine = events.SurveyAnswered(
        **told(OWN, 3, "u", 1),
        data=events.SurveyAnswer("kysely", "1", "r1", "recommend", "nps", 10),
    )
    take(connection, [own, mine, foreign])
    rates = [(row[2], row[3]) for row in figures(reader, "u") if row[0] == "response_rate"]
    assert rates == [({}, 10), ({"source": OWN, "survey": "kysely/1"}, 10)]


BEFORE = """
INSERT INTO surveys VALUES ('kysely', '1', 'census', 80, 40, now(), 'e1');
INSERT INTO questions VALUES ('kysely/q', 'overall', 'likert5', NULL, now(), 'e1');
INSERT INTO survey_answers (survey_id, wave, source, response_id, entity, question, scale, day,
    value, count)
    SELECT 'kysely', '1', source, 'r1', 'u', 'kysely/q', 'likert5', '2026-03-02', value, 1
    FROM (VALUES ('kyselyt', 4), ('toinen', 2)) AS v(source, value);
INSERT INTO series (entity, channel, scale, question) VALUES ('u', 'survey', 'likert5', 'kysely/q');
INSERT INTO stream (series_id, source, device, touchpoint)
    VALUES (1, 'kyselyt', 'kysely/1', ''), (1, 'toinen', 'kysely/1', '');
INSERT INTO day_counts VALUES (1, '2026-03-02', '{0,0,0,1,0}', '{0,0,0,0,0}', now()),
    (2, '2026-03-02', '{0,1,0,0,0}', '{0,0,0,0,0}', now()),
    (2, '2026-03-09', '{0,1,0,0,0}', '{0,0,0,0,0}', now());
INSERT INTO month_counts VALUES (1, '2026-03-01', '{0,2,0,1,0}', '{0,0,0,0,0}', now());
"""


def test_what_was_counted_under_one_name_comes_apart_by_source(database_url: str) -> None:
    migrate(database_url, MIGRATIONS, "d2e95a71bb04")
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(BEFORE)
        migrate(database_url, MIGRATIONS)
        months = connection.execute(
            "SELECT asker, month::text, counts FROM month_counts JOIN series ON id = series_id"
            " ORDER BY asker"
        ).fetchall()
        asked = connection.execute("SELECT asker, family FROM asked WHERE asker <> '' ORDER BY 1")
        assert asked.fetchall() == [(OWN, "overall"), (OTHER, "overall")]
        waves = connection.execute("SELECT source, offered FROM survey_waves ORDER BY 1")
        assert waves.fetchall() == [(OWN, 40), (OTHER, 40)]
    assert months == [
        (OWN, "2026-03-01", [0, 0, 0, 1, 0]),
        (OTHER, "2026-03-01", [0, 2, 0, 0, 0]),
    ]
