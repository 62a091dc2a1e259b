"""Drafts the release of a week, and writes the weekly mail from the published one."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import partial
from typing import Final

from msgspec.structs import replace

from reporting.correspondence import Correspondence
from reporting.domain.drafting import Tree
from reporting.domain.letter_wording import weekly
from reporting.domain.notes import for_week
from reporting.domain.people import Role
from reporting.domain.releases import Step, Text, parse
from reporting.domain.review import findings
from reporting.domain.weekly_drafting import KINDS, METRICS, draft_week, weeks
from reporting.metrics_client import MetricsClient
from reporting.storage.mail import Key
from reporting.storage.notes import NoteStore
from reporting.storage.releases import ReleaseStore

READERS: Final[frozenset[Role]] = frozenset({"unit_manager"})


class WeeklyEditor:
    """Drafts and checks releases of kind `internal-weekly`; people approve them."""

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

    async def draft(self, span: tuple[date, date], by: str, now: datetime) -> str:
        """Makes a draft of a week, Monday to Sunday, from the live figures; returns its id.

        Raises:
            Unavailable: the metrics API cannot be read.
            StepRefusedError: exactly this content has been published already.
        """
        tree = Tree(await self._metrics.entities(), ())
        ids = [one.id for one in tree.entities if one.kind in KINDS]
        live = await self._metrics.figures(METRICS, ids, weeks(span), "week", change="previous")
        texts = {**self._glossary, **(await self._metrics.catalogue()).texts()}
        content = draft_week(live, tree, texts, span, now.date())
        kept = [one.note for one in await self._notes.notes(ids)]
        content = replace(content, notes=for_week(kept, weeks(span), ids))
        id_ = await self._store.keep_draft(content, by, now)
        release = await self._store.release(id_)
        if release and release.state == "draft" and not findings(content):
            await self._store.take_step(id_, Step("checked", by, now))
        return id_


class WeeklyMail:
    """Writes to each unit's manager from the week's published release, once."""

    def __init__(self, store: ReleaseStore, correspondence: Correspondence) -> None:
        self._store = store
        self._correspondence = correspondence

    async def write(self) -> None:
        """Puts the mails of the current release on their way; idempotent."""
        release = await self._store.current("internal-weekly")
        body = await self._store.body(release.hash) if release else None
        if release is None or body is None:
            return
        content = parse(body)
        year, week, _ = content.period_start.isocalendar()
        for person in self._correspondence.readers(READERS):
            await self._correspondence.write(
                Key(person.user, "weekly", f"{year}-W{week:02}"),
                partial(weekly, content, tuple(person.entities or ())),
                release.id,
            )
