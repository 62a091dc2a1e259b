"""What the approver sees: whether a draft may go out, and what differs from the last release."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from reporting.domain.drafting import MIN_N
from reporting.domain.languages import DECIMALS
from reporting.domain.releases import Content, Figure, Number

Key = tuple[object, ...]
SHOWN_DIFFERENCES: Final = 100


class Finding(NamedTuple):
    """Something that keeps a draft from being approved: a closed code, and where."""

    code: str
    where: str


class Difference(NamedTuple):
    """A figure that two releases print differently; a side without a value is None."""

    figure: Figure
    before: Number | None
    after: Number | None


class Differences(NamedTuple):
    """How a draft differs from the release before it."""

    added: int
    gone: int
    changed: list[Difference]
    same: int


def findings(content: Content) -> list[Finding]:
    """Everything that is wrong with a draft; none: it may be approved.

    Codes: `empty`, `missing_text` (Finnish and Swedish are obligatory), `small_n`, `unrounded`,
    `value_without_ok`.
    """
    found = [] if content.figures else [Finding("empty", "")]
    shown = {one.entity for one in content.figures}
    texts = {f"entity.{one.id}": one.names for one in content.entities if one.id in shown}
    for code, text in {**texts, **content.texts}.items():
        if not text.fi or not text.sv:
            found.append(Finding("missing_text", code))
    for one in content.figures:
        where = f"{one.metric} {one.entity} {one.period.first}"
        if one.n is not None and one.n < MIN_N:
            found.append(Finding("small_n", where))
        if one.value is not None and round(one.value, DECIMALS.get(one.metric, 0)) != one.value:
            found.append(Finding("unrounded", where))
        if one.status != "ok" and {one.value, one.n, one.range, one.change} != {None}:
            found.append(Finding("value_without_ok", where))
    return found


def compare(before: Content | None, after: Content) -> Differences:
    """The differences between what is published and what is to be, from printed values only."""
    old = _by_key(before.figures if before else ())
    new = _by_key(after.figures)
    common = old.keys() & new.keys()
    changed = [
        Difference(new[key], old[key].value, new[key].value)
        for key in new
        if key in common and old[key].value != new[key].value
    ]
    return Differences(
        added=len(new.keys() - old.keys()),
        gone=len(old.keys() - new.keys()),
        changed=changed,
        same=len(common) - len(changed),
    )


def _by_key(figures: Iterable[Figure]) -> dict[Key, Figure]:
    return {
        (
            one.metric,
            one.entity,
            one.channel,
            one.scale,
            one.family,
            tuple(sorted(one.dimension.items())),
            one.period.grain,
            one.period.first.isoformat(),
        ): one
        for one in figures
    }
