"""How long each class of data is kept, and what follows for one moment."""

from datetime import datetime, timedelta
from functools import cache
from typing import Literal

import msgspec

from kokemus.contracts.topics import FILES


class Retention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rule of one class of data in the place that keeps it longest."""

    data_class: Literal["events", "state", "dead"]
    """As topics name it."""
    store: Literal["archive", "dead letters"]
    days: int | None
    """None: for ever."""
    why: str

    def before(self, now: datetime) -> datetime | None:
        """What is older than this may go; None: nothing may."""
        return None if self.days is None else now - timedelta(days=self.days)


@cache
def rules() -> dict[str, Retention]:
    """The rules by their class."""
    raw = msgspec.yaml.decode(
        (FILES / "retention.yaml").read_bytes(), type=list[Retention], strict=True
    )
    return {rule.data_class: rule for rule in raw}
