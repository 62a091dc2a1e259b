"""What an import holds of a whole table: a million rows fit beside everything else."""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus.imports.rows import Ordinals
from kokemus.imports.workbooks import Texts

MANY = 150_000


def bytes_each(add: Callable[[int], object]) -> float:
    """The most memory that is held at once while many things are added, by each of them."""
    tracemalloc.start()
    try:
        for number in range(MANY):
            add(number)
        return tracemalloc.get_traced_memory()[1] / MANY
    finally:
        tracemalloc.stop()


def digest(number: int) -> bytes:
    return blake2b(b"%d" % number, digest_size=16).digest()


@pytest.mark.parametrize("times", [1, 2], ids=["all differ", "each twice"])
def test_a_row_costs_few_bytes(times: int) -> None:
    ordinals = Ordinals()
    assert bytes_each(lambda number: ordinals.of(digest(number // times))) < 60


def test_a_shared_text_costs_little_more_than_its_letters() -> None:
    texts = Texts()
    assert bytes_each(lambda number: texts.append(f"device-{number:06}")) < 13 + 4 + 8
    assert texts[MANY - 1] == f"device-{MANY - 1:06}"


@given(st.lists(st.integers(0, 2**64 - 1).flatmap(lambda a: st.sampled_from([a, a % 7, a << 50]))))
def test_ordinals_count_from_0_whatever_was_met_between(keys: list[int]) -> None:
    ordinals, met = Ordinals(), Counter[int]()
    for key in [key % 2**64 or 1 for key in keys] * 2:
        assert ordinals.of(key.to_bytes(8) + bytes(8)) == met[key]
        met[key] += 1


def test_ordinals_stay_while_the_table_grows() -> None:
    ordinals = Ordinals()
    assert {ordinals.of(digest(number)) for number in range(5_000)} == {0}
    assert {ordinals.of(digest(number)) for number in range(5_000)} == {1}


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_shared_texts_are_had_back_by_their_number(given_texts: list[str]) -> None:
    texts = Texts()
    for text in given_texts:
        texts.append(text)
    assert [texts[number] for number in range(len(texts))] == given_texts
