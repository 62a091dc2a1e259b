"""The two ways in which work can fail, named by the reaction that they call for."""

from enum import StrEnum


class Reason(StrEnum):
    """Why an input can never be used. A closed list: it labels metrics and dead letters."""

    NOT_JSON = "not_json"
    """The bytes are no JSON, or nest too deep."""
    UNKNOWN_TYPE = "unknown_type"
    """No contract of this topic has the event's type, or its version."""
    INVALID = "invalid"
    """A field is missing, of the wrong type, or out of its range."""
    INVALID_TIME = "invalid_time"
    """The time has no offset, or lies outside 2000 to 2099."""
    INVALID_IDENTIFIER = "invalid_identifier"
    """An identifier is malformed, or looks like personal data."""
    UNKNOWN_FIELD = "unknown_field"
    """A field that no contract names, where nothing may be passed over."""
    OUT_OF_SCOPE = "out_of_scope"
    """The sender's key does not cover the event's type, source or subject."""
    REFUSED_BY_DATABASE = "refused_by_database"
    """The database will not store the record (SQLSTATE class 22 or 23)."""


class Refused(Exception):  # noqa: N818 - named by the reaction, not by the mechanism
    """This input will never work: answer it, or set it aside as a dead letter.

    Attributes:
        reason: the closed reason.
        detail: one sentence for the sender; never holds the refused value.
        pointer: JSON pointer of the field, "" for the whole event.
    """

    def __init__(self, reason: Reason, detail: str, pointer: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.pointer = pointer


class Unavailable(Exception):  # noqa: N818 - named by the reaction, not by the mechanism
    """The world is broken (broker, database, peer): stop, back off, lose nothing, try again."""
