"""The registry out of files: tables and the city's service map, as the same events every time."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from kokemus.contracts import wire
from kokemus.contracts.events import (
    DevicePlaced,
    EntityDefined,
    EntityDefinition,
    EntityValidity,
    Event,
    QuestionDefined,
    SeriesBroken,
    Translated,
)
from kokemus.errors import Refused
from kokemus.imports import delimited, workbooks
from kokemus.imports.columns import Unmatched
from kokemus_platform import registry, registry_files, service_map
from kokemus_platform.registry_files import Definition, Found, Refusal, changed_from
from kokemus_platform.service_map import NoServiceMap
from support.tables import workbook

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CITY, DIVISION, OFFICE = "83e74666-city", "aaaa4666-division", "bbbb4666-office"


def table(text: str) -> Found:
    return registry_files.read(delimited.read(text.encode(), registry_files.known))


def events_of(found: Found) -> list[Any]:
    return list(registry_files.as_events(found.definitions, "registry", NOW))


def department(uuid: str, parent: str | None, **more: Any) -> dict[str, Any]:
    return {"id": uuid, "parent": parent, "name": {"fi": uuid, "sv": f"{uuid} sv"}, **more}


def unit(number: int, above: Any, **more: Any) -> dict[str, Any]:
    return {"id": number, "department": above, "name": {"fi": f"Toimipiste {number}"}, **more}


DEPARTMENTS = [
    department(CITY, None),
    department(DIVISION, CITY),
    department(OFFICE, DIVISION),
    department("deep", OFFICE),
    department("deeper", "deep"),
]


def mapped(*items: Any, known_as: dict[str, str] | None = None) -> Found:
    content = [json.dumps(item).encode() for item in items]
    return service_map.read(content, "helsinki", known_as or {})


def places(found: Found) -> dict[str, tuple[str, str | None]]:
    """Each entity's kind and parent."""
    return {
        one.subject: (one.data["kind"], one.data["validities"][0]["parent"])
        for one in found.definitions
    }


def test_rows_of_an_entity_are_its_whole_list_of_validities() -> None:
    found = table(
        "id;kind;parent;name_fi;name_sv;service_map_id;valid_from;valid_to\n"
        "kallio;unit;sote;Kallio;Berghäll;8000;;31.12.2019\n"
        "toolo;unit;kymp;Töölö;;;;\n"
        "kallio;unit;kymp;Kallio;Berghäll;8000;2020-01-01;\n"
    )
    kallio, toolo = events_of(found)
    assert isinstance(kallio, EntityDefined)
    assert kallio.subject == "kallio"
    assert kallio.data == EntityDefinition(
        "unit",
        [
            EntityValidity(
                "sote", Translated("Kallio", "Berghäll"), date(2000, 1, 1), date(2019, 12, 31)
            ),
            EntityValidity("kymp", Translated("Kallio", "Berghäll"), date(2020, 1, 1)),
        ],
        8000,
    )
    assert toolo.data.validities[0].names == Translated("Töölö")
    assert found.refused == []


def test_devices_questions_and_breaks_are_told_apart_by_their_columns() -> None:
    (device,) = events_of(table("source,device_id,entity,valid_from\nhon,4711,kallio,2020-01-01\n"))
    assert isinstance(device, DevicePlaced)
    assert device.subject == "device.hon.4711"
    (question,) = events_of(
        table("question_id,family,scale,wording_fi\nq1,overall,smiley4,Miten meni?\n")
    )
    assert isinstance(question, QuestionDefined)
    assert question.data.wording == Translated("Miten meni?")
    (mark,) = events_of(
        table(
            "break_id,entity,date,metric,channel,kind,what_fi\n"
            "b1,sote,1.1.2019,happy_index,kiosk,breaks,Laitteet vaihtuivat\n"
        )
    )
    assert isinstance(mark, SeriesBroken)
    assert (mark.subject, mark.data.date) == ("sote", date(2019, 1, 1))


def test_an_excel_table_gives_the_same_events() -> None:
    cells: list[list[Any]] = [
        ["subject", "kind", "parent", "names_fi", "valid_from"],
        ["kallio", "unit", "sote", "Kallio", date(2020, 1, 1)],
    ]
    in_excel = registry_files.read(workbooks.read(workbook(cells)))
    text = "subject;kind;parent;names_fi;valid_from\nkallio;unit;sote;Kallio;2020-01-01\n"
    assert events_of(in_excel) == events_of(table(text))


