"""What `app` builds once and every handler uses."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from kokemus.contracts.codes import CodeLists
from reporting.domain.languages import CODES, Code, Language
from reporting.domain.people import Person, read_people
from reporting.domain.return_forms import Words
from reporting.domain.sessions import Attempts, Signer
from reporting.editor import Editor
from reporting.feedback_client import FeedbackClient
from reporting.metrics_client import MetricsClient
from reporting.rendering import StaticFile, Templates
from reporting.settings import ReportingSettings
from reporting.shelf import Shelf
from reporting.storage.alerts import AlertStore
from reporting.storage.releases import ReleaseStore, SessionStore
from reporting.storage.returns import ReturnStore

_log = structlog.get_logger()


class People:
    """The people file, read again whenever it changes.

    A file that can no longer be read keeps the people that were read last, and says so in the log:
    a half-written file must not lock everybody out.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no list of people.
        """
        self._path = path
        self._read_at = -1
        self._people: dict[str, Person] = {}
        self._complained = False
        self._refresh()

    def get(self, user: str) -> Person | None:
        """The person of this name, if there is one now."""
        try:
            self._refresh()
        except (OSError, ValueError) as error:
            if not self._complained:
                _log.error("people file unreadable, the last hold", error=type(error).__name__)
            self._complained = True
        return self._people.get(user)

    def everybody(self) -> list[Person]:
        """Who may sign in, as the file was last read."""
        return list(self._people.values())

    def _refresh(self) -> None:
        changed = self._path.stat().st_mtime_ns
        if changed != self._read_at:
            self._people = dict(read_people(self._path.read_bytes()))
            self._read_at = changed
        self._complained = False


@dataclass(frozen=True)
class Parts:
    """The parts of a running service."""

    settings: ReportingSettings
    languages: dict[Code, Language]
    templates: Templates
    files: dict[str, StaticFile]
    store: ReleaseStore
    sessions: SessionStore
    people: People
    signer: Signer
    attempts_by_user: Attempts
    attempts_by_address: Attempts
    metrics: MetricsClient
    editor: Editor
    shelf: Shelf
    codes: CodeLists
    metric_names: tuple[str, ...]
    returns: ReturnStore
    feedback: FeedbackClient
    alerts: AlertStore

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.now(UTC)

    def here(self) -> datetime:
        """The time, in the city's zone."""
        return datetime.now(self.settings.time_zone)

    def words(self, language: Code) -> Words:
        """What a form is made of in a language."""
        return Words(self.languages[language], self.codes, self.metric_names)

    def last_months(self) -> tuple[datetime, datetime]:
        """The last 365 local days, today included."""
        today = self.here()
        return today - timedelta(days=364), today


def language_of(value: str | None) -> Code:
    """The language of this code, else Finnish."""
    return next((code for code in CODES if code == value), "fi")
