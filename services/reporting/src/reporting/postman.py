"""Sends the mail that waits, and hears of what did not arrive. No address is ever logged."""

import asyncio
import mailbox
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import policy
from email.errors import HeaderParseError, MessageDefect
from email.headerregistry import Address
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import Final

import structlog

from kokemus.errors import Unavailable
from kokemus.metric_names import MAIL_SENT, MAIL_WAITING
from kokemus.polling.pace import Timing
from kokemus.telemetry import Meters
from reporting.addresses import Addresses
from reporting.domain.bounces import failed_for_good
from reporting.domain.sessions import Signer
from reporting.mail_transports import MailRefusedError, Transport
from reporting.settings import ReportingSettings
from reporting.storage.mail import Due, GivenUp, Key, MailStore

TOO_OLD: Final = timedelta(days=3)
"""Mail that could not go out for so long tells old news."""

_parser: Final = BytesParser(EmailMessage, policy=policy.SMTP)
_log = structlog.get_logger()


@dataclass(frozen=True)
class Postman:
    """Carries mail out of the store, each at most once unless a crash comes between."""

    store: MailStore
    transport: Transport
    addresses: Addresses
    signer: Signer
    settings: ReportingSettings
    meters: Meters
    timing: Timing
    on_undeliverable: Callable[[Key], Awaitable[None]]
    """Told of each mail that will never arrive, once for its recipient and kind."""

    async def deliver(self) -> None:
        """Sends every mail whose turn it is.

        Raises:
            Unavailable: the way out is away; what waits rests ever longer.
        """
        away: Unavailable | None = None
        for due in await self.store.due(self.timing.now()):
            try:
                outcome = await self._send(due)
            except Unavailable as error:
                away, outcome = error, "failed"
            self.meters.add(MAIL_SENT, 1, due.kind, outcome)
        self.meters.set(MAIL_WAITING, await self.store.waiting())
        if away is not None:
            raise away

    async def _send(self, due: Due) -> str:
        """Sends one mail; how that ended, for the metrics."""
        address = await self.addresses.of(due.recipient)
        now = self.timing.now()
        reason: GivenUp | None = None
        if due.withdrawn:
            reason = "withdrawn"
        elif now - due.made_at > TOO_OLD:
            reason = "old"
        elif not address:
            reason = "no_address"
        if reason is not None:
            await self.store.give_up(due.number, reason)
            return "given_up"
        try:
            message = self._addressed(due, address, now)
        except (HeaderParseError, MessageDefect, ValueError):
            await self.store.give_up(due.number, "no_address")
            return "given_up"
        try:
            await self.transport.send(message, self._sender, address)
        except MailRefusedError:
            await self.store.give_up(due.number, "refused")
            await self.undeliverable(due.number)
            return "refused"
        await self.store.sent(due.number, now)
        return "sent"

    async def read_reports(self) -> None:
        """Reads every report in the mailbox for them, and moves it away."""
        folder = self.settings.mail_bounce_folder
        if folder is None:
            return
        for id_ in await asyncio.to_thread(_reports, folder):
            for_good = failed_for_good(await asyncio.to_thread(id_.read_bytes))
            number = self.signer.mail_number(for_good) if for_good else None
            if number is not None:
                await self.undeliverable(number)
            await asyncio.to_thread(_move_away, id_)

    async def undeliverable(self, number: int) -> None:
        """Stops the kind of a mail whose address is no good any more; the log tells who."""
        key = await self.store.key_of(number)
        if key is None:
            return
        if await self.store.stop(key.recipient, key.kind, "bounced", self.timing.now()):
            _log.warning("mail does not arrive", mail=number, kind=key.kind)
            await self.on_undeliverable(key)

    @property
    def _sender(self) -> str:
        return self.settings.mail_bounce_address or parseaddr(self.settings.mail_from)[1]

    def _addressed(self, due: Due, address: str, now: datetime) -> EmailMessage:
        message = _parser.parsebytes(due.message)
        message["From"] = self.settings.mail_from
        message["To"] = Address(addr_spec=address)
        message["Date"] = format_datetime(now)
        domain = self._sender.rpartition("@")[2] or "localhost"
        message["Message-ID"] = self.signer.message_id(due.number, domain)
        return message


def _reports(folder: Path) -> list[Path]:
    """The new messages of a Maildir, the oldest first."""
    mailbox.Maildir(folder, create=True)
    return sorted(one for one in (folder / "new").iterdir() if one.is_file())


def _move_away(report: Path) -> None:
    """Marks a message as seen, as mail programs do."""
    report.rename(report.parent.parent / "cur" / f"{report.name}:2,S")
