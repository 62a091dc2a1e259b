"""Makes the drafts that are due by the calendar; people approve and publish them."""

from zoneinfo import ZoneInfo

import structlog

from kokemus.polling.pace import Timing
from reporting.domain.releases import StepRefusedError
from reporting.domain.schedule import due
from reporting.editor import Editor
from reporting.storage.releases import ReleaseStore
from reporting.weekly import WeeklyEditor

SCHEDULE = "system:schedule"
"""Who made such a draft, for the audit log; a person approves it."""

_log = structlog.get_logger()


class ScheduledDrafts:
    """Drafts each period once, on its working day or as soon after it as this runs."""

    def __init__(
        self,
        store: ReleaseStore,
        editor: Editor,
        weekly: WeeklyEditor,
        timing: Timing,
        zone: ZoneInfo,
    ) -> None:
        self._store = store
        self._editor = editor
        self._weekly = weekly
        self._timing = timing
        self._zone = zone

    async def make(self) -> None:
        """Checks what was left unchecked, as by one who died, and makes what is missing.

        Raises:
            Unavailable: the metrics API cannot be read.
        """
        now = self._timing.now().astimezone(self._zone)
        known = await self._store.releases()
        for left in known:
            if left.state == "draft":
                await self._editor.check(left.id, SCHEDULE, now)
        for one in due(now.date(), known):
            editor = self._editor if one.kind == "public-monthly" else self._weekly
            try:
                await editor.draft((one.first, one.last), SCHEDULE, now)
            except StepRefusedError as error:
                _log.info("draft not needed", kind=one.kind, why=error.code)
