"""`ombudsman.v1` and `complaints.v1`: statutory channels, as codes and counts only."""

from typing import Annotated, Literal

from msgspec import Meta, field

from kokemus.contracts.events.envelope import (
    TYPE_PREFIX,
    Count,
    Data,
    Event,
    Identifier,
    Period,
    code,
)

ContactField = Literal["health", "social", "both"]
CaseKind = Literal["muistutus", "kantelu", "unspecified"]
Authority = Annotated[str, code("authority")]
ComplaintReasons = Annotated[list[Annotated[str, code("reason")]], Meta(max_length=20)]
Outcome = Annotated[str, code("outcome")]


class Contact(Data, frozen=True, gc=False):
    """A contact to the ombudsperson, and the matters it was about: two units of count."""

    field: ContactField
    matters: Annotated[list[Annotated[str, code("matter")]], Meta(max_length=20)]


class ContactSummary(Period, frozen=True, gc=False):
    """Contacts and matters of a period by field; `field` null: of all fields together."""

    field: ContactField | None
    contacts: Count | None
    """Null: not reported; so too the matters."""
    matters: Count | None


class Complaint(Data, frozen=True, gc=False):
    """A statutory case, as codes. `case_id` is a keyed hash whose key stays at the source."""

    case_id: Identifier
    kind: CaseKind
    authority: Authority
    reasons: ComplaintReasons = field(default_factory=list)


class Decision(Data, frozen=True, gc=False):
    """What was decided of a case."""

    case_id: Identifier
    kind: CaseKind
    authority: Authority
    reasons: ComplaintReasons = field(default_factory=list)
    outcome: Outcome = "unspecified"


class ComplaintSummary(Period, frozen=True, gc=False):
    """How many cases a period had; `reasons` are the most frequent ones, uncounted."""

    kind: CaseKind
    count: Count | None
    """Null: not reported, which is not zero."""
    reasons: ComplaintReasons = field(default_factory=list)


class OmbudsmanContacted(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "ombudsman.contacted.v1"
):
    """Somebody turned to the ombudsperson about an entity (the subject)."""

    data: Contact


class OmbudsmanSummarised(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "ombudsman.summary.v1"
):
    """The ombudsperson's contacts of a period, counted."""

    data: ContactSummary


class ComplaintRegistered(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "complaint.registered.v1"
):
    """An objection or a complaint was registered."""

    data: Complaint


class ComplaintDecided(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "complaint.decided.v1"
):
    """An objection was answered, or a complaint decided."""

    data: Decision


class ComplaintSummarised(
    Event, frozen=True, gc=False, kw_only=True, tag=TYPE_PREFIX + "complaint.summary.v1"
):
    """The cases of a period, counted."""

    data: ComplaintSummary
