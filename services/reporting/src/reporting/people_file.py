"""Who may sign in and who gets mail, as a file says."""

from pathlib import Path

import structlog

from reporting.domain.people import Person, read_people

_log = structlog.get_logger()


class People:
    """The people file, read again whenever it changes.

    A file that can no longer be read keeps the people that were read last, and says so in the log:
    a half-written file must not lock everybody out.
    """

    def __init__(self, path: Path) -> None:
        """Reads the file.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no list of people.
        """
        self._path = path
        self._read_at = -1
        self._people: dict[str, Person] = {}
        self._complained = False
        self._refresh()

    def get(self, user: str) -> Person | None:
        """The person of this name, if there is one now."""
        try:
            self._refresh()
        except (OSError, ValueError) as error:
            if not self._complained:
                _log.error("people file unreadable, the last hold", error=type(error).__name__)
            self._complained = True
        return self._people.get(user)

    def everybody(self) -> list[Person]:
        """Who may sign in, as the file was last read."""
        return list(self._people.values())

    def _refresh(self) -> None:
        changed = self._path.stat().st_mtime_ns
        if changed != self._read_at:
            self._people = dict(read_people(self._path.read_bytes()))
            self._read_at = changed
        self._complained = False
