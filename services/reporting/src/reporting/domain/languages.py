"""Numbers, dates, words and sorting in the three languages of the city."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from gettext import NullTranslations
from typing import Final, Literal, get_args

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from reporting.domain.releases import Number, Period, Text

Code = Literal["fi", "sv", "en"]
CODES: Final[tuple[Code, ...]] = get_args(Code)

_LOCALES: Final[dict[Code, str]] = {"fi": "fi_FI", "sv": "sv_FI", "en": "en_GB"}
_OWN_NAMES: Final[dict[Code, str]] = {"fi": "Suomeksi", "sv": "På svenska", "en": "In English"}
_DATES: Final[dict[Code, tuple[str, str]]] = {
    "fi": ("d.M.", "d.M.y"),
    "sv": ("d.M.", "d.M.y"),
    "en": ("d MMMM", "d MMMM y"),
}
_MINUS: Final = "\N{MINUS SIGN}"
_DASH: Final = "\N{EN DASH}"
_DAY: Final = timedelta(days=1)

DECIMALS: Final[Mapping[str, int]] = {
    "mean_likert5": 1,
    "mean_grade4_10": 1,
    "answer_time_median": 1,
    "answer_time_mean": 1,
    "reaction_time_mean": 1,
    "driver_statement_correlation": 2,
}
"""Printed decimals of the metrics that have any."""
_PER_CENTS: Final = frozenset(
    {
        "participation_coverage",
        "measurement_coverage",
        "observed_measurement_coverage",
        "response_rate",
        "reach",
        "share_of_city",
    }
)
"""Metrics in per cent beside those whose name ends with `_share`."""
_MONTHS: Final = frozenset({"measurement_staleness"})
_CHANGES: Final = frozenset(
    {"participation_change", "driver_hour_difference", "driver_touchpoint_difference"}
)
"""Metrics that are differences of others, and so have a sign."""


def N_(message: str) -> str:  # noqa: N802 - gettext's name for "to be translated later"
    """Marks a message for the catalogues and returns it as it is."""
    return message


class Language:
    """One language: its catalogue, its glossary and its way to print."""

    def __init__(
        self, code: Code, translations: NullTranslations, glossary: Mapping[str, Text]
    ) -> None:
        self.code: Code = code
        self.translations = translations
        self._glossary = glossary
        self._locale = _LOCALES[code]

    @property
    def own_name(self) -> str:
        """What the language switch calls it."""
        return _OWN_NAMES[self.code]

    def say(self, message: str, **values: object) -> str:
        """A message of the catalogue with its values put in."""
        found = self.translations.gettext(message)
        return found % values if values else found

    def of(self, text: Text) -> str:
        """The text in this language, else in Finnish."""
        return getattr(text, self.code) or text.fi

    def word(self, code: str, frozen: Mapping[str, Text] | None = None) -> str:
        """The name of a code, from the release's own texts where it has one."""
        found = (frozen or {}).get(code) or self._glossary.get(code)
        return self.of(found) if found else code

    def number(self, value: Number, decimals: int = 0) -> str:
        """A number with this many decimals, by the locale, with a real minus sign."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return format_decimal(value, pattern, locale=self._locale).replace("-", _MINUS)

    def value(self, metric: str, value: Number) -> str:
        """A metric's rounded value as it is printed: `87 %` or `87%`, `8,5` or `8.5`."""
        if metric in _CHANGES:
            return self.change(value)
        return self._with_unit(metric, self.number(value, DECIMALS.get(metric, 0)))

    def span(self, metric: str, low: Number, high: Number) -> str:
        """A range of a metric's values, with a dash as a value is printed: `8,5-9,0`, `50-75 %`."""
        if metric in _CHANGES:
            return f" {_DASH} ".join(self.change(one) for one in (low, high))
        decimals = DECIMALS.get(metric, 0)
        ends = (self.number(one, decimals) for one in (low, high))
        between = f" {_DASH} " if low < 0 else _DASH
        return self._with_unit(metric, between.join(ends))

    def _with_unit(self, metric: str, printed: str) -> str:
        if metric in _MONTHS:
            return self.say("%(number)s kk", number=printed)
        if metric in _PER_CENTS or metric.endswith("_share"):
            return f"{printed}%" if self.code == "en" else f"{printed}\N{NO-BREAK SPACE}%"
        return printed

    def change(self, value: Number) -> str:
        """A difference of printed values, with its sign."""
        return ("+" if value > 0 else "") + self.number(value)

    def day(self, day: date) -> str:
        """A day with its year."""
        return format_date(day, _DATES[self.code][1], locale=self._locale)

    def moment(self, at: datetime) -> str:
        """A day and a time of day, in the offset that it carries."""
        clock = "HH.mm" if self.code == "fi" else "HH:mm"
        return f"{self.day(at.date())} {format_datetime(at, clock, locale=self._locale)}"

    def period(self, period: Period) -> str:
        """A whole year or month by its name, else its first and last day."""
        first, last = period.first, period.last
        if (first, last) == (date(first.year, 1, 1), date(first.year, 12, 31)):
            return str(first.year)
        if first.day == 1 and (last + _DAY).day == 1 and first.month == last.month:
            return format_date(first, "LLLL y", locale=self._locale)
        if first == last:
            return self.day(first)
        short = self.code != "en"
        start = _DATES[self.code][0] if first.year == last.year else _DATES[self.code][1]
        gap = _DASH if short else f" {_DASH} "
        return f"{format_date(first, start, locale=self._locale)}{gap}{self.day(last)}"

    def month(self, day: date) -> str:
        """A short name for a month of a year, for the axis of a chart."""
        return format_date(day, "L/y" if self.code == "fi" else "LLL y", locale=self._locale)

    def sort_key(self, name: str) -> tuple[tuple[int, str], ...]:
        """Sorts names by this language: å, ä and ö come last in Finnish and Swedish."""
        last = {} if self.code == "en" else {"å": 1, "ä": 2, "ö": 3}
        return tuple(
            (last[one], "") if one in last else (0, _plain(one)) for one in name.casefold()
        )

    def sentence(self, parts: Sequence[str]) -> str:
        """Joins words as a list is written: with commas, and a word before the last."""
        if len(parts) < 2:
            return "".join(parts)
        last = self.say("ja")
        return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def _plain(character: str) -> str:
    return unicodedata.normalize("NFKD", character)[:1]
