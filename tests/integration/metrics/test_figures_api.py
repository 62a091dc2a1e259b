import asyncio
import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from support.metrics_tables import LONG_AGO, Tables
from support.reference_presses import PUBLISHED, PUBLISHED_TO, TOGETHER, counts_by_value

YEAR = {"from": "2017-01-01", "to": "2017-12-31"}


async def figures(api: httpx.AsyncClient, metric: str, entity: str, **more: str) -> list[Any]:
    """The figures of a metric and entity; of the year 2017 unless it is said otherwise."""
    answer = await api.get(
        "/v1/figures", params={"metric": metric, "entity": entity, **YEAR, **more}
    )
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["figures"]
    return found


async def one(api: httpx.AsyncClient, metric: str, entity: str, **more: str) -> Any:
    (figure,) = await figures(api, metric, entity, **more)
    return figure


async def test_figure_carries_all_that_the_contract_names(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.entity("helsinki", kind="city")
    tables.entity("terveysasemat", kind="service")
    tables.count("terveysasemat", date(2017, 3, 4), [17, 16, 60, 126], misuse=[1, 0, 0, 0])
    assert await figures(api, "happy_index", "terveysasemat") == [
        {
            "metric": "happy_index",
            "entity": "terveysasemat",
            "channel": "kiosk",
            "scale": "smiley4",
            "family": "overall",
            "dimension": {},
            "period": {"from": "2017-01-01", "to": "2017-12-31", "grain": "total"},
            "value": 51400 / 657,
            "rounded": 78,
            "n": 219,
            "status": "ok",
            "interval": None,
            "range": None,
            "flags": ["self_selected"],
            "bias_notes": ["pressed_when_leaving"],
            "as_of": "2026-11-22T10:00:00+02:00",
            "definition": "happy_index/1",
        }
    ]
    assert (await one(api, "misuse_share", "terveysasemat"))["n"] == 220


async def test_kiosk_table_of_the_reference_comes_out(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.entity("helsinki", kind="city")
    for service in sorted({service for service, _ in PUBLISHED}):
        tables.entity(service, kind="service")
    for service, year in PUBLISHED:
        tables.count(service, date(year, *PUBLISHED_TO[year]), counts_by_value(service, year))
    for (service, year), published in PUBLISHED.items():
        span = {"from": f"{year}-01-01", "to": f"{year}-12-31"}
        index = await one(api, "happy_index", service, **span)
        assert index["n"] == published.presses
        assert index["rounded"] == published.happy_index
        assert (await one(api, "press_count", service, **span))["value"] == published.presses
    for year, together in TOGETHER.items():
        span = {"from": f"{year}-01-01", "to": f"{year}-12-31"}
        assert round((await one(api, "happy_index", "helsinki", **span))["value"], 2) == together


async def test_scales_channels_and_families_are_never_pooled(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    day = date(2017, 3, 4)
    tables.question("q-queue", "waiting")
    tables.count("u", day, [0, 0, 0, 40])
    tables.count("u", day, [0, 0, 0, 0, 50], scale="smiley5", question="q-five")
    tables.count("u", day, [10, 0, 0, 0], channel="mobile")
    tables.count("u", day, [20, 0, 0, 0], question="q-queue")
    tables.count("u", day, [0] * 10 + [30], scale="nps", question="q-recommend")
    index = await figures(api, "happy_index", "u")
    assert [(row["channel"], row["scale"], row["n"]) for row in index] == [
        ("kiosk", "smiley4", 40),
        ("kiosk", "smiley5", 50),
        ("mobile", "smiley4", 10),
    ]
    presses = await figures(api, "press_count", "u", channel="kiosk")
    assert [(row["family"], row["value"]) for row in presses] == [
        ("recommend", 30),
        ("overall", 40),
        ("waiting", 20),
        ("overall", 50),
    ]
    assert (await one(api, "nps", "u"))["rounded"] == 100
    assert (await one(api, "happy_index", "u", question="q-queue"))["n"] == 20


async def test_parent_sums_by_the_tree_of_each_day_and_children_are_whole(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.entity("helsinki", kind="city")
    tables.entity("north", kind="service")
    tables.entity("south", kind="service")
    move = date(2017, 6, 15)
    before = ("north", LONG_AGO, move - timedelta(days=1))
    tables.entity("u", before, ("south", move, None))
    for month in range(1, 13):
        tables.count("u", date(2017, month, 14), [0, 0, 0, 10])
        tables.count("u", date(2017, month, 15), [0, 0, 0, 1])
    north, u = await figures(api, "press_count", "north", children="true")
    south, same = await figures(api, "press_count", "south", children="true")
    assert (north["value"], south["value"]) == (65, 67)
    assert u["value"] == same["value"] == 132
    assert "moved" in u["flags"]
    assert (await one(api, "press_count", "helsinki"))["value"] == 132
    months = await figures(api, "press_count", "north", grain="month")
    assert [row["value"] for row in months] == [11, 11, 11, 11, 11, 10] + [None] * 6


async def test_device_counts_where_it_stood_and_without_a_place_is_listed(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.count("device.kiosks.7", date(2017, 3, 4), [0, 0, 0, 40])
    assert (await one(api, "press_count", "device.kiosks.7"))["value"] == 40
    listed = (await api.get("/v1/unplaced")).json()["unplaced"]
    assert [row["id"] for row in listed] == ["device.kiosks.7"]
    tables.entity("helsinki", kind="city")
    tables.device("kiosks", "7", ("helsinki", date(2017, 3, 4), date(2017, 3, 4)))
    assert (await one(api, "press_count", "helsinki"))["value"] == 40
    assert (await api.get("/v1/unplaced")).json()["unplaced"] == []
    counts = await figures(
        api, "device_count", "helsinki", grain="day", **{"from": "2017-03-03", "to": "2017-03-05"}
    )
    assert [(row["value"], row["status"]) for row in counts] == [(0, "ok"), (1, "ok"), (0, "ok")]
    assert (counts[1]["flags"], counts[1]["bias_notes"]) == ([], [])


async def test_each_device_in_place_is_listed_with_the_last_day_it_was_heard(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.entity("helsinki", kind="city")
    for name, last in (("7", None), ("8", None), ("9", date(2017, 3, 4))):
        tables.device("kiosks", name, ("helsinki", date(2017, 3, 1), last))
    for day in (4, 6):
        tables.count("device.kiosks.7", date(2017, 3, day), [0, 0, 0, 1], device="7")
    answer = (await api.get("/v1/devices", params={"entity": "helsinki"})).json()
    assert [(one["device_id"], one["since"], one["heard"]) for one in answer["devices"]] == [
        ("7", "2017-03-01", "2017-03-06"),
        ("8", "2017-03-01", None),
    ]


async def test_rows_are_dense_and_zero_only_where_every_source_was_heard(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.entity("u", (None, LONG_AGO, None))
    tables.count("u", date(2017, 3, 5), [0, 0, 0, 40])
    days = {"grain": "day", "from": "2017-03-04", "to": "2017-03-06"}
    silent = await figures(api, "press_count", "u", **days)
    assert [(row["value"], row["status"]) for row in silent] == [
        (None, "no_data"),
        (40, "ok"),
        (None, "no_data"),
    ]
    tables.heard("kiosks", datetime(2017, 3, 6, 12, 0, tzinfo=UTC))
    heard = await figures(api, "press_count", "u", **days)
    assert [(row["value"], row["status"]) for row in heard] == [
        (0, "ok"),
        (40, "ok"),
        (None, "no_data"),
    ]
    tables.heard("kiosks", datetime(2017, 3, 9, tzinfo=UTC), error="token refused")
    assert (await figures(api, "press_count", "u", **days))[0]["status"] == "no_data"


async def test_entity_that_nobody_knows_has_no_data_and_a_metric_is_not_found(
    api: httpx.AsyncClient,
) -> None:
    nobody = await one(api, "happy_index", "nobody")
    assert (nobody["status"], nobody["channel"], nobody["as_of"]) == ("no_data", None, None)
    answer = await api.get("/v1/figures", params={"metric": "mood", "entity": "u", **YEAR})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_future_is_cut_and_flagged(api: httpx.AsyncClient) -> None:
    today = datetime.now(UTC).date()
    running = await figures(
        api,
        "press_count",
        "u",
        grain="year",
        **{"from": f"{today.year}-01-01", "to": f"{today.year + 5}-12-31"},
    )
    assert [row["flags"] for row in running] in ([["partial_period"]], [[]])
    later = {"from": f"{today.year + 2}-01-01", "to": f"{today.year + 3}-12-31"}
    assert await figures(api, "press_count", "u", **later) == []


async def test_published_figure_stands_alone_or_beside_what_was_counted(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.reported("u", "happy_index", date(2017, 1, 1), date(2017, 12, 31), 86, n=120_725)
    tables.reported("u", "happy_index", date(2018, 1, 1), date(2018, 9, 12), 87, n=132_308)
    years = {"grain": "year", "to": "2019-12-31"}
    rows = await figures(api, "happy_index", "u", **years)
    assert [(row["rounded"], row["status"], row["period"]["to"]) for row in rows] == [
        (86, "ok", "2017-12-31"),
        (87, "ok", "2018-09-12"),
        (None, "no_data", "2019-12-31"),
    ]
    assert rows[0]["flags"] == ["reported", "self_selected"]
    assert rows[1]["flags"] == ["partial_period", "reported", "self_selected"]
    assert rows[1]["as_of"] == "2018-09-12"
    tables.count("u", date(2017, 5, 5), [0, 0, 0, 40])
    again = await figures(api, "happy_index", "u", **years)
    counted, cut, nothing = sorted(again, key=lambda row: str(row["period"]["from"]))
    assert (counted["rounded"], counted["scale"], counted["reported"]["value"]) == (
        100,
        "smiley4",
        86,
    )
    assert (cut["rounded"], cut["scale"], nothing["status"]) == (87, None, "no_data")


async def test_published_figures_never_feed_a_parent(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.entity("helsinki", kind="city")
    tables.entity("u")
    tables.reported("u", "press_count", date(2017, 1, 1), date(2017, 12, 31), 120_725)
    assert (await one(api, "press_count", "helsinki"))["status"] == "no_data"


async def test_two_cuts_of_a_year_are_observations_and_never_added(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    start = date(2018, 1, 1)
    for last, value in ((date(2018, 6, 30), 208), (date(2018, 9, 12), 405)):
        tables.reported(
            "sote", "complaint_count", start, last, value, approx=True, channel="statutory"
        )
    tables.reported("staff", "complaint_count", start, date(2018, 9, 12), None, channel="statutory")
    year = {"from": "2018-01-01", "to": "2018-12-31"}
    assert (await one(api, "complaint_count", "sote", **year))["value"] == 405
    both = await figures(api, "complaint_count", "sote", observations="all", **year)
    assert [(row["value"], row["as_of"]) for row in both] == [
        (208, "2018-06-30"),
        (405, "2018-09-12"),
    ]
    dash = await one(api, "complaint_count", "staff", **year)
    assert (dash["value"], dash["status"]) == (None, "not_reported")


async def test_counts_for_a_period_enter_once_and_only_without_single_answers(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    def counted(first: date, last: date, as_of: int, counts: list[int]) -> None:
        tables.execute(
            "INSERT INTO period_counts VALUES"
            " ('u', 'vendor', 'kiosk', 'smiley4', 'q', %s, %s, %s, %s, %s, now())",
            (first, last, datetime(2018, 1, as_of, tzinfo=UTC), f"e{as_of}", counts),
        )

    march = date(2017, 3, 1), date(2017, 3, 31)
    counted(*march, 1, [0, 0, 0, 30])
    counted(*march, 2, [0, 0, 0, 35])
    counted(date(2017, 4, 1), date(2017, 4, 30), 1, [0, 0, 0, 7])
    assert (await one(api, "press_count", "u"))["value"] == 42
    half = {"from": "2017-03-01", "to": "2017-04-15"}
    assert (await one(api, "press_count", "u", **half))["value"] == 35
    tables.count("u", date(2017, 3, 3), [0, 0, 0, 1], question="q", source="vendor")
    assert (await one(api, "press_count", "u"))["value"] == 8
    every = await figures(api, "press_count", "u", observations="all")
    assert [(row["period"]["from"], row["value"], row["as_of"][:10]) for row in every] == [
        ("2017-03-01", 30, "2018-01-01"),
        ("2017-03-01", 35, "2018-01-02"),
        ("2017-04-01", 7, "2018-01-01"),
    ]


async def test_feedback_and_complaints_are_counted_in_total_and_by_kind(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    tables.entity("helsinki", kind="city")
    tables.entity("u")
    for number, kind in enumerate(["kiitos", "moite", "moite"]):
        tables.execute(
            "INSERT INTO feedback VALUES ('palaute', %s, 'u', now(), '2017-05-05', %s, false,"
            " false, false, 'fi', '{}', now(), 'x')",
            (str(number), kind),
        )
    tables.execute(
        "INSERT INTO complaints VALUES ('reg', 'c1', 'u', '2017-05-05', 'kantelu', 'avi', '{}',"
        " now(), 'x')"
    )
    rows = await figures(api, "feedback_count", "helsinki")
    assert [(row["dimension"], row["value"]) for row in rows] == [
        ({}, 3),
        ({"kind": "kiitos"}, 1),
        ({"kind": "moite"}, 2),
    ]
    assert rows[0]["bias_notes"] == ["majority_adults", "short_spikes"]
    complaints = await figures(api, "complaint_count", "helsinki")
    assert [(row["dimension"], row["value"]) for row in complaints] == [
        ({}, 1),
        ({"kind": "kantelu"}, 1),
    ]
    assert complaints[0]["flags"] == []


async def test_reasons_are_shares_within_their_polarity(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    for polarity, reason, count in [
        ("negative", "odotusaika", 30),
        ("negative", "tilat", 10),
        ("positive", "henkilokunta", 5),
    ]:
        tables.execute(
            "INSERT INTO reason_counts VALUES ('u', 's', '1', 'kiosk', '2017-05-05', %s, %s, %s)",
            (polarity, reason, count),
        )
    counts = await figures(api, "reason_count", "u")
    assert [row["value"] for row in counts if not row["dimension"]] == [45]
    shares = await figures(api, "reason_share", "u")
    assert [
        (row["dimension"]["reason"], row["rounded"], row["n"], row["status"]) for row in shares
    ] == [
        ("odotusaika", 75, 40, "ok"),
        ("tilat", 25, 40, "ok"),
        ("henkilokunta", 100, 5, "below_min_n"),
    ]


async def test_pattern_of_the_week_counts_by_weekday_and_hour(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    monday = date(2017, 3, 6)
    tables.count("u", monday, [1, 0, 0, 3], hour=8)
    tables.count("u", monday + timedelta(days=7), [0, 0, 0, 2], hour=8)
    tables.count("u", monday + timedelta(days=6), [0, 0, 0, 4], hour=23)
    rows = await figures(api, "hourly_press_count", "u")
    assert [(row["dimension"], row["value"]) for row in rows] == [
        ({}, 10),
        ({"weekday": 1, "hour": 8}, 6),
        ({"weekday": 7, "hour": 23}, 4),
    ]
    shares = await figures(api, "hourly_satisfied_share", "u")
    assert [row["rounded"] for row in shares] == [90, 83, 100]


async def test_change_is_judged_by_its_rules(api: httpx.AsyncClient, tables: Tables) -> None:
    tables.entity("u", (None, LONG_AGO, None))
    for number in range(59):
        day = date(2017, 2, 1) + timedelta(days=number)
        good = 80 if day.month == 2 else 95
        tables.count("u", day, [100 - good + number % 3, 0, 0, good])
    months = {"from": "2017-02-01", "to": "2017-03-31", "grain": "month", "change": "previous"}
    february, march = await figures(api, "happy_index", "u", **months)
    assert february["change"] == {"value": None, "verdict": None, "status": "no_baseline"}
    assert march["change"]["verdict"] == "better"
    assert march["change"]["value"] == march["rounded"] - february["rounded"]
    tables.mark("u", date(2017, 3, 10))
    _, broken = await figures(api, "happy_index", "u", **months)
    assert broken["change"] == {"value": None, "verdict": None, "status": "not_comparable"}
    assert "series_break" in broken["flags"]
    _, satisfied = await figures(api, "satisfied_share", "u", **months)
    assert satisfied["change"]["verdict"] == "better"


async def test_other_devices_take_the_arrow_away(api: httpx.AsyncClient, tables: Tables) -> None:
    for number in range(59):
        day = date(2017, 2, 1) + timedelta(days=number)
        tables.count("u", day, [10, 0, 0, 90], device="old" if day.month == 2 else "new")
    march = {"from": "2017-03-01", "to": "2017-03-31", "change": "previous", "grain": "month"}
    assert (await one(api, "happy_index", "u", **march))["change"] == {
        "value": 0,
        "verdict": None,
        "status": "changed_composition",
    }


async def test_variation_is_given_to_the_desk_only(api: httpx.AsyncClient, tables: Tables) -> None:
    for number in range(20):
        day = date(2017, 2, 1) + timedelta(days=number)
        tables.count("u", day, [10 + number % 4, 0, 0, 90])
    plain = await one(api, "happy_index", "u")
    assert "variation" not in plain
    found = await one(api, "happy_index", "u", variation="true")
    assert found["variation"]["days"] == 20
    assert found["variation"]["low"] < found["value"] < found["variation"]["high"]


async def test_unchanged_answer_is_304_until_something_changes(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    asked = {"metric": "press_count", "entity": "u", **YEAR}
    first = await api.get("/v1/figures", params=asked)
    known = {"If-None-Match": first.headers["etag"]}
    assert first.headers["vary"] == "Accept"
    same = await api.get("/v1/figures", params=asked, headers=known)
    assert (same.status_code, same.content, same.headers["etag"]) == (
        304,
        b"",
        first.headers["etag"],
    )
    table = await api.get("/v1/figures", params=asked, headers={**known, "Accept": "text/csv"})
    assert table.status_code == 200
    tables.count("u", date(2017, 5, 5), [0, 0, 0, 1])
    tables.entity("u", (None, LONG_AGO, None))
    async for answer in repeated(api, asked, known):
        if answer.status_code == 200:
            assert answer.json()["figures"][0]["value"] == 1
            return


async def repeated(api: httpx.AsyncClient, asked: dict[str, str], headers: dict[str, str]) -> Any:
    """The same question again and again; the test's time limit ends it."""
    while True:
        await asyncio.sleep(0)  # lets the service look at its database
        yield await api.get("/v1/figures", params=asked, headers=headers)


async def test_remembered_answer_still_needs_a_key(api: httpx.AsyncClient, tables: Tables) -> None:
    tables.entity("u", (None, LONG_AGO, None))
    asked = {"metric": "press_count", "entity": "u", **YEAR}
    known = {"If-None-Match": (await api.get("/v1/figures", params=asked)).headers["etag"]}
    for wrong in ("Bearer nobody", "Basic x", ""):
        answer = await api.get(
            "/v1/figures", params=asked, headers={**known, "Authorization": wrong}
        )
        assert answer.status_code == 401


async def test_pages_put_together_are_the_whole_answer(
    api: httpx.AsyncClient, tables: Tables
) -> None:
    for month in range(1, 13):
        tables.count("u", date(2017, month, 5), [0, 0, 0, month])
        tables.count("u", date(2017, month, 5), [0, 0, 0, month], channel="mobile")
    asked = {"metric": ["press_count", "happy_index"], "entity": ["u", "v"], "grain": "month"}
    whole = (await api.get("/v1/figures", params={**asked, **YEAR})).json()
    assert whole["next"] is None
    collected: list[Any] = []
    page = {"cursor": "", "limit": "7"}
    while page:
        given = {name: value for name, value in page.items() if value}
        answer = (await api.get("/v1/figures", params={**asked, **YEAR, **given})).json()
        collected += answer["figures"]
        page = {"cursor": answer["next"], "limit": "7"} if answer["next"] else {}
    assert collected == whole["figures"]
    assert len(collected) == 2 * (2 * 12 + 12)


async def test_csv_says_the_same_as_json(api: httpx.AsyncClient, tables: Tables) -> None:
    tables.count("u", date(2017, 3, 4), [17, 16, 60, 126])
    asked = {"metric": "happy_index", "entity": "u", **YEAR}
    answer = await api.get("/v1/figures", params=asked, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.text))
    figure = await one(api, "happy_index", "u")
    assert (row["rounded"], row["n"], row["from"]) == ("78", "219", "2017-01-01")
    assert float(row["value"]) == figure["value"]
    assert row["flags"] == "self_selected"


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"metric": None}, 400),
        ({"entity": None}, 400),
        ({"from": None}, 400),
        ({"to": None}, 400),
        ({"from": "2017-13-01"}, 400),
        ({"from": "0001-01-01"}, 400),
        ({"to": "9999-12-31"}, 400),
        ({"from": "2018-01-01"}, 400),
        ({"grain": "decade"}, 400),
        ({"limit": "10001"}, 400),
        ({"cursor": "bm90IGEgY3Vyc29y"}, 400),
        ({"entity": "u\x00"}, 422),
        ({"grain": "day", "change": "year"}, 400),
        ({"grain": "day", "from": "1900-01-01", "entity": ["a", "b", "c"]}, 422),
    ],
)
async def test_wrong_question_is_answered_clearly(
    api: httpx.AsyncClient, wrong: dict[str, Any], status: int
) -> None:
    asked = {"metric": "press_count", "entity": "u", **YEAR, **wrong}
    answer = await api.get(
        "/v1/figures", params={name: value for name, value in asked.items() if value is not None}
    )
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
