"""Takes releases through their steps, and keeps the releases topic in step with what is kept.

Bytes are stored before anything is announced. Announcing compares the topic with the store, so a
lost message, a broker that forgot everything and a restart are all mended the same way.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol

import msgspec

from kokemus.contracts.events import Event, Publication, ReleasePublished
from kokemus.publishing import Publisher
from reporting.domain.drafting import (
    GRAINS,
    METRICS,
    NPS_SHARES,
    OWN_DOING,
    UPPER,
    Tree,
    draft,
)
from reporting.domain.live import LiveFigure
from reporting.domain.meters import Field, MeterCode
from reporting.domain.releases import (
    PUBLIC,
    WAITING,
    Content,
    Release,
    State,
    Step,
    StepRefusedError,
    Text,
    parse,
)
from reporting.domain.review import Finding, findings
from reporting.domain.round_drafting import ROUND_METRICS, draft_round, round_span
from reporting.metrics_client import MetricsClient
from reporting.storage.releases import ReleaseStore

SOURCE: Final = "reporting"
ECHO_SECONDS: Final = 15.0
"""How long an announcement may take to come back from the topic before it is made again."""
RECONCILER: Final = "system:reconciled"


class Review(NamedTuple):
    """What the approver judges by.

    Attributes:
        content: what the release holds; None once it is withdrawn.
        current: what is published of its kind now, unless it is this one.
        before: its content.
        findings: what keeps the release from being approved.
    """

    content: Content | None
    current: Release | None
    before: Content | None
    findings: list[Finding]


class Editor:
    """Drafts, checks, approves, publishes and withdraws."""

    def __init__(
        self, store: ReleaseStore, metrics: MetricsClient, glossary: Mapping[str, Text]
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._glossary = glossary

    async def draft(
        self, span: tuple[date, date], by: str, now: datetime, correction: Text | None = None
    ) -> str:
        """Makes a draft from the live figures and checks it; returns its id.

        A release takes the place of the one before, so it begins no later than that one did.

        Args:
            span: the first and the last day that it covers.
            by: who makes it.
            now: the local time; its day is the cut-off of knowledge.
            correction: why the same period is published again.

        Raises:
            Unavailable: the metrics API cannot be read.
            StepRefusedError: exactly this content has been published already.
        """
        current = await self._store.current("public-monthly")
        if current is not None:
            span = min(span[0], current.period_start), span[1]
        tree = Tree(await self._metrics.entities(), await self._metrics.breaks())
        catalogue = await self._metrics.catalogue()
        ids = [one.id for one in tree.entities]
        live = [one for grain in GRAINS for one in await self._figures(ids, span, grain)]
        upper = [one.id for one in tree.entities if one.kind in UPPER]
        years = span[0].replace(month=1, day=1), span[1]
        live += await self._metrics.figures(OWN_DOING, upper, years, "year")
        texts = {**self._glossary, **catalogue.texts()}
        content = draft(live, tree, texts, span, now.date())
        content = msgspec.structs.replace(content, correction=correction)
        return await self.keep(content, by, now)

    async def round_content(
        self, year: int, written: Mapping[tuple[MeterCode, Field], Text], now: datetime
    ) -> Content:
        """What a release of a year's round would hold now.

        Raises:
            Unavailable: the metrics API cannot be read.
        """
        tree = Tree(await self._metrics.entities(), ())
        catalogue = await self._metrics.catalogue()
        upper = [one.id for one in tree.entities if one.kind in UPPER]
        live = await self._metrics.figures(ROUND_METRICS, upper, round_span(year), "year")
        texts = {**self._glossary, **catalogue.texts()}
        return draft_round(live, tree, texts, year, as_of=now.date(), written=written)

    async def keep(self, content: Content, by: str, now: datetime) -> str:
        """Keeps a draft and checks it; returns its id.

        Raises:
            StepRefusedError: exactly this content has been published already.
        """
        id_ = await self._store.keep_draft(content, by, now)
        release = await self._store.release(id_)
        if release and release.state == "draft" and not (await self.review(release)).findings:
            await self._store.take_step(id_, Step("checked", by, now))
        return id_

    async def _figures(
        self, ids: Sequence[str], span: tuple[date, date], grain: str
    ) -> list[LiveFigure]:
        """All figures of a grain; the parts of NPS only of those that have it, which are few."""
        most = tuple(name for name in METRICS if name not in NPS_SHARES)
        found = await self._metrics.figures(most, ids, span, grain, change="year")
        heard = {one.entity for one in found if one.metric == "nps" and one.channel is not None}
        return found + await self._metrics.figures(
            NPS_SHARES, sorted(heard), span, grain, change="year"
        )

    async def step(
        self, id_: str, state: State, by: str, now: datetime, reason: str | None = None
    ) -> None:
        """Approves, publishes or withdraws a release.

        Raises:
            KeyError: no such release.
            StepRefusedError: the step may not follow, or not by this person.
        """
        if state not in {"approved", "published", "withdrawn"}:
            raise StepRefusedError("wrong_state")
        await self._store.take_step(id_, Step(state, by, now, reason))

    async def latest(self) -> Release | None:
        """The public release that was published last, whatever became of it."""
        return await self._store.latest_public("public-monthly")

    async def review(self, release: Release) -> Review:
        """A release as its approver judges it."""
        content = await self._content(release)
        current = await self._store.current(release.kind)
        if content is None or current is None or current.id == release.id:
            return Review(content, None, None, findings(content) if content else [])
        before = await self._content(current)
        waiting = release.state in WAITING
        return Review(content, current, before, findings(content, before if waiting else None))

    async def _content(self, release: Release) -> Content | None:
        body = await self._store.body(release.hash)
        return None if body is None else parse(body)


class Table(Protocol):
    """The releases topic by key (a `CompactedTopic` is one)."""

    @property
    def table(self) -> Mapping[str, Event]:
        """The newest event of each release."""

    async def read_to_end(self) -> None:
        """Waits until the topic has been read to its end."""


class Herald:
    """Keeps the releases topic in step with the store."""

    def __init__(
        self, store: ReleaseStore, topic: Table, publisher: Publisher, base_url: str
    ) -> None:
        self._store = store
        self._topic = topic
        self._publisher = publisher
        self._base_url = base_url
        self._sent: dict[tuple[str, State], float] = {}

    async def reconcile(self) -> None:
        """Announces what the topic does not say yet, and withdraws what it says is withdrawn.

        It waits until the topic has been read to its end. A store that was restored from before a
        withdrawal learns of it here.

        Raises:
            Unavailable: the brokers did not confirm; trying again is harmless.
        """
        await self._topic.read_to_end()
        for release in await self._store.releases():
            if release.state not in PUBLIC | {"withdrawn"}:
                continue
            said = self._topic.table.get(release.id)
            told = said.data.state if isinstance(said, ReleasePublished) else None
            if told == release.state:
                self._sent.pop((release.id, release.state), None)
            elif told == "withdrawn" and said is not None:
                await self._store.take_step(
                    release.id,
                    Step("withdrawn", RECONCILER, said.time, "withdrawn on the releases topic"),
                )
            else:
                await self._announce(release)

    async def _announce(self, release: Release) -> None:
        key = (release.id, release.state)
        now = asyncio.get_running_loop().time()
        if now - self._sent.get(key, -ECHO_SECONDS) < ECHO_SECONDS:
            return
        await self._publisher.publish([announcement(release, self._base_url)])
        self._sent[key] = now


def announcement(release: Release, base_url: str) -> ReleasePublished:
    """The event that says what became of a release; the same state gives the same event."""
    state = release.state
    if state not in ("published", "superseded", "withdrawn"):
        raise ValueError(state)
    return ReleasePublished(
        specversion="1.0",
        id=f"{release.id}.{state}",
        source=SOURCE,
        subject=release.id,
        time=release.steps[-1].at,
        data=Publication(
            release_id=release.id,
            kind=release.kind,
            period_start=release.period_start,
            period_end=release.period_end,
            hash=release.hash,
            url=f"{base_url}/v1/releases/{release.id}",
            state=state,
        ),
    )
