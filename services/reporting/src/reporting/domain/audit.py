"""The audit log: what is told in it, and how it is searched."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Literal, NamedTuple, get_args
from urllib.parse import urlencode

from reporting.domain.languages import N_

Action = Literal[
    "sign-in",
    "sign-in.failed",
    "sign-out",
    "refused",
    "exported",
    "release.drafted",
    "release.checked",
    "release.seen",
    "release.approved",
    "release.published",
    "release.superseded",
    "release.withdrawn",
    "round.kept",
    "round.days",
    "meter.step",
    "meter.step_back",
    "meter.texts",
    "return.seen",
    "return.saved",
    "return.delegated",
    "return.submitted",
    "return.approved",
    "return.opened",
    "return.resent",
    "table.sent",
    "note.written",
    "note.removed",
    "alert.acknowledged",
    "embed.kept",
    "embed.removed",
    "mail.asked",
    "mail.bounced",
    "mail.resumed",
]
"""Everything that the log tells of."""

WORDS: Final[Mapping[Action, str]] = {
    "sign-in": N_("kirjautui sisään"),
    "sign-in.failed": N_("kirjautuminen epäonnistui"),
    "sign-out": N_("kirjautui ulos"),
    "refused": N_("evättiin"),
    "exported": N_("vei tiedostoon"),
    "release.drafted": N_("teki luonnoksen"),
    "release.checked": N_("tarkasti luonnoksen"),
    "release.seen": N_("katsoi luonnosta"),
    "release.approved": N_("hyväksyi luonnoksen"),
    "release.published": N_("julkaisi"),
    "release.superseded": N_("korvasi uudemmalla"),
    "release.withdrawn": N_("veti takaisin"),
    "round.kept": N_("avasi tai muutti palautuskierroksen"),
    "round.days": N_("siirsi kierroksen määräpäiviä"),
    "meter.step": N_("merkitsi mittarin vaiheen tehdyksi"),
    "meter.step_back": N_("perui mittarin vaiheen"),
    "meter.texts": N_("muutti mittarin tekstejä"),
    "return.seen": N_("katsoi palautusta"),
    "return.saved": N_("tallensi palautuksen"),
    "return.delegated": N_("siirsi palautuksen toiselle"),
    "return.submitted": N_("lähetti palautuksen hyväksyttäväksi"),
    "return.approved": N_("hyväksyi palautuksen"),
    "return.opened": N_("avasi palautuksen korjattavaksi"),
    "return.resent": N_("lähetti palautuksen uudelleen"),
    "table.sent": N_("lähetti taulukon"),
    "note.written": N_("kirjoitti muistiinpanon"),
    "note.removed": N_("poisti muistiinpanon"),
    "alert.acknowledged": N_("kuittasi hälytyksen"),
    "embed.kept": N_("kertoi upotuksesta"),
    "embed.removed": N_("poisti upotuksen"),
    "mail.asked": N_("perui viestit"),
    "mail.bounced": N_("ei saanut viestiä perille"),
    "mail.resumed": N_("saa taas viestejä"),
}
"""What each action is called, as said of who did it."""


class Topic(NamedTuple):
    """Actions that are looked for together."""

    label: str
    beginnings: tuple[str, ...]

    @property
    def actions(self) -> list[Action]:
        """The actions that belong to it."""
        return [one for one in get_args(Action) if one.startswith(self.beginnings)]


TOPICS: Final[Mapping[str, Topic]] = {
    "sign-in": Topic(N_("Kirjautumiset"), ("sign-",)),
    "refused": Topic(N_("Evätyt"), ("refused",)),
    "exported": Topic(N_("Tiedostoon viedyt"), ("exported",)),
    "releases": Topic(N_("Julkaisut"), ("release.",)),
    "returns": Topic(N_("Palautukset"), ("round.kept", "return.", "table.")),
    "meters": Topic(N_("Strategiamittarit"), ("round.days", "meter.")),
    "notes": Topic(N_("Muistiinpanot"), ("note.",)),
    "alerts": Topic(N_("Hälytykset"), ("alert.",)),
    "embeds": Topic(N_("Upotukset"), ("embed.",)),
    "mail": Topic(N_("Viestit"), ("mail.",)),
}
"""By what stands for it in an address; every action is in one of them."""

LONGEST: Final = 200
"""Characters of what is searched for."""


class AuditRow(NamedTuple):
    """Who did what to what, and when; rows have ascending ids."""

    id: int
    at: datetime
    actor: str
    action: Action
    subject: str
    detail: str | None


class Sought(NamedTuple):
    """What the log is searched for; whatever is empty holds for every row."""

    who: str = ""
    what: str = ""
    about: str = ""
    first: date | None = None
    last: date | None = None

    @property
    def actions(self) -> list[Action] | None:
        """The actions; None: all."""
        return TOPICS[self.what].actions if self.what else None

    def since(self, zone: tzinfo) -> datetime | None:
        """When the first day begins in the zone."""
        return _begin(self.first, zone)

    def until(self, zone: tzinfo) -> datetime | None:
        """When the day after the last one begins in the zone."""
        return _begin(self.last and self.last + timedelta(days=1), zone)

    def query(self, **more: object) -> str:
        """The same search as the query of an address."""
        own = {"who": self.who, "what": self.what, "about": self.about,
               "from": self.first, "to": self.last, **more}  # fmt: skip
        return urlencode({name: value for name, value in own.items() if value})


def sought(query: Mapping[str, str]) -> Sought:
    """The search of an address's query.

    Raises:
        ValueError: a day or a topic is none, or the last day is before the first.
    """
    who, what, about = (query.get(name, "").strip() for name in ("who", "what", "about"))
    first, last = (_day(query.get(name, "").strip()) for name in ("from", "to"))
    if (what and what not in TOPICS) or (first and last and last < first):
        raise ValueError("no search of the log")
    return Sought(who[:LONGEST], what, about[:LONGEST], first, last)


HEAD: Final = ("at", "who", "what", "about", "detail")


def as_rows(found: Sequence[AuditRow]) -> list[Sequence[str]]:
    """Rows of the log for a table, by codes, without a head."""
    return [
        (one.at.astimezone(UTC).isoformat(), one.actor, one.action, one.subject, one.detail or "")
        for one in found
    ]


def _day(written: str) -> date | None:
    return date.fromisoformat(written) if written else None


def _begin(day: date | None, zone: tzinfo) -> datetime | None:
    return None if day is None else datetime.combine(day, time(), zone)
