"""Ids seen before: exact, in memory, 16 bytes an id.

Identity is (topic, source, id), hashed to 128 bits by BLAKE2b under a secret key, so that no sender
can make two ids collide. Every comparison is over all 128 bits. Ids are grouped in shards by their
subject; the database keeps each shard as a log of chunks, and memory mirrors a prefix of that log.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

SHARDS: Final = 64
"""Shards of a topic. Where its partition count divides 64, one consumer owns a shard."""

HASH_BYTES: Final = 16

_MERGE_LIMIT: Final = 4_000_000
"""Runs above this many ids are not merged, which bounds the memory that a merge takes to 128 MB."""

_SMALLEST_FILTER: Final = 1 << 20

Words = NDArray[np.uint64]


def shard_of(subject: str) -> int:
    """The shard of a subject: Kafka's murmur2 of its UTF-8 bytes, positive, modulo 64."""
    return (murmur2(subject.encode()) & 0x7FFFFFFF) % SHARDS


def murmur2(data: bytes) -> int:
    """MurmurHash2 with the seed of Kafka's default partitioner, as an unsigned 32-bit number.

    Source: org.apache.kafka.common.utils.Utils.murmur2.
    """
    factor = 0x5BD1E995
    mask = 0xFFFFFFFF
    length = len(data)
    h = 0x9747B28C ^ length
    whole = length & ~3
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * factor & mask
        k = (k ^ (k >> 24)) * factor & mask
        h = (h * factor & mask) ^ k
    if tail := data[whole:]:
        h = (h ^ int.from_bytes(tail, "little")) * factor & mask
    h = (h ^ (h >> 13)) * factor & mask
    return h ^ (h >> 15)


class Hasher:
    """Hashes identities; one state a source is kept and copied, which halves the cost."""

    def __init__(self, key: bytes) -> None:
        """Takes the secret key, at most 64 bytes."""
        self._key = key
        self._states: dict[tuple[str, str], hashlib.blake2b] = {}

    def hashes(self, topic: str, sources: Iterable[str], ids: Iterable[str]) -> bytes:
        """The 16-byte hashes of (topic, source, id), one after the other."""
        states = self._states
        found = []
        for source, identity in zip(sources, ids, strict=True):
            state = states.get((topic, source))
            if state is None:
                state = self._state(topic, source)
            state = state.copy()
            state.update(identity.encode())
            found.append(state.digest())
        return b"".join(found)

    def _state(self, topic: str, source: str) -> hashlib.blake2b:
        # Neither a topic nor a source holds a NUL, so no two pairs have the same bytes.
        state = hashlib.blake2b(
            f"{topic}\0{source}\0".encode(), digest_size=HASH_BYTES, key=self._key
        )
        if len(self._states) < 10_000:  # a sender of endless sources must not fill the memory
            self._states[topic, source] = state
        return state


class Run:
    """Ids in order: `high` sorted, `low` beside it."""

    __slots__ = ("high", "low")

    def __init__(self, high: Words, low: Words) -> None:
        """Takes words that are sorted already."""
        self.high = high
        self.low = low

    @classmethod
    def of(cls, high: Words, low: Words) -> "Run":
        """Sorts words into a run."""
        order = np.argsort(high, kind="stable")
        return cls(high[order], low[order])

    def __len__(self) -> int:
        return len(self.high)

    def merged(self, other: "Run") -> "Run":
        """This run with a smaller one."""
        at = np.searchsorted(self.high, other.high)
        return Run(np.insert(self.high, at, other.high), np.insert(self.low, at, other.low))

    def holds(self, high: Words, low: Words) -> NDArray[np.bool_]:
        """Which of the words are in the run."""
        at = np.searchsorted(self.high, high)
        at[at == len(self.high)] = 0
        same = self.high[at] == high
        found: NDArray[np.bool_] = same & (self.low[at] == low)
        for index in np.flatnonzero(same & ~found):  # two ids share 64 bits: look at all of them
            end = np.searchsorted(self.high, high[index], side="right")
            found[index] = bool((self.low[at[index] : end] == low[index]).any())
        return found