def test_an_entity_with_a_bad_row_is_left_out_altogether() -> None:
    found = table(
        "subject;kind;parent;names_fi;valid_from\n"
        "kallio;unit;sote;Kallio;\n"
        "toolo;unit;sote;Töölö;\n"
        "kallio;unit;kymp;Kallio;someday\n"
    )
    assert [one.subject for one in found.definitions] == ["toolo"]
    assert [one.where for one in found.refused] == ["line 4, valid_from", "line 2"]
    assert not any("someday" in one.detail for one in found.refused)


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ("a;service;;A;;;\n", "line 2, validities/0/parent"),
        ("a;city;b;A;;;\n", "line 2, validities/0/parent"),
        ("a;unit;b;A;;2020-01-02;2020-01-01\n", "line 2, validities/0/valid_to"),
        ("two words;unit;b;A;;;\n", "line 2, subject"),
        ("a;unit;b;A;;;\na;service;b;A;;2020-01-01;\n", "line 3"),
        ("a;department;b;A;;;\n", "line 2, kind"),
    ],
)
def test_what_contradicts_the_contract_is_refused_with_its_line(rows: str, where: str) -> None:
    found = table(f"subject;kind;parent;names_fi;service_map_id;valid_from;valid_to\n{rows}")
    events = events_of(found)
    refused = [one for one in (*found.refused, *events) if isinstance(one, Refusal)]
    assert [one.where for one in refused] == [where]
    assert not any(isinstance(one, Event) for one in events)


def test_a_table_of_something_else_is_refused() -> None:
    with pytest.raises(Unmatched):
        table("name;telephone\nAku;1\n")


NAMES = st.text("abcåäö ", min_size=1, max_size=10).filter(str.strip)
ENTITY_ROWS = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from(["kymp", "sote"]), NAMES),
    min_size=1,
    max_size=8,
)


@given(ENTITY_ROWS)
def test_ids_are_stable_and_change_with_the_content_or_the_time(
    rows: list[tuple[str, str, str]],
) -> None:
    text = "subject;kind;parent;names_fi\n"
    text += "".join(f"{entity};unit;{parent};{name}\n" for entity, parent, name in rows)
    first = events_of(table(text))
    assert first == events_of(table(text))
    assert {one.subject for one in first} == {entity for entity, _, _ in rows}
    assert all(wire.decode(wire.encode(one), (EntityDefined,)) == one for one in first)
    other = table(text.replace(";unit;", ";service;"))
    later = registry_files.as_events(table(text).definitions, "registry", datetime.now(UTC))
    ids = {one.id for one in first}
    assert not ids & {one.id for one in events_of(other)}
    assert not ids & {one.id for one in later if isinstance(one, Event)}


def test_departments_become_the_tree_and_units_hang_under_them() -> None:
    found = mapped(DEPARTMENTS, [unit(8000, OFFICE), unit(8001, {"id": DIVISION, "name": {}})])
    assert places(found) == {
        f"department-{DIVISION}": ("division", "helsinki"),
        f"department-{OFFICE}": ("service_entity", f"department-{DIVISION}"),
        "department-deep": ("service", f"department-{OFFICE}"),
        "department-deeper": ("service", "department-deep"),
        "unit-8000": ("unit", f"department-{OFFICE}"),
        "unit-8001": ("unit", f"department-{DIVISION}"),
    }
    events = events_of(found)
    assert [one.data.service_map_id for one in events[-2:]] == [8000, 8001]


def test_a_department_that_is_an_entity_already_is_not_defined_again() -> None:
    found = mapped(DEPARTMENTS, known_as={DIVISION: "kymp"})
    assert f"department-{DIVISION}" not in places(found)
    assert places(found)[f"department-{OFFICE}"] == ("service_entity", "kymp")


def test_other_cities_and_private_units_are_left_out() -> None:
    espoo = [department("espoo", None), department("espoo-school", "espoo")]
    items = [unit(1, "espoo-school"), unit(2, None), unit(3, OFFICE)]
    found = mapped([*DEPARTMENTS, *espoo], items, known_as={CITY: "helsinki"})
    assert {one for one in places(found) if one.startswith("unit")} == {"unit-3"}
    assert not any("espoo" in one for one in places(found))
    assert found.notes == ["left out 4 units and departments that are not the city's"]
    with pytest.raises(NoServiceMap, match="--as UUID=helsinki"):
        mapped([*DEPARTMENTS, *espoo])


