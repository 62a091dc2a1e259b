"""Where mail goes: looked up when it goes out, so that no mail on its way holds an address."""

from dataclasses import dataclass
from typing import Final

from reporting.domain.embeds import Embed
from reporting.people_file import People
from reporting.storage.embeds import EmbedStore

_EMBED: Final = "embed/"


def recipient_of(embed: Embed) -> str:
    """The recipient that stands for the editors of a page with an embed."""
    return f"{_EMBED}{embed.id}"


@dataclass(frozen=True)
class Addresses:
    """The addresses of people, and of the editors of pages with embeds."""

    people: People
    embeds: EmbedStore

    async def of(self, recipient: str) -> str:
        """A recipient's address; "" where there is none any more."""
        if recipient.startswith(_EMBED):
            found = {recipient_of(one): one.mail for one in await self.embeds.embeds()}
            return found.get(recipient, "")
        person = self.people.get(recipient)
        return person.mail if person else ""
