"""Writes to the editors of a page when what they embed ends."""

from dataclasses import dataclass

from reporting.addresses import recipient_of
from reporting.correspondence import Correspondence
from reporting.domain.editions import Edition
from reporting.domain.embeds import ended
from reporting.domain.letter_wording import embed_ended
from reporting.domain.releases import parse
from reporting.storage.embeds import EmbedStore
from reporting.storage.mail import Key
from reporting.storage.releases import ReleaseStore


@dataclass(frozen=True)
class EmbedMail:
    """Tells of each embed once whose entity has ended in the public release."""

    releases: ReleaseStore
    embeds: EmbedStore
    correspondence: Correspondence

    async def write(self) -> None:
        """Puts the mails that are due on their way; idempotent."""
        untold = [one for one in await self.embeds.embeds() if one.told_at is None]
        release = await self.releases.current("public-monthly") if untold else None
        body = await self.releases.body(release.hash) if release else None
        if release is None or body is None:
            return
        edition = Edition(release.id, parse(body))
        for one in ended(untold, edition):
            key = Key(recipient_of(one), "embed", one.registered_at.isoformat())
            language = self.correspondence.languages[one.language]
            letter = embed_ended(one, edition.entities.get(one.entity), language)
            await self.correspondence.put(key, letter)
            await self.embeds.told([one.id], self.correspondence.timing.now())