def test_pages_and_lists_of_pages_are_read_and_a_missing_page_told() -> None:
    page = {"count": 2, "next": None, "previous": None, "results": [unit(1, OFFICE)]}
    more = {**page, "next": "https://example.org/?page=2"}
    assert set(places(mapped(page))) == {"unit-1"}
    assert set(places(mapped([more, {**page, "results": [unit(2, OFFICE)]}]))) == {
        "unit-1",
        "unit-2",
    }
    assert mapped(more).notes == ["the file holds 1 of 2 items: get the other pages"]


def test_nothing_but_ids_names_and_places_is_read() -> None:
    contacts = {
        "email": "aku.ankka@example.org",
        "phone": "+358 40 1234567",
        "connections": [{"contact_person": "Aku Ankka", "name": {"fi": "Aku Ankka"}}],
        "street_address": {"fi": "Paratiisitie 13"},
    }
    found = mapped(DEPARTMENTS, [unit(1, OFFICE, **contacts)])
    sent = b"".join(map(wire.encode, events_of(found))).decode()
    assert not any(word in sent for word in ("ankka", "Ankka", "1234567", "Paratiisitie"))


def test_a_unit_without_a_finnish_name_is_refused_alone() -> None:
    found = mapped([{**unit(1, OFFICE), "name": None}, unit(2, OFFICE)])
    assert set(places(found)) == {"unit-2"}
    assert found.refused == [Refusal("unit-1", "has no name in Finnish")]


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'[{"id": {}}]', b"\xff", b"[" * 5000])
def test_what_is_no_service_map_is_refused(content: bytes) -> None:
    with pytest.raises(NoServiceMap):
        service_map.read([content], "helsinki", {})


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcdef")), max_size=8))
def test_rings_of_departments_end(pairs: list[tuple[str, str]]) -> None:
    departments = [department(CITY, None), *(department(one, other) for one, other in pairs)]
    found = mapped(departments, known_as={CITY: "helsinki"})
    assert not any(one.startswith("department-") for one in places(found))


def now_under(parent: str, name: str = "Kallio") -> Definition:
    validity = {"parent": parent, "names": {"fi": name}, "valid_from": date(2000, 1, 1)}
    data = {"kind": "unit", "validities": [{**validity, "valid_to": None}]}
    return Definition(None, EntityDefined, "kallio", data, dated=False)


def known(*validities: tuple[str, date, date | None]) -> EntityDefinition:
    return EntityDefinition(
        "unit",
        [
            EntityValidity(parent, Translated("Kallio"), first, last)
            for parent, first, last in validities
        ],
    )


def test_a_change_from_a_day_on_keeps_what_was_known_until_the_day_before() -> None:
    before = known(("sote", date(2000, 1, 1), None))
    changed = changed_from(now_under("kymp"), date(2026, 11, 1), before)
    assert changed is not None
    assert msgspec.convert(changed.data, EntityDefinition) == known(
        ("sote", date(2000, 1, 1), date(2026, 10, 31)), ("kymp", date(2026, 11, 1), None)
    )


def test_a_change_imported_again_is_no_change() -> None:
    before = known(("sote", date(2000, 1, 1), None))
    first = changed_from(now_under("kymp"), date(2026, 11, 1), before)
    assert first is not None
    after = msgspec.convert(first.data, EntityDefinition)
    assert changed_from(now_under("kymp"), date(2026, 11, 1), after) is None
    assert changed_from(now_under("kymp"), date(2026, 12, 1), after) is None
    assert changed_from(now_under("sote"), date(2026, 11, 1), before) is None


def test_an_entity_that_nobody_knew_holds_from_that_day() -> None:
    changed = changed_from(now_under("kymp"), date(2026, 11, 1), None)
    assert changed is not None
    whole = msgspec.convert(changed.data, EntityDefinition)
    assert whole == known(("kymp", date(2026, 11, 1), None))


