"""Example messages of every type, committed beside the contracts.

An example is never changed once senders may have written like it: a changed contract gets another
file, and all the old ones still have to be read. A contract that cannot read them is a new version.
"""

from typing import Final

from kokemus.contracts import events
from kokemus.contracts.topics import FILES

FOLDER: Final = FILES / "examples"


def of(event_type: str) -> dict[str, bytes]:
    """The examples of a full CloudEvents type: raw bytes by a name that says what each shows."""
    folder = FOLDER / event_type.removeprefix(events.TYPE_PREFIX)
    if not folder.is_dir():
        return {}
    return {
        file.name.removesuffix(".json"): file.read_bytes()
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
    }
