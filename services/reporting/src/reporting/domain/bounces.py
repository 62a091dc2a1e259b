"""Reads reports that a mail did not arrive (RFC 3464). Pure."""

from email import policy
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from typing import Final

_parser: Final = BytesParser(policy=policy.default)


def failed_for_good(raw: bytes) -> str | None:
    """The Message-ID of the mail that will never arrive.

    Args:
        raw: a message of the mailbox for reports, whoever wrote it.

    Returns:
        None unless it reports a permanent failure (`failed`, 5.x.x) and holds the mail's headers.
        Whether the Message-ID is one of ours, the caller checks.
    """
    try:
        message = _parser.parsebytes(raw)
        if message.get_content_type() != "multipart/report":
            return None
        parts = list(message.walk())
        if not any(_permanent(part) for part in parts):
            return None
        return next((found for part in parts if (found := _original(part))), None)
    except (MessageError, ValueError, LookupError, AttributeError):
        return None  # whatever was sent there: it is no report


def _permanent(part: Message) -> bool:
    """Whether a part, the block of one recipient, says that delivery failed for good."""
    action, status = str(part.get("Action", "")), str(part.get("Status", ""))
    return action.strip().lower() == "failed" and status.strip().startswith("5.")


def _original(part: Message) -> str | None:
    """The Message-ID of the mail that a part holds whole, or the headers of."""
    if part.get_content_type() not in ("message/rfc822", "text/rfc822-headers"):
        return None
    payload = part.get_payload()
    if isinstance(payload, list):
        found = next((one["Message-ID"] for one in payload if isinstance(one, Message)), None)
    else:
        raw = part.get_payload(decode=True)
        found = _parser.parsebytes(raw if isinstance(raw, bytes) else b"", headersonly=True)[
            "Message-ID"
        ]
    return str(found).strip() if found else None