def test_a_later_change_is_not_lost_to_an_earlier_one() -> None:
    before = known(("sote", date(2000, 1, 1), date(2027, 1, 1)), ("kymp", date(2027, 1, 2), None))
    with pytest.raises(Refused, match="2026-11-01"):
        changed_from(now_under("kasko"), date(2026, 11, 1), before)


@pytest.fixture
def services() -> Iterator[respx.MockRouter]:
    """ingest-kiosk and metrics, as far as an import knows them."""
    with respx.mock(assert_all_called=False) as router:
        router.get("http://metrics.test/v1/entities").respond(
            json={
                "entities": [
                    {
                        "id": "kallio",
                        "kind": "unit",
                        "service_map_id": None,
                        "validities": [
                            {
                                "parent": "sote",
                                "names": {"fi": "Kallio", "sv": None, "en": None},
                                "valid_from": "2000-01-01",
                                "valid_to": None,
                            }
                        ],
                    }
                ],
                "next": None,
            }
        )
        router.post("http://ingest.test/v1/events", name="ingest").mock(
            side_effect=lambda request: httpx.Response(
                202, json={"accepted": len(request.content.splitlines()), "rejected": []}
            )
        )
        yield router


def run(tmp_path: Path, *arguments: str) -> tuple[int, str]:
    key = tmp_path / "key"
    key.write_text("kok_x\n")
    where = ["--url", "http://ingest.test", "--metrics-url", "http://metrics.test"]
    result = CliRunner().invoke(
        registry.commands, ["import", *arguments, *where, "--key-file", str(key)]
    )
    return result.exit_code, result.output


def sent(services: respx.MockRouter) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for call in services["ingest"].calls
        for line in call.request.content.splitlines()
    ]


def test_a_move_is_told_with_its_history_as_of_the_files_time(
    tmp_path: Path, services: respx.MockRouter
) -> None:
    file = tmp_path / "moved.csv"
    file.write_text("subject;kind;parent;names_fi\nkallio;unit;kymp;Kallio\n")
    os.utime(file, (NOW.timestamp(), NOW.timestamp()))
    assert run(tmp_path, str(file), "--valid-from", "2026-11-01")[0] == 0
    (event,) = sent(services)
    assert [one["parent"] for one in event["data"]["validities"]] == ["sote", "kymp"]
    assert datetime.fromisoformat(event["time"]) == NOW


def test_a_preview_counts_and_sends_nothing(tmp_path: Path, services: respx.MockRouter) -> None:
    file = tmp_path / "new.csv"
    file.write_text("subject;kind;parent;names_fi\na;unit;kymp;A\nb;unit;;B\n")
    code, output = run(tmp_path, str(file), "--dry-run")
    assert code == 1
    assert "entity.defined.v1: 1" in output
    assert "refused: line 3, validities/0/parent: every entity but the city has a parent" in output
    assert not sent(services)


def test_what_the_service_refuses_is_told(tmp_path: Path, services: respx.MockRouter) -> None:
    services["ingest"].mock(
        return_value=httpx.Response(
            403,
            json={
                "title": "Forbidden",
                "rejected": [
                    {"index": 0, "id": "x", "detail": "this key may not", "pointer": "/type"}
                ],
            },
        )
    )
    file = tmp_path / "new.csv"
    file.write_text("subject;kind;parent;names_fi\na;unit;kymp;A\n")
    code, output = run(tmp_path, str(file))
    assert code == 1
    assert "refused: a, /type: this key may not" in output
    assert "0 definitions sent, 1 refused" in output


def test_a_key_that_is_no_good_ends_the_import(tmp_path: Path, services: respx.MockRouter) -> None:
    services["ingest"].mock(return_value=httpx.Response(401, text="who?"))
    file = tmp_path / "new.csv"
    file.write_text("subject;kind;parent;names_fi\na;unit;kymp;A\n")
    code, output = run(tmp_path, str(file))
    assert code == 1
    assert "401" in output


@pytest.mark.parametrize("name", ["tree.pdf", "tree.json", "tree.xlsx", "tree.csv"])
def test_a_file_that_is_none_of_ours_ends_with_one_line(tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(b"%PDF-1.7\n")
    code, output = run(tmp_path, str(file), "--dry-run")
    assert code == 1
    assert output.startswith("registry: ")
    assert len(output.splitlines()) == 1
