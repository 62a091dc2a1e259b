"""The two ways out for mail: an SMTP server, or a folder on a laptop."""

import asyncio
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol

import aiosmtplib

from kokemus.errors import Unavailable
from reporting.settings import ReportingSettings

SECONDS: Final = 30
_NEVER: Final = range(500, 600)


class MailRefusedError(Exception):
    """The server will never take a mail for this address."""


class Transport(Protocol):
    """Takes a mail out of the house."""

    async def send(self, message: EmailMessage, sender: str, address: str) -> None:
        """Hands one mail over.

        Args:
            message: whole, with its headers.
            sender: where reports of failure go.
            address: whom it is for.

        Raises:
            MailRefusedError: this address will never take it.
            Unavailable: it may pass later.
        """


class Smtp:
    """An SMTP server, asked with STARTTLS unless the settings say otherwise."""

    def __init__(self, settings: ReportingSettings) -> None:
        self._settings = settings

    async def send(self, message: EmailMessage, sender: str, address: str) -> None:
        """Hands one mail over; see `Transport`."""
        settings = self._settings
        secret = settings.mail_password_file
        try:
            await aiosmtplib.send(
                message,
                sender=sender,
                recipients=[address],
                hostname=settings.mail_host,
                port=settings.mail_port,
                start_tls=settings.mail_starttls,
                tls_context=ssl.create_default_context() if settings.mail_starttls else None,
                username=settings.mail_user,
                password=secret.read_text().strip() if secret else None,
                timeout=SECONDS,
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(one.code in _NEVER for one in error.recipients):
                raise MailRefusedError from None  # the error quotes the address
            raise Unavailable("the recipient is refused for now") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(f"the mail server: {type(error).__name__}") from None


class Folder:
    """A folder that gets each mail as a file `NUMBER.eml`, to be opened by a mail program."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, message: EmailMessage, sender: str, address: str) -> None:  # noqa: ARG002 - they stand in the file
        """Writes one mail; see `Transport`."""
        number = str(message["Message-ID"]).strip("<>").partition(".")[0]
        try:
            await asyncio.to_thread(self._write, f"{number}.eml", message.as_bytes())
        except OSError as error:
            raise Unavailable(f"the mail folder: {type(error).__name__}") from error

    def _write(self, name: str, content: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / name).write_bytes(content)


def transport_of(settings: ReportingSettings) -> Transport | None:
    """The way out that the settings name; None: no mail is made."""
    if settings.mail_host:
        return Smtp(settings)
    return Folder(settings.mail_folder) if settings.mail_folder else None
