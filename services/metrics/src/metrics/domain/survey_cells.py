"""How many of those who were asked answered, and which statements go with recommending. Pure."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Final

from metrics.domain.cells import WHOLE, Breakdown, Cells
from metrics.domain.definitions import Definition
from metrics.domain.figures import Answer, Key
from metrics.domain.found import Found, Wave
from metrics.domain.intervals import Ratio
from metrics.domain.surveys import spearman

KEY: Final = Key("survey")

_Parts = Callable[[Wave], tuple[int | None, int | None]]
_PARTS: Final[dict[str, _Parts]] = {
    "response_rate": lambda wave: (wave.responses, wave.offered),
    "reach": lambda wave: (wave.offered, wave.customers),
}
"""By metric: the part and the whole of a wave, where they are known."""


def rates(found: Found, definition: Definition, entity: str) -> Cells:
    """A share by wave and over all waves; one above 100 % is refused, and said so."""
    parts = _PARTS[definition.metric]
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = defaultdict(dict)
    by_period: dict[int, list[Answer]] = defaultdict(list)
    for wave in found.waves.get(entity, ()):
        part, whole = parts(wave)
        if part is None or not whole:
            continue
        answer = (
            Answer(Ratio(Fraction(100 * part), whole), wave.as_of)
            if part <= whole
            else Answer(None, wave.as_of, flags=("above_100",))
        )
        cells[KEY, (("source", wave.source), ("survey", wave.wave))][wave.period] = answer
        by_period[wave.period].append(answer)
    for period, answers in by_period.items():
        cells[KEY, WHOLE][period] = _together(answers)
    return cells


def _together(answers: Sequence[Answer]) -> Answer:
    ratios = [one.ratio for one in answers if one.ratio]
    total = Ratio(sum((one.numerator for one in ratios), Fraction(0)), sum(one.n for one in ratios))
    flags = dict.fromkeys(flag for one in answers for flag in one.flags)
    newest = max(one.as_of for one in answers if one.as_of)
    return Answer(total if ratios else None, newest, flags=tuple(flags))


def statements(found: Found, entity: str) -> Cells:
    """Spearman's correlation of each statement with recommending, over those who answered both."""
    pairs: dict[tuple[str, str, str, int], dict[tuple[int, int], int]] = defaultdict(dict)
    newest: dict[tuple[str, str, str, int], datetime] = {}
    for one in found.statements.get(entity, ()):
        cell = one.source, one.question, one.scale, one.period
        pairs[cell][one.value, one.recommended] = one.responses
        newest[cell] = max(newest.get(cell, one.as_of), one.as_of)
    cells: dict[tuple[Key, Breakdown], dict[int, Answer]] = defaultdict(dict)
    for cell, counts in pairs.items():
        source, question, scale, period = cell
        rank, n = spearman(counts), sum(counts.values())
        ratio = None if rank is None else Ratio(Fraction(rank) * n, n)
        breakdown = ("source", source), ("question", question)
        place = Key("survey", scale, "statement"), breakdown
        cells[place][period] = Answer(ratio, newest[cell])
    return cells
