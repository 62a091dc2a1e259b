"""From a GeoReport request to an event. Pure: what may be about a person is not even looked at.

Of contact details only whether there are any is taken; description, names, place and media stay
with the sender.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ingest_feedback.open311.catalogue import LANGUAGES, services
from kokemus.contracts import events
from kokemus.errors import Reason, Refused

TAKEN: Final = frozenset(
    {
        "api_key",
        "jurisdiction_id",
        "service_code",
        "attribute[entity]",
        "attribute[answer_requested]",
        "attribute[language]",
        "attribute[reference]",
    }
)
"""Fields that are read; of all others only whether there is a contact among them."""

CONTACTS: Final = ("email", "phone")


class ServiceNotFoundError(Exception):
    """There is no service of this code."""


def received(
    given: Mapping[str, str], *, source: str, entity: str, new_id: str, now: datetime
) -> events.FeedbackReceived:
    """The event of a request.

    Args:
        given: the form's fields by name.
        source: who sent it.
        entity: what it is about where the sender does not say.
        new_id: its id where the sender gives no `attribute[reference]`; with one, sending again
            changes nothing.
        now: when it came.

    Raises:
        Refused: a field is missing or wrong; its pointer is the field's name.
        ServiceNotFoundError: for another `service_code`.
    """
    code = given.get("service_code", "")
    if not code:
        raise Refused(Reason.INVALID, "service_code is required", "service_code")
    service = services().get(code)
    if service is None:
        raise ServiceNotFoundError
    language = given.get("attribute[language]", "fi")
    if language not in LANGUAGES:
        raise Refused(Reason.INVALID, "language is fi, sv, en or other", "attribute[language]")
    wish = given.get("attribute[answer_requested]")
    if wish not in (None, "true", "false"):
        raise Refused(Reason.INVALID, "true or false", "attribute[answer_requested]")
    contact_left = any(given.get(name) for name in CONTACTS)
    identity = given.get("attribute[reference]") or new_id
    return events.FeedbackReceived(
        specversion="1.0",
        id=f"open311/{identity}",
        source=source,
        subject=events.EntityId(given.get("attribute[entity]") or entity),
        time=now,
        data=events.Feedback(
            feedback_id=identity,
            kind=service.code,
            answer_requested=contact_left if wish is None else wish == "true",
            contact_left=contact_left,
            answer_possible=contact_left,
            language=language,  # type: ignore[arg-type]  # one of LANGUAGES
        ),
    )


def dropped(given: Mapping[str, str]) -> int:
    """How many fields are left out."""
    return len(given.keys() - TAKEN)
