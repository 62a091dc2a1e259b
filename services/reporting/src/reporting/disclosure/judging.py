"""The attack on a release as everybody will read it, for its approver."""

from collections.abc import Iterable, Sequence

import msgspec

from reporting.attacker.bounding import Impossible
from reporting.attacker.reading import Told, name
from reporting.attacker.releases import attack_together
from reporting.disclosure.hanging import Hanging
from reporting.disclosure.public_tables import TABLES
from reporting.disclosure.publishing import Kept, TableReport, least
from reporting.domain.live import LiveEntity


def judge(
    releases: Sequence[bytes], kept: Iterable[Kept], entities: Iterable[LiveEntity]
) -> TableReport:
    """What an attacker who has these releases knows of what they hide.

    Releases that contradict themselves or each other are none to publish: that is told as a fall.

    Args:
        releases: canonical ones; the draft comes last.
        kept: the counts behind them.
        entities: the organisation tree.
    """
    tables, hanging = {one.name: one for one in TABLES}, Hanging(entities)
    few = {
        name(msgspec.convert(msgspec.to_builtins(one.figure), Told))
        for one in kept
        if one.count
        and one.count < least(tables[one.table], one.figure.entity, one.figure.period, hanging)
    }
    try:
        verdict = attack_together(releases, few)
    except (Impossible, ValueError) as error:
        return TableReport("everything", 0, 0, 0, 0, 0, 0, [str(error)])
    primary = sum(one.cell.primary for one in verdict.told)
    return TableReport(
        table="everything",
        shown=verdict.known,
        primary=primary,
        secondary=len(verdict.told) - primary,
        dropped=0,
        loss=0,
        attacked=len(verdict.told),
        fallen=verdict.fallen,
    )
