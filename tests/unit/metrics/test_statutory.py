from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.periods import Period, Span
from metrics.domain.statutory import TOGETHER, Observation, Single, naming, standing


def span(first: tuple[int, int, int], last: tuple[int, int, int]) -> Span:
    return Span(date(*first), date(*last))


def year(number: int) -> Span:
    return span((number, 1, 1), (number, 12, 31))


def period(whole: Span) -> Period:
    return Period(whole, whole)


def told(
    of: Span, number: int | None, *, entity: str = "e", code: str = "unspecified", as_of: int = 1
) -> Observation:
    known = datetime(2020, 1, as_of, tzinfo=UTC)
    return Observation(entity, "registry", code, of, known, f"e{as_of}", number)


def single(day: date, *, source: str = "registry", code: str = "kantelu") -> Single:
    return Single("e", source, code, 0, day, 1, datetime(2020, 1, 1, tzinfo=UTC))


CUT = span((2018, 1, 1), (2018, 9, 12))
EARLY = span((2018, 1, 1), (2018, 6, 30))


def test_two_cuts_of_a_year_are_never_added() -> None:
    found = standing(period(year(2018)), [told(EARLY, 208), told(CUT, 405, as_of=2)], [])
    one = found["unspecified"]
    assert (one.number, one.span, one.flags) == (405, CUT, ("partial_period",))


def test_cuts_at_different_days_are_not_added_over_entities() -> None:
    found = standing(period(year(2018)), [told(EARLY, 98), told(CUT, 105, entity="f")], [])
    assert (found["unspecified"].number, found["unspecified"].span) == (105, CUT)


def test_a_year_that_was_cut_is_not_added_to_whole_years() -> None:
    three = period(span((2016, 1, 1), (2018, 12, 31)))
    found = standing(three, [told(year(2016), 5), told(year(2017), 7), told(CUT, 9)], [])
    one = found["unspecified"]
    assert (one.number, one.flags) == (12, ("partial_period",))


def test_not_reported_is_no_zero_and_leaves_the_sum_incomplete() -> None:
    only = standing(period(year(2017)), [told(year(2017), None)], [])
    assert only["unspecified"].number is None
    both = standing(
        period(year(2017)), [told(year(2017), None), told(year(2017), 3, entity="f")], []
    )
    assert (both["unspecified"].number, both["unspecified"].flags) == (3, ("incomplete_return",))


def test_a_count_for_a_period_goes_before_the_single_events_of_its_source() -> None:
    march = span((2017, 3, 1), (2017, 3, 31))
    singles = [
        single(date(2017, 3, 5)),
        single(date(2017, 4, 5)),
        single(date(2017, 3, 5), source="other"),
    ]
    found = standing(period(year(2017)), [told(march, 10, code="kantelu")], singles)
    assert found["kantelu"].number == 12


def test_a_count_for_a_longer_span_tells_nothing_of_a_month() -> None:
    march = period(span((2017, 3, 1), (2017, 3, 31)))
    found = standing(march, [told(year(2017), 10, code="kantelu")], [single(date(2017, 3, 5))])
    assert found["kantelu"].number == 1


def reasoned(day: date, number: int, *reasons: str, code: str = "kantelu") -> Single:
    one = single(day, code=code)
    return one._replace(number=number, named=dict.fromkeys(reasons, number))


def test_a_case_with_two_reasons_counts_once_and_under_each() -> None:
    cases = [reasoned(date(2017, 3, 5), 2, "hoito", "kohtelu"), reasoned(date(2017, 4, 5), 1)]
    assert standing(period(year(2017)), [], cases)["kantelu"].number == 3
    names = naming(period(year(2017)), [], cases, apart=False)
    assert {key: one.number for key, one in names.items()} == {
        (TOGETHER, "hoito"): 2,
        (TOGETHER, "kohtelu"): 2,
    }


def test_reasons_of_codes_that_have_no_sum_stand_beside_their_code() -> None:
    cases = [
        reasoned(date(2017, 3, 5), 2, "hoito"),
        reasoned(date(2017, 3, 6), 1, "hoito", code="muistutus"),
    ]
    names = naming(period(year(2017)), [], cases, apart=True)
    assert {key: one.number for key, one in names.items()} == {
        ("kantelu", "hoito"): 2,
        ("muistutus", "hoito"): 1,
    }


def test_a_reason_that_a_count_for_a_period_names_has_no_number() -> None:
    named = told(year(2017), 10)._replace(named=["hoito"])
    singles = [reasoned(date(2017, 3, 5), 1, "kohtelu")]
    names = naming(period(year(2017)), [named], singles, apart=False)
    assert {key: one.number for key, one in names.items()} == {(TOGETHER, "hoito"): None}


def test_matters_of_contacts_that_a_count_of_all_fields_tells_of_are_left_out() -> None:
    together = told(span((2017, 3, 1), (2017, 3, 31)), 9, code=TOGETHER)
    singles = [
        reasoned(date(2017, 3, 5), 1, "hoito", code="health"),
        reasoned(date(2017, 4, 5), 1, "hoito", code="health"),
    ]
    names = naming(period(year(2017)), [together], singles, apart=False)
    assert names[TOGETHER, "hoito"].number == 1


MONTHS = [span((2017, month, 1), (2017, month, 28)) for month in range(1, 13)]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["e", "f"]),
            st.sampled_from(MONTHS),
            st.integers(0, 9),
            st.integers(1, 28),
        ),
        unique_by=lambda one: (one[0], one[1], one[3]),
    ).flatmap(lambda listed: st.tuples(st.just(listed), st.permutations(listed)))
)
def test_order_of_counts_changes_nothing_and_the_newest_stands(
    both: tuple[list[tuple[str, Span, int, int]], list[tuple[str, Span, int, int]]],
) -> None:
    results = []
    for listed in both:
        observations = [told(o, n, entity=e, as_of=at) for e, o, n, at in listed]
        results.append(standing(period(year(2017)), observations, []))
    assert results[0] == results[1]
    newest: dict[tuple[str, Span], tuple[int, int]] = {}
    for entity, of, number, at in both[0]:
        newest[entity, of] = max(newest.get((entity, of), (0, 0)), (at, number))
    last = {e: max(of.last for name, of in newest if name == e) for e, _ in newest}
    wanted = sum(
        number for (entity, _), (_, number) in newest.items() if last[entity] == max(last.values())
    )
    if newest:
        assert results[0]["unspecified"].number == wanted
