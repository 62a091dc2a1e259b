import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.seen import Hasher, SeenIds, by_shard, murmur2, shard_of

few_hashes = st.integers(0, 40).map(lambda n: hashlib.blake2b(bytes([n]), digest_size=16).digest())


@given(st.lists(st.lists(few_hashes, max_size=30), max_size=12))
def test_only_the_first_of_equal_ids_is_unseen_over_any_batches(batches: list[list[bytes]]) -> None:
    ids, known = SeenIds(), set[bytes]()
    for batch in batches:
        expected = []
        for one in batch:
            expected.append(one not in known)
            known.add(one)
        packed = b"".join(batch)
        found = ids.unseen(packed)
        assert found.tolist() == expected
        ids.add(np.frombuffer(packed, "V16")[found].tobytes())
    assert len(ids) == len(known)


def test_ids_that_share_their_first_64_bits_are_told_apart() -> None:
    ids = SeenIds()
    same = b"\1" * 8
    stored = [same + bytes([n]) * 8 for n in range(20)]
    ids.add(b"".join(stored))
    asked = [*stored, same + b"\xff" * 8]
    assert ids.unseen(b"".join(asked)).tolist() == [False] * 20 + [True]


def test_runs_are_merged_and_the_filter_grows_without_forgetting_anything() -> None:
    chance = np.random.default_rng(1)
    ids = SeenIds()
    batches = [chance.bytes(16 * 5_000) for _ in range(300)]
    for batch in batches:
        assert ids.unseen(batch).all()
        ids.add(batch)
    for batch in batches[::37]:
        assert not ids.unseen(batch).any()


def test_cleared_ids_are_unseen_again() -> None:
    ids = SeenIds()
    ids.add(b"x" * 16)
    ids.clear()
    assert ids.unseen(b"x" * 16).tolist() == [True]


def test_murmur2_is_kafkas() -> None:
    signed = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"abc": 479470107,
    }
    assert {key: murmur2(key) for key in signed} == {k: v % 2**32 for k, v in signed.items()}


@given(st.text(min_size=1, max_size=30))
def test_a_subject_always_has_the_same_shard_of_64(subject: str) -> None:
    assert shard_of(subject) == shard_of(subject)
    assert 0 <= shard_of(subject) < 64


def test_hashes_depend_on_key_topic_source_and_id() -> None:
    made = {
        Hasher(key).hashes(topic, [source], [identity])
        for key in (b"k", b"l")
        for topic in ("t", "u")
        for source in ("s", "ss")
        for identity in ("i", "si")
    }
    assert len(made) == 16


def test_a_hash_is_blake2b_of_the_identity_under_the_key() -> None:
    expected = hashlib.blake2b(b"t\0s\0i", digest_size=16, key=b"secret").digest()
    assert Hasher(b"secret").hashes("t", ["s"], ["i"]) == expected


def test_hashes_are_grouped_by_shard_in_their_order() -> None:
    hashes = [bytes([n]) * 16 for n in range(5)]
    grouped = by_shard(np.frombuffer(b"".join(hashes), "V16"), np.array([7, 3, 7, 3, 9]))
    assert grouped == {3: hashes[1] + hashes[3], 7: hashes[0] + hashes[2], 9: hashes[4]}
