"""Which services a sender can choose from, and what each of them asks: pure data."""

from functools import cache
from importlib import resources
from typing import Any, Final

import msgspec

from kokemus.contracts.events import FeedbackKind

LANGUAGES: Final = ("fi", "sv", "en", "other")


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `service_code` is a kind of feedback."""

    code: FeedbackKind
    name: str
    description: str


@cache
def services() -> dict[str, Service]:
    """Every service by its code, in the order in which they are listed."""
    raw = (resources.files(__package__) / "services.yaml").read_bytes()
    return {one.code: one for one in msgspec.yaml.decode(raw, type=list[Service])}


def listed(service: Service) -> dict[str, Any]:
    """A service as GeoReport lists it."""
    return {
        "service_code": service.code,
        "service_name": service.name,
        "description": service.description,
        "metadata": "true",
        "type": "realtime",
        "keywords": "",
        "group": "palaute",
    }


def definition(service: Service) -> dict[str, Any]:
    """What a service asks besides, as GeoReport defines it."""
    attributes = [
        ("entity", "string", "Mistä palvelusta, toimipisteestä tai toimialasta", ()),
        ("answer_requested", "singlevaluelist", "Pyydetäänkö vastausta", ("true", "false")),
        ("language", "singlevaluelist", "Millä kielellä", LANGUAGES),
        ("reference", "string", "Lähettävän järjestelmän oma tunniste ilman henkilötietoja", ()),
    ]
    return {
        "service_code": service.code,
        "attributes": [
            {
                "variable": "true",
                "code": code,
                "datatype": datatype,
                "required": "false",
                "datatype_description": "",
                "order": str(order),
                "description": description,
                "values": [{"key": value, "name": value} for value in values],
            }
            for order, (code, datatype, description, values) in enumerate(attributes, 1)
        ],
    }
