"""The city's service map (API v2) as entities: units, and the departments above them. Pure.

Only ids, names and what belongs to what are read. Addresses, telephone numbers, e-mails, links and
whatever else an item holds are passed over by the decoder and never become objects.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, Final

import msgspec
from msgspec import Struct

from kokemus.contracts.events import EntityDefined
from kokemus_platform.registry_files import BEGINNING, Definition, Found, Refusal

_KINDS: Final = ("city", "division", "service_entity", "service")
"""Of departments, by how far they are below the city; what lies deeper is a service too."""


class _Names(Struct):
    fi: str | None = None
    sv: str | None = None
    en: str | None = None


class _Reference(Struct):
    """An item that the API was asked to include whole."""

    id: str


class _Unit(Struct):
    id: int
    name: _Names | None = None
    department: str | _Reference | None = None


class _Department(Struct):
    id: str
    name: _Names | None = None
    parent: str | _Reference | None = None


class _Page(Struct):
    """An answer of the API to a list: `next` is the address of the following page."""

    results: list[msgspec.Raw]
    count: int | None = None
    next: str | None = None


class _Id(Struct):
    id: int | str


class NoServiceMap(Exception):  # noqa: N818 - said of the file
    """The file is no answer of the service map, or says not which city it is about."""


def read(files: Iterable[bytes], root: str, known_as: Mapping[str, str]) -> Found:
    """The entities of files with units, departments or both.

    Args:
        files: JSON: a list of items, one answer of the API, or a list of answers.
        root: the entity at the top of the tree.
        known_as: departments, by uuid, that are entities of the registry already: they are not
            defined again, and what belongs to them hangs under those.

    Raises:
        NoServiceMap: the files cannot be used at all.
    """
    found = Found()
    units: dict[int, _Unit] = {}
    departments: dict[str, _Department] = {}
    try:
        for raw in chain.from_iterable(_items(content, found) for content in files):
            one = msgspec.json.decode(raw, type=_Id)
            if isinstance(one.id, int):
                units[one.id] = msgspec.json.decode(raw, type=_Unit)
            else:
                departments[one.id] = msgspec.json.decode(raw, type=_Department)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise NoServiceMap("this is no list of units or departments of the service map") from error
    entities = _Departments(departments, root, known_as)
    added = [_add_department(department, entities, found) for department in departments.values()]
    added += [_add_unit(unit, entities, found) for unit in units.values()]
    if left_out := added.count(False):
        found.notes.append(f"left out {left_out} units and departments that are not the city's")
    return found


class _Departments:
    """Which entity a department is, and how far below the city."""

    def __init__(
        self, departments: Mapping[str, _Department], root: str, known_as: Mapping[str, str]
    ) -> None:
        self._departments = departments
        self._known_as = dict(known_as)
        named = [uuid for uuid, entity in known_as.items() if entity == root]
        tops = [one.id for one in departments.values() if _id(one.parent) not in departments]
        if not named and len(tops) > 1 and not known_as:
            raise NoServiceMap(
                f"the file has {len(tops)} departments without a parent: say by --as UUID={root} "
                "which of them is the city"
            )
        self.city = named[0] if named else tops[0] if len(tops) == 1 else None
        if self.city is not None:
            self._known_as[self.city] = root

    def entity(self, uuid: str) -> str:
        """The entity that a department is."""
        return self._known_as.get(uuid, f"department-{uuid}")

    def is_known(self, uuid: str) -> bool:
        """Whether the registry has the department by another name already."""
        return uuid in self._known_as

    def depth(self, uuid: str) -> int | None:
        """How far below the city a department is; None if it is not the city's."""
        path: list[str] = []
        at: str | None = uuid
        while at is not None and at not in path:
            if at == self.city:
                return len(path)
            if at in self._known_as and not self._above(at):
                return len(path) + 1  # a division, unless the file says more
            path.append(at)
            at = self._above(at)
        return None

    def _above(self, uuid: str) -> str | None:
        department = self._departments.get(uuid)
        return None if department is None else _id(department.parent)

    def covers(self, uuid: str) -> bool:
        """Whether a unit of the department is the city's; without departments, all are."""
        return not self._departments or self.depth(uuid) is not None


def _add_department(department: _Department, entities: _Departments, found: Found) -> bool:
    """Adds a department, unless the registry has it; False where it is not the city's."""
    if entities.is_known(department.id):
        return True
    depth = entities.depth(department.id)
    if depth is None:
        return False
    parent = _id(department.parent)
    above = entities.entity(parent) if parent else None
    kind = _KINDS[min(depth, len(_KINDS) - 1)]
    _add(entities.entity(department.id), {"kind": kind}, above, department.name, found)
    return True


def _add_unit(unit: _Unit, entities: _Departments, found: Found) -> bool:
    """Adds a unit; False where it is not the city's."""
    department = _id(unit.department)
    if department is None or not entities.covers(department):
        return False
    data = {"kind": "unit", "service_map_id": unit.id}
    _add(f"unit-{unit.id}", data, entities.entity(department), unit.name, found)
    return True


def _add(
    entity: str, data: dict[str, Any], parent: str | None, names: _Names | None, found: Found
) -> None:
    if names is None or not (names.fi or "").strip():
        found.refused.append(Refusal(entity, "has no name in Finnish"))
        return
    texts = {language: text.strip() for language, text in _texts(names) if text and text.strip()}
    validity = {"parent": parent, "names": texts, "valid_from": BEGINNING, "valid_to": None}
    found.definitions.append(
        Definition(None, EntityDefined, entity, {**data, "validities": [validity]}, dated=False)
    )


def _texts(names: _Names) -> Iterator[tuple[str, str | None]]:
    yield from (("fi", names.fi), ("sv", names.sv), ("en", names.en))


def _id(reference: str | _Reference | None) -> str | None:
    return reference.id if isinstance(reference, _Reference) else reference


def _items(content: bytes, found: Found) -> Iterator[bytes]:
    whole = msgspec.json.decode(content, type=_Page | list[msgspec.Raw])
    pages = [whole] if isinstance(whole, _Page) else []
    for raw in [] if isinstance(whole, _Page) else whole:
        try:
            pages.append(msgspec.json.decode(raw, type=_Page))
        except msgspec.ValidationError:
            yield bytes(raw)
    for page in pages:
        yield from map(bytes, page.results)
    if pages and pages[-1].next is not None:
        held = sum(len(page.results) for page in pages)
        found.notes.append(f"the file holds {held} of {pages[-1].count} items: get the other pages")
