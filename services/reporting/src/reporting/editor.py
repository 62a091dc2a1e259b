"""Takes releases through their steps, and keeps the releases topic in step with what is kept.

Bytes are stored before anything is announced. Announcing compares the topic with the store, so a
lost message, a broker that forgot everything and a restart are all mended the same way.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol

import msgspec
import structlog

from kokemus.contracts.events import Event, Publication, ReleasePublished
from kokemus.errors import Unavailable
from kokemus.publishing import Publisher
from reporting.disclosure.judging import judge
from reporting.disclosure.publishing import Protected, TableReport, protect
from reporting.disclosure.summing import Inconsistent
from reporting.domain.drafting import UPPER, Tree, draft
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
    canonical,
    parse,
)
from reporting.domain.review import Finding, findings
from reporting.domain.round_drafting import ROUND_METRICS, draft_round, round_span
from reporting.draft_reading import DraftReading
from reporting.metrics_client import MetricsClient
from reporting.storage.notes import NoteStore
from reporting.storage.releases import ReleaseStore

SOURCE: Final = "reporting"
ECHO_SECONDS: Final = 15.0
"""How long an announcement may take to come back from the topic before it is made again."""
ATTEMPTS: Final = 5
"""How often figures are read that change meanwhile."""
RECONCILER: Final = "system:reconciled"

_log = structlog.get_logger()


class Review(NamedTuple):
    """What the approver judges by.

    Attributes:
        content: what the release holds; None once it is withdrawn.
        report: what is hidden in it, table by table.
        current: what is published of its kind now, unless it is this one.
        before: its content.
        findings: what keeps the release from being approved.
    """

    content: Content | None
    report: list[TableReport]
    current: Release | None
    before: Content | None
    findings: list[Finding]


class Editor:
    """Drafts, checks, approves, publishes and withdraws."""

    def __init__(
        self,
        store: ReleaseStore,
        metrics: MetricsClient,
        glossary: Mapping[str, Text],
        notes: NoteStore,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._glossary = glossary
        self._notes = notes

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
        reading = DraftReading(self._metrics, span)
        tree = await reading.tree()
        answers = await reading.answers()
        protected = await self._protected(reading, tree, span)
        texts = {**self._glossary, **(await self._metrics.catalogue()).texts()}
        content = draft(
            [*answers, *await reading.own_doing()],
            tree,
            texts,
            span,
            now.date(),
            protected=protected.figures,
        )
        notes = await self._notes.notes_for_release(span, [one.id for one in content.entities])
        content = msgspec.structs.replace(content, notes=notes, correction=correction)
        before = await self._store.body(current.hash) if current else None
        together = [one for one in (before, canonical(content)) if one is not None]
        kept = [*await self._store.kept(), *protected.kept]
        judged = await asyncio.to_thread(judge, together, kept, tree.entities)
        protected = protected._replace(report=[*protected.report, judged])
        return await self.keep(content, by, now, protected)

    async def round_content(
        self,
        year: int,
        written: Mapping[tuple[MeterCode, Field], Text],
        now: datetime,
        correction: Text | None = None,
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
        content = draft_round(live, tree, texts, year, as_of=now.date(), written=written)
        return msgspec.structs.replace(content, correction=correction)

    async def keep(
        self, content: Content, by: str, now: datetime, protected: Protected | None = None
    ) -> str:
        """Keeps a draft and checks it; returns its id.

        Raises:
            StepRefusedError: exactly this content has been published already.
        """
        id_ = await self._store.keep_draft(content, by, now, protected)
        await self.check(id_, by, now)
        return id_

    async def check(self, id_: str, by: str, now: datetime) -> None:
        """Checks a draft, unless that is done or something is wrong with it; idempotent."""
        release = await self._store.release(id_)
        if release is None or release.state != "draft" or (await self.review(release)).findings:
            return
        with suppress(StepRefusedError):  # somebody else has checked it meanwhile
            await self._store.take_step(id_, Step("checked", by, now))

    async def _protected(
        self, reading: DraftReading, tree: Tree, span: tuple[date, date]
    ) -> Protected:
        """What may be told of persons' acts; read again while figures change meanwhile."""
        kept = await self._store.kept()
        for attempt in range(ATTEMPTS):
            acts = await reading.acts()
            try:
                return await asyncio.to_thread(protect, acts, tree.entities, span, kept)
            except Inconsistent as error:
                _log.warning("figures changed while they were read", where=str(error), at=attempt)
        raise Unavailable("the figures change too fast to be drafted from")

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
        report = await self._store.report(release.id)
        current = await self._store.current(release.kind)
        if current is None or current.id == release.id:
            found = findings(content, report) if content else []
            return Review(content, report, None, None, found)
        before = await self._content(current)
        compared = before if release.state in WAITING else None
        found = findings(content, report, compared) if content else []
        return Review(content, report, current, before, found)

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
