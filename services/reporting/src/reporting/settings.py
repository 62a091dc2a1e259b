"""What reporting needs to know, from the environment."""

from pathlib import Path
from typing import Self

from pydantic import AnyHttpUrl, Field, model_validator

from kokemus.settings import ServiceSettings


class DatabaseSettings(ServiceSettings):
    """What the migrations need."""

    database_url: str = Field(repr=False)
    """`postgresql+psycopg://...` of the role whose search path is the schema of reporting."""


class ReportingSettings(DatabaseSettings):
    """What the releases, the pages and the desk need."""

    metrics_url: AnyHttpUrl
    """Where the metrics API answers."""
    metrics_key_file: Path
    """A file with a key that may read it."""
    feedback_url: AnyHttpUrl
    """Where ingest-feedback takes in what divisions return."""
    feedback_key_file: Path
    """A file with a key that may send participation and reported figures there."""
    people_file: Path
    """JSON list of the people who may sign in here; read again whenever it changes."""
    session_key_file: Path
    """A file with at least 32 random bytes that sign the sessions."""
    public_base_url: AnyHttpUrl
    """Where readers find the pages: canonical links begin with it."""

    oidc_issuer: str | None = None
    """The city's OpenID provider, exactly as its tokens name it; without one, people sign in with
    the passwords of the people file."""
    oidc_client_id: str = ""
    oidc_client_secret_file: Path | None = None
    oidc_groups_file: Path | None = None
    """JSON with the roles of the provider's groups: what `domain.identity.Groups` says."""

    desk_embed_ancestors: str = Field(
        "'none'", pattern=r"^('none'|'self'|https?://[\w.:*-]+)( https?://[\w.:*-]+)*$"
    )
    """Sites that may show the desk's first screen in a frame, such as an intranet's start page."""
    alert_rules_file: Path | None = None
    """JSON with a city's own rules of alerts; without one those of the package hold."""
    guidance_file: Path | None = None
    """JSON with where a city's readers may turn; without one that of the package holds."""

    mail_host: str | None = None
    """The SMTP server; without it, and without a folder, no mail is made."""
    mail_port: int = Field(587, ge=1, le=65535)
    mail_starttls: bool = True
    """Whether mail goes only over an encrypted connection."""
    mail_user: str | None = None
    mail_password_file: Path | None = None
    mail_from: str = "Kokemus <kokemus@localhost>"
    """Name and address that mail comes from."""
    mail_bounce_address: str | None = None
    """Where servers report what did not arrive; without one, the address mail comes from."""
    mail_bounce_folder: Path | None = None
    """A Maildir into which mail to that address is delivered; read, then moved to `cur`."""
    mail_folder: Path | None = None
    """A folder for mail as `.eml` files instead of a server, for a laptop."""

    @model_validator(mode="after")
    def _whole_provider(self) -> Self:
        told = (self.oidc_client_id, self.oidc_client_secret_file, self.oidc_groups_file)
        if self.oidc_issuer is not None and not all(told):
            raise ValueError(
                "KOKEMUS_OIDC_ISSUER needs _CLIENT_ID, _CLIENT_SECRET_FILE and _GROUPS_FILE"
            )
        return self

    @property
    def base_url(self) -> str:
        """The public address without a slash at its end."""
        return str(self.public_base_url).rstrip("/")
