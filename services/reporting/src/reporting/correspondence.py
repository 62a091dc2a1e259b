"""Writes letters to people, each once: by role, in their language, unless they want none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kokemus.polling.pace import Timing
from reporting.composing import Composer
from reporting.domain.languages import Code, Language
from reporting.domain.letters import Letter
from reporting.domain.people import Person, Role
from reporting.people_file import People
from reporting.storage.mail import Key, MailStore


@dataclass(frozen=True)
class Correspondence:
    """What letters are written with."""

    store: MailStore
    composer: Composer
    people: People
    languages: Mapping[Code, Language]
    timing: Timing

    def readers(self, roles: frozenset[Role]) -> list[Person]:
        """Everybody with an address and one of the roles, wherever it holds."""
        return [
            one for one in self.people.everybody() if one.mail and not roles.isdisjoint(one.roles)
        ]

    async def write(
        self, key: Key, make: Callable[[Language], Letter | None], release: str | None = None
    ) -> None:
        """Puts a letter on its way, unless it was before or its reader wants none; idempotent.

        Args:
            key: whose letter it is, and which.
            make: says it in the reader's language; None: there is nothing to say.
            release: what it tells of; once that is withdrawn, the letter goes out no more.
        """
        person = self.people.get(key.recipient)
        if person is None or not await self.store.wants(key):
            return
        letter = make(self.languages[person.language])
        if letter is not None:
            await self.put(key, letter, release)

    async def put(self, key: Key, letter: Letter, release: str | None = None) -> None:
        """Puts a letter on its way, unless it was before or its reader wants none; idempotent."""
        if await self.store.wants(key):
            message = self.composer.compose(letter, key.recipient, key.kind)
            await self.store.keep(key, message, self.timing.now(), release)
