"""What the services tell of themselves: polls of sources, changed figures, releases."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta

from kokemus.contracts.events.envelope import (
    TYPE_PREFIX,
    Count,
    Data,
    Event,
    Identifier,
    Instant,
)


class Poll(Data, frozen=True, gc=False):
    """What the last poll of a source read, and where the next one starts."""

    source: Identifier
    window_from: Instant
    window_to: Instant
    read: Count
    sent: Count
    dropped: Count = 0
    error: Annotated[str, Meta(max_length=200)] | None = None
    next: Annotated[str, Meta(max_length=2000)] | None = None


class SourcePolled(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "source.polled.v1"
):
    """A source was polled; the newest one is the poller's place. The subject is the source."""

    data: Poll


class Change(Data, frozen=True, gc=False):
    """A hint without values: figures of the subject changed for these local days."""

    metrics: Annotated[list[Identifier], Meta(min_length=1)]
    period_start: date
    period_end: date
    watermark: Instant


class MetricsChanged(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "metrics.changed.v1"
):
    """Figures changed for an entity (the subject)."""

    data: Change


class Publication(Data, frozen=True, gc=False):
    """A frozen release: its content hash and where its bytes are served."""

    release_id: Identifier
    kind: Literal["public-monthly", "internal-weekly", "round-yearly"]
    period_start: date
    period_end: date
    hash: Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}$")]
    url: Annotated[str, Meta(max_length=500)]
    state: Literal["published", "superseded", "withdrawn"] = "published"


class ReleasePublished(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "release.published.v1"
):
    """A release was published, superseded or withdrawn. The subject is the release id."""

    data: Publication
