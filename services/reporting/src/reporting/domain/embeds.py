"""Embeds in use: the code that editors paste, whom to tell when an entity ends, and which end."""

import re
from collections.abc import Iterable
from datetime import datetime
from html import escape
from typing import Final, Literal, NamedTuple
from urllib.parse import quote

import msgspec

from reporting.domain.editions import Edition
from reporting.domain.languages import Code

LONGEST_ADDRESS: Final = 500
_ADDRESS: Final = re.compile(r"https?://[^\s/?#@]+(/\S*)?")
_MAIL: Final = re.compile(r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+")
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
