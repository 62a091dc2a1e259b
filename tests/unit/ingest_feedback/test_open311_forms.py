"""GeoReport's answers are read as its documents record them, and as servers send them."""

from pathlib import Path
from typing import Any, Literal

import pytest

from ingest_feedback.open311_client.forms import BOM, read, rows, text
from kokemus.errors import Unavailable

RECORDED = Path(__file__).parents[2] / "support" / "georeport"
FORMS: tuple[Literal["json", "xml"], ...] = ("json", "xml")


def recorded(name: str, form: str) -> bytes:
    return (RECORDED / f"{name}.{form}").read_bytes()


def as_texts(value: Any) -> Any:
    """A document without the types that only JSON has."""
    match value:
        case dict():
            return {name: as_texts(inner) for name, inner in value.items()}
        case list():
            return [as_texts(inner) for inner in value]
        case bool():
            return str(value).lower()
        case None:
            return None
        case _:
            return str(value).strip()


@pytest.mark.parametrize(
    "name", ["services", "service_definition", "posted", "token", "requests", "request"]
)
def test_both_recorded_forms_of_an_answer_are_read_as_the_same(name: str) -> None:
    found = [as_texts(read(recorded(name, form), form)) for form in FORMS]
    assert found[0] == found[1]
    assert found[0]


@pytest.mark.parametrize("form", FORMS)
def test_every_field_of_the_recorded_requests_is_read(form: Literal["json", "xml"]) -> None:
    first, second = rows(recorded("requests", form), form)
    told = {
        "service_request_id": "638344",
        "status": "closed",
        "status_notes": "Invented note.",
        "service_name": "Invented service",
        "service_code": "006",
        "description": "",
        "agency_responsible": "",
        "service_notice": "",
        "requested_datetime": "2010-04-14T06:37:38-08:00",
        "updated_datetime": "2010-04-14T06:37:38-08:00",
        "expected_datetime": "2010-04-15T06:37:38-08:00",
        "address": "Invented crossing",
        "address_id": "545483",
        "zipcode": "94122",
        "lat": "37.762221815",
        "long": "-122.4651145",
        "media_url": "http://city.example/media/638344.jpg",
    }
    assert {name: text(first, name) for name in first} == told
    assert (text(second, "service_request_id"), text(second, "status_notes")) == ("638349", "")


@pytest.mark.parametrize("form", FORMS)
def test_the_recorded_services_keep_the_zeros_of_their_codes(form: Literal["json", "xml"]) -> None:
    listed = rows(recorded("services", form), form)
    assert [text(row, "service_code") for row in listed] == ["001", "002", "003"]
    assert text(listed[2], "description") == 'Invented and/or "quoted": 007, 08'


@pytest.mark.parametrize("form", FORMS)
def test_a_definition_is_read_with_its_attributes_and_their_values(
    form: Literal["json", "xml"],
) -> None:
    (attribute,) = read(recorded("service_definition", form), form)["attributes"]
    assert [text(value, "key") for value in attribute["values"]] == ["123", "124"]


@pytest.mark.parametrize("form", FORMS)
def test_recorded_errors_are_no_rows(form: Literal["json", "xml"]) -> None:
    with pytest.raises(Unavailable, match="error"):
        rows(recorded("errors", form), form)


def test_the_citys_own_recorded_request_is_read_with_what_extends_it() -> None:
    (row,) = rows(BOM + recorded("helsinki_request", "json"), "json")
    assert text(row, "detailed_status") == "PROCESSED"
    assert text(row, "lat") == "60.21263634325148"


@pytest.mark.parametrize(
    ("value", "read_as"),
    [(None, ""), ([], ""), ({}, ""), (" a ", "a"), (638344, "638344"), (0, "0"), (60.5, "60.5")],
)
def test_a_field_is_text_whatever_it_was(value: Any, read_as: str) -> None:
    assert text({"field": value}, "field") == read_as
    assert text({"extended_attributes": {"field": value}}, "field") == read_as


@pytest.mark.parametrize(
    ("body", "form"),
    [
        (b"", "json"),
        (b"<html>busy</html>", "json"),
        (b'{"service_requests": []}', "json"),
        (b'"text"', "json"),
        (b"\xff\xfe[]", "json"),
        (b"[" * 100_000, "json"),
        pytest.param(
            b'[{"text": "' + rb"\"" * 200_000, "json", marks=pytest.mark.timeout(20), id="no end"
        ),
        (b"[]", "xml"),
        (b"<service_requests>", "xml"),
        (b"<html><body>busy</body></html>", "xml"),
        (b'<?xml version="1.0" encoding="nonsense"?><services/>', "xml"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><services>&b;</services>', "xml"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><services>&b;</services>'.encode("utf-16"), "xml"),
    ],
)
def test_what_is_no_list_is_never_taken_for_an_empty_one(
    body: bytes, form: Literal["json", "xml"]
) -> None:
    with pytest.raises(Unavailable):
        rows(body, form)


@pytest.mark.parametrize(
    "body", [b"<service_requests/>", b'<service_requests xmlns="http://wiki.open311.org/x"/>']
)
def test_an_empty_list_is_empty(body: bytes) -> None:
    assert rows(body, "xml") == []
