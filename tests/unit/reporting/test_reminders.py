from datetime import date, timedelta

from reporting.domain.reminders import REMINDERS, reminder

DUE = date(2026, 11, 20)


def test_each_term_is_reminded_of_from_its_day_to_the_next() -> None:
    told = [reminder(DUE, DUE - timedelta(days=left)) for left in range(16, -4, -1)]
    assert told == [None] * 2 + [14] * 7 + [7] * 6 + [1] * 2 + [-1] + [None] * 2
    assert [one for one in dict.fromkeys(told) if one is not None] == list(REMINDERS)
