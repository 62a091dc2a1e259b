"""Embeds: what they show, the code that editors paste, and which have ended with their entity."""

import re
from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from reporting.domain import wording
from reporting.domain.editions import Edition
from reporting.domain.languages import Code, Language
from reporting.domain.releases import Entity

LONGEST_ADDRESS: Final = 500
_ADDRESS: Final = re.compile(r"https?://[^\s/?#@]+(/\S*)?")
_MAIL: Final = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@([a-z0-9-]+\.)+[a-z0-9-]+",
    re.ASCII | re.IGNORECASE,
)
"""A dot-atom at a domain (RFC 5322, 3.4.1): every such address can stand in a header."""
FaultCode = Literal["address", "mail", "entity"]


class Wanted(NamedTuple):
    """What an editor wants to tell: where an embed stands, of what, and whom to write to."""

    address: str
    entity: str
    language: Code
    mail: str
    """The role address of the page's editors, never a person's own."""


class Embed(msgspec.Struct, frozen=True):
    """An embed in use, as an editor told."""

    id: int
    address: str
    entity: str
    language: Code
    mail: str
    registered_by: str
    registered_at: datetime
    told_at: datetime | None = None
    """When its editors were told that its entity has ended."""


class Snippets(NamedTuple):
    """What stands always for the newest release: an address, and the code for two ways."""

    address: str
    frame: str
    component: str


class Embedded(msgspec.Struct, frozen=True):
    """One figure for a foreign page, in words."""

    release: str
    entity: str
    name: str
    metric: str
    label: str
    value: str
    missing: bool
    period: str
    sentence: str
    note: str
    url: str
    more: str


def embedded(
    edition: Edition, entity: Entity, metric: str, language: Language, base_url: str
) -> Embedded:
    """The newest figure of a metric as a foreign page shows it; its status if there is none."""
    name = language.of(entity.names)
    series = next(
        (one for one in edition.series(entity.id) if one.newest and metric in one.newest.figures),
        None,
    )
    row = series.newest if series else None
    figure = row.figures[metric] if row else None
    return Embedded(
        release=edition.id,
        entity=entity.id,
        name=name,
        metric=metric,
        label=language.word(f"metric.{metric}", edition.content.texts),
        value=wording.printed(figure, language) if figure else language.word("status.no_data"),
        missing=figure is None or figure.value is None,
        period=language.period(row.period) if row else "",
        sentence=wording.lead(edition, series, row, language) if series and row else "",
        note=wording.row_notes(row, language) if row else "",
        url=f"{base_url}/{language.code}/{entity.id}",
        more=language.say("Katso kaikki luvut: %(name)s", name=name),
    )


def snippets(base_url: str, entity: str, metric: str, language: Code, title: str) -> Snippets:
    """The code to paste; every name in it is escaped.

    Args:
        base_url: the public address of the service.
        entity: the id of what the embed is of.
        metric: the one figure that the component shows.
        language: of the texts.
        title: what the frame is called.
    """
    address = f"{base_url}/embed/{language}/{quote(entity)}"
    script = f'<script src="{escape(base_url)}/embed/kokemus.js" defer></script>'
    frame = (
        f'<iframe src="{escape(address)}" title="{escape(title)}" width="100%" height="700"'
        ' loading="lazy"></iframe>'
    )
    component = (
        f'<kokemus-figure entity="{escape(entity)}" metric="{escape(metric)}"'
        f' lang="{language}"></kokemus-figure>'
    )
    return Snippets(address, f"{frame}\n{script}", f"{component}\n{script}")


def faults(wanted: Wanted, edition: Edition | None) -> list[FaultCode]:
    """What keeps an embed from being told of; none: it may be kept."""
    found: list[FaultCode] = []
    if len(wanted.address) > LONGEST_ADDRESS or not _ADDRESS.fullmatch(wanted.address):
        found.append("address")
    if len(wanted.mail) > 254 or not _MAIL.fullmatch(wanted.mail):
        found.append("mail")
    if edition is None or wanted.entity not in edition.entities:
        found.append("entity")
    return found


def ended(embeds: Iterable[Embed], edition: Edition) -> list[Embed]:
    """The embeds whose entity has ended, or is no more, in this release."""
    return [
        one
        for one in embeds
        if (entity := edition.entities.get(one.entity)) is None or entity.ended is not None
    ]
