"""What `app` builds once and every handler uses."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from kokemus.contracts.codes import CodeLists
from reporting.domain.guidance import Guidance
from reporting.domain.languages import CODES, Code, Language
from reporting.domain.return_forms import Words
from reporting.domain.sessions import Attempts, Signer
from reporting.editor import Editor
from reporting.feedback_client import FeedbackClient
from reporting.identity_provider import IdentityProvider
from reporting.metrics_client import MetricsClient
from reporting.people_file import People
from reporting.rendering import StaticFile, Templates
from reporting.settings import ReportingSettings
from reporting.shelf import Shelf
from reporting.storage.alerts import AlertStore
from reporting.storage.audit import AuditStore
from reporting.storage.embeds import EmbedStore
from reporting.storage.mail import MailStore
from reporting.storage.meters import MeterStore
from reporting.storage.notes import NoteStore
from reporting.storage.releases import ReleaseStore
from reporting.storage.returns import ReturnStore
from reporting.storage.sessions import SessionStore


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
    provider: IdentityProvider | None
    attempts_by_user: Attempts
    attempts_by_address: Attempts
    metrics: MetricsClient
    editor: Editor
    shelf: Shelf
    codes: CodeLists
    metric_names: tuple[str, ...]
    returns: ReturnStore
    meters: MeterStore
    feedback: FeedbackClient
    alerts: AlertStore
    mail: MailStore
    guidance: Guidance
    embeds: EmbedStore
    notes: NoteStore
    audit: AuditStore

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
