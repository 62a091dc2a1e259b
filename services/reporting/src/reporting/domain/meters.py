"""The meters of the strategy: their texts, and the steps of their yearly round."""

from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Final, Literal, get_args

import msgspec

from reporting.domain.releases import Text

MeterCode = Literal["participation", "experience"]
StageCode = Literal["slides", "management_group", "list_texts", "ready", "city_board"]
Field = Literal["type", "baseline", "target", "frequency", "groups", "cost", "list_text"]
METERS: Final[tuple[MeterCode, ...]] = get_args(MeterCode)
FIELDS: Final[tuple[Field, ...]] = get_args(Field)
"""What a meter's page says beside its figures, in the order of the page."""


class Meter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A meter with the texts that it has until somebody writes a year's own."""

    code: MeterCode
    name: Text
    texts: dict[Field, Text]


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step of the round, and the day of the year by which it usually is taken, if any."""

    code: StageCode
    month: int | None = None
    day: int | None = None


class MeterTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `data/meters.yaml` holds."""

    stages: list[Stage]
    meters: list[Meter]


@cache
def meter_table() -> MeterTable:
    """The meters and stages of this version of the service."""
    raw = resources.files("reporting") / "data" / "meters.yaml"
    return msgspec.yaml.decode(raw.read_bytes(), type=MeterTable)


def meter_texts(written: Mapping[tuple[MeterCode, Field], Text]) -> dict[str, Text]:
    """Every text of the meters by the code under which a release freezes it.

    Args:
        written: a year's own texts; the others are those of the table.
    """
    found = {}
    for meter in meter_table().meters:
        found[code_of(meter.code)] = meter.name
        for field, text in meter.texts.items():
            found[code_of(meter.code, field)] = written.get((meter.code, field), text)
    return found


def version_of(written: Mapping[tuple[MeterCode, Field], Text], meter: MeterCode) -> str:
    """Names the texts that somebody wrote of a meter: others have another name."""
    own = [(field, written[meter, field]) for field in FIELDS if (meter, field) in written]
    return sha256(msgspec.json.encode(own)).hexdigest()[:16]


def code_of(meter: MeterCode, field: Field | None = None) -> str:
    """Under which code a release holds a text of a meter; without a field, its name."""
    return f"meter.{meter}.{field or 'name'}"


def known(texts: Mapping[str, Text]) -> Sequence[MeterCode]:
    """The meters that a release tells of."""
    return [one for one in METERS if code_of(one) in texts]