class SeenIds:
    """The set of hashes seen, as sorted runs behind a bitmap that answers most questions with no.

    Memory: 16 bytes an id and one to two for the bitmap.
    """

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self._size = 0
        self._filter = np.zeros(_SMALLEST_FILTER // 8, dtype=np.uint8)
        self._shift = np.uint64(64 - 20)

    def __len__(self) -> int:
        return self._size

    def unseen(self, hashes: bytes) -> NDArray[np.bool_]:
        """Which hashes are neither in the set nor earlier in the same batch.

        Args:
            hashes: n times 16 bytes.

        Returns:
            n truths; of equal hashes only the first can be unseen.
        """
        high, low = words(hashes)
        order = np.argsort(high)
        fresh = np.ones(len(order), dtype=np.bool_)
        if (high[order[1:]] == high[order[:-1]]).any():
            order = np.lexsort((low, high))  # stable, so that the first of equal ones stays first
            fresh[1:] = (np.diff(high[order]) != 0) | (np.diff(low[order]) != 0)
        high, low = high[order], low[order]
        slots = high >> self._shift
        bits = self._filter[slots >> np.uint64(3)] >> (slots & np.uint64(7)).astype(np.uint8)
        maybe = np.flatnonzero(bits & np.uint8(1))
        if len(maybe):
            suspects_high, suspects_low = high[maybe], low[maybe]
            seen = np.zeros(len(maybe), dtype=np.bool_)
            for run in self._runs:
                seen |= run.holds(suspects_high, suspects_low)
            fresh[maybe[seen]] = False
        result = np.empty(len(order), dtype=np.bool_)
        result[order] = fresh
        return result

    def add(self, hashes: bytes) -> None:
        """Adds hashes that are not in the set yet."""
        if not hashes:
            return
        high, low = words(hashes)
        run = Run.of(high, low)
        self._size += len(run)
        if self._size > len(self._filter):  # over one bit in eight would be set
            self._grow(run)
        else:
            self._mark(run)
        while (
            self._runs
            and len(self._runs[-1]) <= 2 * len(run)
            and len(self._runs[-1]) + len(run) <= _MERGE_LIMIT
        ):
            run = self._runs.pop().merged(run)
        self._runs.append(run)

    def clear(self) -> None:
        """Forgets all, for whenever memory may be ahead of the database."""
        self.__init__()  # type: ignore[misc]  # starting anew is exactly what is meant

    def _mark(self, run: Run) -> None:
        slots = run.high >> self._shift
        np.bitwise_or.at(
            self._filter,
            slots >> np.uint64(3),
            np.uint8(1) << (slots & np.uint64(7)).astype(np.uint8),
        )

    def _grow(self, run: Run) -> None:
        bits = _SMALLEST_FILTER
        while bits < 16 * self._size:
            bits *= 2
        self._filter = np.zeros(bits // 8, dtype=np.uint8)
        self._shift = np.uint64(64 - bits.bit_length() + 1)
        for each in (*self._runs, run):
            self._mark(each)


def words(hashes: bytes) -> tuple[Words, Words]:
    """Packed 16-byte hashes as their high and low 64-bit words."""
    pairs = np.frombuffer(hashes, dtype="<u8").reshape(-1, 2)
    return np.ascontiguousarray(pairs[:, 0]), np.ascontiguousarray(pairs[:, 1])


def by_shard(packed: NDArray[np.void], shards: NDArray[np.int64]) -> dict[int, bytes]:
    """Hashes (16 bytes an item) grouped by shard, in ascending order of shards."""
    if not len(packed):
        return {}
    order = np.argsort(shards, kind="stable")
    present, starts = np.unique(shards[order], return_index=True)
    parts = np.split(packed[order], starts[1:])
    return {int(shard): part.tobytes() for shard, part in zip(present, parts, strict=True)}
