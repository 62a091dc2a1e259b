"""What the approver sees: whether a draft may go out, and what differs from the last release."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from reporting.disclosure.publishing import TableReport
from reporting.domain.drafting import METRICS, MIN_N
from reporting.domain.guidance import STATEMENTS
from reporting.domain.languages import DECIMALS, Language
from reporting.domain.releases import Content, Figure, Number, Text

Key = tuple[object, ...]
SHOWN_DIFFERENCES: Final = 100
TOLD_DIFFERENCES: Final = 5
_RESERVED: Final = frozenset(STATEMENTS.values())


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
    """How a draft differs from the release before it, the greatest differences first."""

    added: int
    gone: int
    changed: list[Difference]
    same: int

    @property
    def hidden(self) -> int:
        """Figures that were printed, and are no more."""
        return sum(one.after is None for one in self.changed)

    @property
    def shown(self) -> int:
        """Figures that are printed for the first time."""
        return sum(one.before is None for one in self.changed)

    @property
    def moved(self) -> list[Difference]:
        """Figures with another number than before."""
        return [one for one in self.changed if None not in (one.before, one.after)]


def findings(
    content: Content, report: Sequence[TableReport] = (), before: Content | None = None
) -> list[Finding]:
    """Everything that is wrong with a draft; none: it may be approved.

    Codes: `empty`, `missing_text` (Finnish and Swedish are obligatory), `small_n`, `unrounded`,
    `value_without_ok`, `no_reason` (a correction that does not say why), `reserved` (an entity
    whose page would lie where the accessibility statement is), `fallen` (an attacker comes too
    close to a hidden count).

    Args:
        content: the draft.
        report: what is hidden in it.
        before: what is published of its kind now.
    """
    found = [] if content.figures else [Finding("empty", "")]
    found += [Finding("fallen", where) for one in report for where in one.fallen]
    shown = {one.entity for one in content.figures}
    texts = {f"entity.{one.id}": one.names for one in content.entities if one.id in shown}
    texts |= {f"{one.kind} {one.entity} {one.day}": one.text for one in content.notes
              if one.kind != "handled"}  # fmt: skip
    if content.correction is not None:
        texts["correction"] = content.correction
    elif before is not None and before.period_end >= content.period_end:
        found.append(Finding("no_reason", before.period_end.isoformat()))
    found += [Finding("reserved", one.id) for one in content.entities if one.id in _RESERVED]
    for code, text in {**texts, **content.texts}.items():
        if not text.fi or not text.sv:
            found.append(Finding("missing_text", code))
    for one in content.figures:
        where = f"{one.metric} {one.entity} {one.period.first}"
        if one.metric in METRICS and one.n is not None and one.n < MIN_N:
            found.append(Finding("small_n", where))
        if one.value is not None and round(one.value, DECIMALS.get(one.metric, 0)) != one.value:
            found.append(Finding("unrounded", where))
        if one.status != "ok" and {one.value, one.n, one.range, one.change} != {None}:
            found.append(Finding("value_without_ok", where))
    return found


def compare(before: Content | None, after: Content | None) -> Differences:
    """The differences between what is published and what is to be, from printed values only."""
    old = _by_key(before.figures if before else ())
    new = _by_key(after.figures if after else ())
    common = old.keys() & new.keys()
    changed = [
        Difference(new[key], old[key].value, new[key].value)
        for key in new
        if key in common and old[key].value != new[key].value
    ]
    changed.sort(key=_size, reverse=True)
    return Differences(
        added=len(new.keys() - old.keys()),
        gone=len(old.keys() - new.keys()),
        changed=changed,
        same=len(common) - len(changed),
    )


def in_words(differences: Differences, names: Mapping[str, Text], language: Language) -> list[str]:
    """The greatest differences as sentences, from printed values only.

    Args:
        differences: what `compare` found.
        names: the entities' names, by id.
        language: whose words to use.
    """
    return [
        _in_words(one, language.of(names[one.figure.entity]), language)
        for one in differences.changed[:TOLD_DIFFERENCES]
    ]


def _in_words(one: Difference, name: str, language: Language) -> str:
    metric = one.figure.metric
    parts = [name, language.word(f"metric.{metric}")]
    parts += [language.word(f"{key}.{value}") for key, value in one.figure.dimension.items()]
    what = ", ".join([*parts, language.period(one.figure.period)])
    if one.before is None and one.after is not None:
        value = language.value(metric, one.after)
        return language.say("%(what)s: nyt %(value)s, ennen ei lukua.", what=what, value=value)
    if one.after is None or one.before is None:
        return language.say("%(what)s: lukua ei enää näytetä.", what=what)
    return language.say(
        "%(what)s: ennen %(before)s, nyt %(after)s (%(change)s).",
        what=what,
        before=language.value(metric, one.before),
        after=language.value(metric, one.after),
        change=language.change(one.after - one.before),
    )


def _size(one: Difference) -> float:
    """By how much of the number itself it changed; what came or went goes first."""
    if one.before is None or one.after is None:
        return float("inf")
    return abs(one.after - one.before) / max(abs(one.before), 1)


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
