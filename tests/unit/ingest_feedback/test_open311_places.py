"""Where a system's own ids stand in the city's tree."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_feedback.open311_client import places
from ingest_feedback.open311_client.places import Known, Line, Places

HELSINKI = ZoneInfo("Europe/Helsinki")

TABLE = """id,parent,entity,kind,changed,name
agency/Rakennusvirasto,,kymp,,,
agency/Kadut,agency/Rakennusvirasto,,,2026-03-01,
unit/10844,office/7,,,,a toilet
office/7,office/1,,,2026-02-01,
office/1,,kuva,,2026-01-05,
service/171,,,vikailmoitus,,Potholes
service/172,service/171,kymp,,,
"""


def table(tmp_path: Path, content: str) -> Places:
    file = tmp_path / "places.csv"
    file.write_text(content, "utf-8")
    return places.read(file, HELSINKI)


def end(month: int, day: int) -> datetime:
    return datetime(2026, month, day, 23, 59, 59, tzinfo=HELSINKI)


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_an_id_without_an_entity_has_that_of_its_nearest_ancestor(
    tmp_path: Path, separator: str, mark: str
) -> None:
    known = table(tmp_path, mark + TABLE.replace(",", separator))
    assert known.entity("agency/Rakennusvirasto") == Known("kymp")
    assert known.entity("agency/Kadut") == Known("kymp", end(3, 1))
    assert known.entity("unit/10844") == Known("kuva", end(2, 1))
    assert known.kind("service/172") == Known("vikailmoitus")
    assert known.entity("service/171") is None
    assert known.entity("unit/1") is None
    assert known.entity("") is None


def test_without_a_file_nothing_is_known() -> None:
    assert places.read(None, HELSINKI).entity("service/171") is None


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id,kind\na,moite\n", "no column entity"),
        ("id,entity\na,Testinen Esimerkki\n", "line 2: must start with a letter"),
        ("id,entity\na,010190-123A\n", "line 2: must not hold a personal identity code"),
        ("id,entity,kind\na,b,Testinen\n", "line 2: kind is one of"),
        ("id,entity,changed\na,b,\nc,d,Testinen\n", "line 3: changed is a day"),
        ("id,entity\na,b\na,c\n", "line 3: an id has one line"),
        ("id,entity,parent\na,b,Testinen\n", "line 2: a parent has no line"),
        ("id,entity,parent\na,,b\nb,,a\n", "line 2: is its own ancestor"),
        ("id,entity,parent\na,,\nb,,b\n", "line 3: is its own ancestor"),
    ],
)
def test_a_wrong_line_is_named_and_never_what_it_holds(
    tmp_path: Path, content: str, why: str
) -> None:
    with pytest.raises(ValueError, match="places") as error:
        table(tmp_path, content)
    assert why in str(error.value)
    assert "Testinen" not in str(error.value)
    assert "010190" not in str(error.value)


@given(parents=st.lists(st.integers(-3, 30), max_size=30), named=st.sets(st.integers(0, 30)))
def test_climbing_ends_at_the_first_ancestor_with_an_entity(
    parents: list[int], named: set[int]
) -> None:
    above = {own: parent for own, parent in enumerate(parents) if parent < own}
    known = Places(
        {
            f"{own}": Line(
                f"{parent}" if parent >= 0 else "",
                f"entity-{own}" if own in named else "",
                "",
                None,
            )
            for own, parent in above.items()
        }
    )

    def nearest(own: int) -> str | None:
        if own not in above:
            return None
        return f"entity-{own}" if own in named else nearest(above[own])

    for own in range(31):
        found = known.entity(f"{own}")
        assert (found and found.value) == nearest(own)
