"""Statutory channels from event to figure: the published tables come out as they went in."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any

import httpx
import psycopg
import pytest

from kokemus.contracts import events
from metrics.domain.contacts import Contacted, Contacts
from metrics.storage import records, statutory
from support.lives import HELSINKI, envelope
from support.metrics_tables import Tables

START_2018 = date(2018, 1, 1)
CUTS = {"TEXT": date(2018, 6, 30), "table": date(2018, 9, 12)}
NOON = datetime(2018, 10, 1, 9, tzinfo=UTC)

TABLE = {
    "perhe-ja-sosiaalipalvelut": (165, 108, 119, 50),
    "sairaala-kuntoutus-ja-hoivapalvelut": (72, 117, 105, 60),
    "terveys-ja-paihdepalvelut": (336, 306, 181, 98),
    "henkilosto-ja-kehittamispalvelut": (3, None, None, None),
}
"""Objections and complaints by service entity: 2016, 2017, 2018 to 12.9., 2018 as the text says."""

Take = Callable[[Sequence[events.Event]], None]


@pytest.fixture
def take(tables: Tables, database_url: str) -> Iterator[Take]:
    for entity, kind in (("helsinki", "city"), ("sote", "division")):
        tables.entity(entity, kind=kind)
    for entity in TABLE:
        tables.entity(entity, ("sote", date(2000, 1, 1), None), kind="service_entity")
    url = database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as connection:

        def store(told: Sequence[events.Event]) -> None:
            with connection.transaction(), connection.cursor() as cursor:
                records.apply(cursor, list(told), HELSINKI)

        yield store


def complaints(
    number: int, subject: str, first: date, last: date, count: int | None, **changes: Any
) -> events.ComplaintSummarised:
    fields: dict[str, Any] = {"kind": "unspecified", "as_of": last.isoformat(), **changes}
    return events.ComplaintSummarised(
        **envelope(number, subject, NOON),
        data=events.ComplaintSummary(period_start=first, period_end=last, count=count, **fields),
    )


async def figures(api: httpx.AsyncClient, metric: str, entity: str, year: int, **more: str) -> Any:
    span = {"from": f"{year}-01-01", "to": f"{year}-12-31"}
    answer = await api.get(
        "/v1/figures", params={"metric": metric, "entity": entity, **span, **more}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["figures"]


async def total(api: httpx.AsyncClient, metric: str, entity: str, year: int, **more: str) -> Any:
    found = await figures(api, metric, entity, year, **more)
    return next(row for row in found if row["dimension"] == {})


async def test_table_of_complaints_comes_out_and_a_dash_is_no_zero(
    api: httpx.AsyncClient, take: Take
) -> None:
    told = []
    for number, (entity, by_year) in enumerate(TABLE.items()):
        spans = [(date(y, 1, 1), date(y, 12, 31)) for y in (2016, 2017)]
        spans += [(START_2018, CUTS["table"]), (START_2018, CUTS["TEXT"])]
        for place, ((first, last), count) in enumerate(zip(spans, by_year, strict=True)):
            told.append(complaints(10 * number + place, entity, first, last, count))
    take(told)
    for entity, by_year in TABLE.items():
        for year, count in zip((2016, 2017, 2018), by_year[:3], strict=True):
            found = await total(api, "complaint_count", entity, year)
            assert found["value"] == count
            assert found["status"] == ("not_reported" if count is None else "ok")
            assert found["n"] == count
    cut = await total(api, "complaint_count", "terveys-ja-paihdepalvelut", 2018)
    assert cut["period"] == {"from": "2018-01-01", "to": "2018-09-12", "grain": "total"}
    assert cut["flags"] == ["partial_period"]
    assert cut["as_of"].startswith("2018-09-12")
    assert (await total(api, "complaint_count", "sote", 2016))["value"] == 576
    incomplete = await total(api, "complaint_count", "sote", 2017)
    assert (incomplete["value"], incomplete["flags"]) == (531, ["incomplete_return"])
    division = await total(api, "complaint_count", "sote", 2018)
    assert division["value"] == 405
    kinds = await figures(api, "complaint_count", "sote", 2016)
    assert [row["dimension"] for row in kinds] == [{}, {"kind": "unspecified"}]


async def test_both_cuts_of_a_year_stay_readable_and_the_newest_stands(
    api: httpx.AsyncClient, take: Take
) -> None:
    take(
        [
            complaints(2, "sote", START_2018, CUTS["table"], 405),
            complaints(1, "sote", START_2018, CUTS["TEXT"], 208),
        ]
    )
    assert (await total(api, "complaint_count", "sote", 2018))["value"] == 405
    both = await figures(api, "complaint_count", "sote", 2018, observations="all")
    assert [(row["value"], row["period"]["to"]) for row in both] == [
        (208, "2018-06-30"),
        (405, "2018-09-12"),
    ]
    three = await total(api, "complaint_count", "sote", 2018, **{"from": "2016-01-01"})
    assert (three["value"], three["status"]) == (None, "no_data")


async def test_contacts_and_matters_are_two_units_and_both_counts_once(
    api: httpx.AsyncClient, take: Take
) -> None:
    last = date(2018, 9, 1)
    told = []
    counts: dict[Any, tuple[int | None, int | None]] = {
        "health": (988, None),
        "social": (430, None),
        "both": (147, None),
        None: (None, 1899),
    }
    for number, (field, (contacts, matters)) in enumerate(counts.items()):
        summary = events.ContactSummary(
            period_start=START_2018,
            period_end=last,
            as_of="2018-09-01",
            field=field,
            contacts=contacts,
            matters=matters,
        )
        told.append(events.OmbudsmanSummarised(**envelope(number, "sote", NOON), data=summary))
    take(told)
    contacts_found = await figures(api, "ombudsman_contacts", "helsinki", 2018)
    assert [(row["dimension"], row["value"]) for row in contacts_found] == [
        ({}, 1565),
        ({"field": "both"}, 147),
        ({"field": "health"}, 988),
        ({"field": "social"}, 430),
    ]
    assert contacts_found[0]["flags"] == ["partial_period"]
    matters_found = await total(api, "ombudsman_matters", "sote", 2018)
    assert (matters_found["value"], matters_found["status"]) == (1899, "ok")


async def test_objections_and_complaints_have_no_sum_where_they_are_told_apart(
    api: httpx.AsyncClient, take: Take
) -> None:
    year = date(2019, 1, 1), date(2019, 12, 31)
    take(
        [
            complaints(1, "sote", *year, 3, kind="muistutus"),
            complaints(2, "sote", *year, 4, kind="kantelu"),
        ]
    )
    found = await figures(api, "complaint_count", "sote", 2019)
    assert [(row["dimension"], row["value"]) for row in found] == [
        ({"kind": "kantelu"}, 4),
        ({"kind": "muistutus"}, 3),
    ]


async def test_kinds_told_apart_have_no_zero_for_a_sum_where_the_source_is_heard(
    api: httpx.AsyncClient, take: Take, tables: Tables
) -> None:
    kinds: list[events.CaseKind] = ["kantelu", "muistutus", "kantelu"]
    take(
        [
            events.ComplaintRegistered(
                **envelope(number, "sote", datetime(2019, month, 5, tzinfo=UTC)),
                data=events.Complaint(f"c{number}", kind, "avi"),
            )
            for number, (month, kind) in enumerate(zip((2, 2, 3), kinds, strict=True))
        ]
    )
    tables.heard("palaute", datetime(2020, 2, 1, tzinfo=UTC))
    found = await figures(api, "complaint_count", "sote", 2019)
    assert {} not in [row["dimension"] for row in found]
    months = await figures(api, "complaint_count", "sote", 2019, grain="month")
    whole = [row["value"] for row in months if row["dimension"] == {}]
    assert whole == [0, None, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]


async def test_cases_and_decisions_are_counted_on_their_own_days(
    api: httpx.AsyncClient, take: Take
) -> None:
    case: dict[str, Any] = {"case_id": "c1", "kind": "kantelu", "authority": "avi"}
    registered = events.ComplaintRegistered(
        **envelope(1, "sote", datetime(2018, 11, 5, tzinfo=UTC)), data=events.Complaint(**case)
    )
    decided = events.ComplaintDecided(
        **envelope(2, "sote", datetime(2019, 2, 5, tzinfo=UTC)),
        data=events.Decision(**case, outcome="remark"),
    )
    take([decided])
    assert (await figures(api, "complaint_count", "sote", 2018))[0]["status"] == "no_data"
    take([registered, decided])
    assert (await total(api, "complaint_count", "sote", 2018))["value"] == 1
    found = await figures(api, "complaint_decisions", "helsinki", 2019)
    assert [(row["dimension"], row["value"]) for row in found] == [
        ({}, 1),
        ({"outcome": "remark"}, 1),
    ]


async def test_single_contacts_count_by_field_and_are_taken_back(
    api: httpx.AsyncClient, take: Take, database_url: str
) -> None:
    take([])
    both = Contacted("sote", "registry", date(2019, 3, 4), "both")
    health = both._replace(field="health")
    url = database_url.replace("postgresql+psycopg://", "postgresql://")
    with psycopg.connect(url, autocommit=True) as connection, connection.cursor() as cursor:
        withdrawn = Contacts(-1, Counter(hoito=-1, kohtelu=-1))
        statutory.add_contacts(cursor, {both: withdrawn})
        told = Contacts(3, Counter(hoito=4, kohtelu=1))
        statutory.add_contacts(cursor, {both: told, health: Contacts(1, Counter(vahinko=1))})
    contacts = await figures(api, "ombudsman_contacts", "helsinki", 2019)
    assert [(row["dimension"], row["value"]) for row in contacts] == [
        ({}, 3),
        ({"field": "both"}, 2),
        ({"field": "health"}, 1),
    ]
    matters = await figures(api, "ombudsman_matters", "helsinki", 2019)
    assert [(row["dimension"], row["value"]) for row in matters] == [
        ({}, 4),
        ({"field": "both"}, 3),
        ({"field": "health"}, 1),
        ({"matter": "hoito"}, 3),
        ({"matter": "vahinko"}, 1),
    ]


def cases(
    *told: tuple[events.CaseKind, list[str], datetime], first: int = 0
) -> list[events.ComplaintRegistered]:
    return [
        events.ComplaintRegistered(
            **envelope(number, "sote", time),
            data=events.Complaint(f"c{number}", kind, "avi", reasons),
        )
        for number, (kind, reasons, time) in enumerate(told, first)
    ]


async def test_reasons_break_a_count_down_and_never_multiply_it(
    api: httpx.AsyncClient, take: Take
) -> None:
    may, june = datetime(2019, 5, 5, tzinfo=UTC), datetime(2019, 6, 5, tzinfo=UTC)
    take(cases(("kantelu", ["hoito", "kohtelu"], may), ("kantelu", ["hoito"], june)))
    found = await figures(api, "complaint_count", "helsinki", 2019)
    assert [(row["dimension"], row["value"]) for row in found] == [
        ({}, 2),
        ({"kind": "kantelu"}, 2),
        ({"reason": "hoito"}, 2),
        ({"reason": "kohtelu"}, 1),
    ]
    take(cases(("muistutus", ["hoito"], may), first=2))
    found = await figures(api, "complaint_count", "helsinki", 2019)
    assert [(row["dimension"], row["value"]) for row in found] == [
        ({"kind": "kantelu"}, 2),
        ({"kind": "kantelu", "reason": "hoito"}, 2),
        ({"kind": "kantelu", "reason": "kohtelu"}, 1),
        ({"kind": "muistutus"}, 1),
        ({"kind": "muistutus", "reason": "hoito"}, 1),
    ]


async def test_reasons_that_a_summary_names_are_known_without_a_number(
    api: httpx.AsyncClient, take: Take
) -> None:
    entity, cut = "sairaala-kuntoutus-ja-hoivapalvelut", (START_2018, CUTS["table"])
    take([complaints(1, entity, *cut, 105, reasons=["hoito", "hoitotulos"])])
    for asked in (entity, "sote"):
        found = await figures(api, "complaint_count", asked, 2018)
        assert [(row["dimension"], row["value"], row["status"]) for row in found] == [
            ({}, 105, "ok"),
            ({"kind": "unspecified"}, 105, "ok"),
            ({"reason": "hoito"}, None, "not_reported"),
            ({"reason": "hoitotulos"}, None, "not_reported"),
        ]
        assert found[0]["bias_notes"] == ["few_complain", "no_fault_by_itself"]
