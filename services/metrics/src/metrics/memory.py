"""What was counted before: the ids seen, in memory, over the logs that the database keeps of them.

Memory holds a prefix of each shard's log; a transaction that failed adds nothing to it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kokemus.contracts import events
from metrics.domain.batches import Batch, Forgotten
from metrics.domain.corrections import Standing, claims_to_know, settled
from metrics.domain.presses import Press
from metrics.domain.seen import HASH_BYTES, Hasher, SeenIds, by_shard, shard_of
from metrics.storage.counting import Chunk, CountingStore


class Sifted(NamedTuple):
    """What is new in a batch."""

    fresh: NDArray[np.bool_]
    """Which of the batch's events change something."""
    standing: dict[int, Standing]
    """How the corrections among them stand, by their index."""
    chunks: list[Chunk]
    """What the logs get, once the batch is counted."""


class Memory:
    """The ids that were seen, by topic and shard. Not for use by two threads at a time."""

    def __init__(self, store: CountingStore) -> None:
        self._store = store
        self._hasher: Hasher | None = None
        self._seen = SeenIds()
        self._newest: dict[tuple[str, int], Chunk] = {}
        self._sure: set[tuple[str, int]] = set()

    def __len__(self) -> int:
        return len(self._seen)

    def doubt(self) -> None:
        """The logs may have grown, or been restored: they are looked at before their next use."""
        self._sure.clear()

    def drop(self) -> None:
        """Forgets every id; what is needed is read anew."""
        self._seen.clear()
        self._newest.clear()
        self._sure.clear()

    def keep(self, chunks: Sequence[Chunk]) -> None:
        """Takes over what is committed."""
        self._newest.update({(chunk.topic, chunk.shard): chunk for chunk in chunks})
        self._seen.add(b"".join(chunk.hashes for chunk in chunks))

    def sift(self, batch: Batch, wanted: NDArray[np.bool_]) -> Sifted:
        """What is new among the wanted events of a batch; nothing is kept of it yet.

        Raises:
            Unavailable: the database is away.
        """
        hasher = self._hasher = self._hasher or Hasher(self._store.hash_key())
        topic = batch.topic.name
        found: list[Press | events.Event] = [
            *batch.presses,
            *(other for other in batch.others if not isinstance(other, Forgotten)),
        ]
        shards = np.append(
            batch.columns.shard, [shard_of(event.subject) for event in found[len(batch.presses) :]]
        ).astype(np.int64)
        if not wanted.all():
            found = [event for event, keep in zip(found, wanted.tolist(), strict=True) if keep]
            shards = shards[wanted]
        hashes = hasher.hashes(topic, [event.source for event in found], [e.id for e in found])
        self._load(topic, set(np.unique(shards).tolist()))
        unseen = self._seen.unseen(hashes)
        packed = np.frombuffer(hashes, dtype="V16")[unseen]
        shards = shards[unseen]
        fresh = np.zeros(len(wanted), dtype=np.bool_)
        fresh[wanted] = unseen
        standing, claimed, claimed_shards = self._settle(batch, fresh, hasher)
        if claimed:
            packed = np.append(packed, np.frombuffer(claimed, dtype="V16"))
            shards = np.append(shards, claimed_shards)
        fresh[[index for index, one in standing.items() if one is Standing.REPEATED]] = False
        chunks = []
        for shard, part in by_shard(packed, shards).items():
            newest = self._newest.get((topic, shard))
            chunks.append(Chunk(topic, shard, newest.seq + 1 if newest else 1, part))
        return Sifted(fresh, standing, chunks)

    def _settle(
        self, batch: Batch, fresh: NDArray[np.bool_], hasher: Hasher
    ) -> tuple[dict[int, Standing], bytes, list[int]]:
        """How the fresh corrections stand, by index; the hashes that they claim, and their shards.

        Claims are kept like ids seen, in the shard of the subject, which `sift` has loaded.
        """
        pressed = len(batch.presses)
        corrections = {}
        for index in (np.flatnonzero(fresh[pressed:]) + pressed).tolist():
            record = batch.others[index - pressed]
            if isinstance(record, events.KioskMisused | events.ObservationWithdrawn):
                corrections[index] = record
        if not corrections:
            return {}, b"", []
        asked = claims_to_know(corrections.values())
        hashes = hasher.hashes(
            batch.topic.name, [claim.source for claim in asked], [claim.what for claim in asked]
        )
        unheard = self._seen.unseen(hashes).tolist()
        holding = {claim for claim, new in zip(asked, unheard, strict=True) if not new}
        of_claim = {
            claim: hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at, claim in enumerate(asked)
        }
        standing, claimed, shards = {}, [], []
        found = settled(list(corrections.values()), holding)
        for (index, record), (how, claims) in zip(corrections.items(), found, strict=True):
            standing[index] = how
            claimed += [of_claim[claim] for claim in claims]
            shards += [shard_of(record.subject)] * len(claims)
        return standing, b"".join(claimed), shards

    def _load(self, topic: str, shards: set[int]) -> None:
        """Brings memory up to what the shards' logs hold.

        Where the last entry known is not what the database has, it was restored: all is read anew.
        """
        unsure = sorted(shards - {shard for name, shard in self._sure if name == topic})
        known = {shard: self._newest.get((topic, shard)) for shard in unsure}
        after = {shard: chunk.seq if chunk else 0 for shard, chunk in known.items()}
        for shard, chunks in self._store.chunks(topic, after):
            newest = known[shard]
            if newest is not None and (not chunks or chunks.pop(0) != newest):
                self._store.forget()
                self.drop()
                self._load(topic, shards)
                return
            for chunk in chunks:
                self._seen.add(chunk.hashes)
            if chunks:
                self._newest[topic, shard] = chunks[-1]
        self._sure.update((topic, shard) for shard in unsure)
