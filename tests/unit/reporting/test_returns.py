"""The forms of divisions' returns: what is wrong with one, what becomes of it, who may do what."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kokemus.contracts import wire
from kokemus.contracts.codes import CodeLists
from reporting.domain.forms import Fault, about_people, decimal, faults, filled, moments, whole
from reporting.domain.live import LiveEntity, LiveValidity
from reporting.domain.people import Person, Role
from reporting.domain.releases import Text
from reporting.domain.return_events import Approved, events_of, prefilled, refusals
from reporting.domain.return_forms import FORM_KINDS, FORMS, FormKind, Words, methods
from reporting.domain.return_wording import told
from reporting.domain.returns import (
    Key,
    Organisation,
    Return,
    ReturnRefusedError,
    State,
    Step,
    Taken,
    after,
    may_begin,
    may_see,
    next_number,
)
from reporting.texts import Texts

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
CODES = CodeLists.load()
WORDS = Words(Texts().languages["fi"], CODES, ("happy_index", "participation_methods"))
WAYS = [one.code for level in (1, 2, 3, 4) for one in methods(CODES, level)]
KEY = Key(2026, "method", "museot")


def approved(kind: FormKind, number: int = 1, **answers: str) -> Approved:
    given = {name.replace("__", "."): value for name, value in answers.items()}
    return Approved("form-1", kind, "museot", 2026, number, NOW, given)


def person(user: str, *roles: Role, entities: list[str] | None = None) -> Person:
    return Person(user, "x", list(roles), entities=entities)


def form(*states: tuple[State, str], delegate: str | None = None, key: Key = KEY) -> Return:
    steps = tuple(Taken(state, by, NOW) for state, by in states)
    return Return("form-1", key, "kuva", delegate, {}, 3, steps)


def whole_return(used: set[str]) -> dict[str, str]:
    """Answers that use these ways and say of every other level that there is nothing."""
    answers = {f"use.{way}": "on" for way in used}
    for level in (1, 2, 3, 4):
        if used.isdisjoint(one.code for one in methods(CODES, level)):
            answers |= {f"none.{level}": "on", f"comment.{level}": "ei vielä"}
    return answers


@given(st.sets(st.sampled_from(WAYS)))
def test_a_level_is_told_by_its_nothing_first_and_then_by_its_ways(used: set[str]) -> None:
    answers = whole_return(used)
    assert faults(FORMS["method"](WORDS), answers) == []
    made = events_of(Approved("f", "method", "museot", 2026, 1, NOW, answers), CODES)
    assert {one.data.method for one in made if one.time == NOW} == {
        f"none_{level}" for level in (1, 2, 3, 4)
    }
    assert {one.data.method for one in made if one.time > NOW} == used
    assert not wire.check_all(made)
    assert not CODES.refused(made)


def test_the_same_approval_gives_the_same_ids_and_a_correction_others() -> None:
    first = events_of(approved("method", use__kyselyt="on"), CODES)
    again = events_of(approved("method", use__kyselyt="on"), CODES)
    later = events_of(approved("method", 2, use__kyselyt="on"), CODES)
    assert [one.id for one in first] == [one.id for one in again]
    assert {one.id for one in first}.isdisjoint(one.id for one in later)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"none.1": "on", "comment.1": "x"}, [Fault("none.1", "level_both")]),
        ({"comment.4": ""}, [Fault("comment.4", "comment")]),
        ({"none.4": ""}, [Fault("none.4", "level_unsaid")]),
        ({"volume.palautekanavat": "3"}, [Fault("volume.palautekanavat", "unused_volume")]),
        ({"volume.kyselyt": "noin 3"}, [Fault("volume.kyselyt", "whole")]),
        ({"comment.4": "x" * 501}, [Fault("comment.4", "long")]),
    ],
)
def test_what_is_wrong_with_a_return_is_said_at_its_field(
    change: dict[str, str], wrong: list[Fault]
) -> None:
    fields = FORMS["method"](WORDS)
    sent = whole_return({"kyselyt"}) | change
    assert faults(fields, filled(fields, sent)) == wrong


def test_fields_that_the_form_does_not_have_are_left_out() -> None:
    fields = FORMS["method"](WORDS)
    assert filled(fields, {"token": "x", "use.kyselyt": "1", "use.muoti": "on"}) == {
        "use.kyselyt": "on"
    }


@pytest.mark.parametrize(("placed", "wrong"), [("200", []), ("201", ["many"]), ("9" * 9, ["many"])])
def test_a_game_has_room_for_as_many_measures_as_an_event(placed: str, wrong: list[str]) -> None:
    fields = FORMS["game"](WORDS)
    answers = {"count.asiakaskokemus.kannattaa_kokeilla": placed}
    found = faults(fields, answers)
    assert [one.code for one in found] == wrong
    if not found:
        told = Approved("form-1", "game", "museot", 2026, 1, NOW, answers)
        assert refusals(told, fields, CODES) == []


@pytest.mark.parametrize(
    "text",
    [
        "Soita 040 123 4567.",
        "kysy: keksitty@example.invalid",
        "hlö 010190-999X hoitaa",
        "hlö 010190-999X",
    ],
)
def test_a_comment_about_a_person_is_named_and_left_out(text: str) -> None:
    fields = FORMS["method"](WORDS)
    answers = filled(fields, {"comment.2": text, "comment.3": "ei vielä 2027", "use.kyselyt": "on"})
    assert about_people(fields, answers) == [Fault("comment.2", "personal")]


def test_a_game_becomes_its_measures_and_actions() -> None:
    answers = {
        "count.asiakaskokemus.kannattaa_kokeilla": "2",
        "count.toimintatavat.avoimuus": "1",
        "action.2.method": "asiakasraadit",
        "action.2.role": "palvelupaallikko",
        "action.2.due": "2027-05-31",
        "action.2.metric": "happy_index",
    }
    fields = FORMS["game"](WORDS)
    assert faults(fields, answers) == []
    game = Approved("f", "game", "museot", 2026, 1, NOW, answers)
    (played,) = events_of(game, CODES)
    assert [(one.theme, one.column) for one in played.data.measures] == [
        ("asiakaskokemus", "kannattaa_kokeilla"),
        ("asiakaskokemus", "kannattaa_kokeilla"),
        ("toimintatavat", "avoimuus"),
    ]
    assert played.data.actions[0].due == date(2027, 5, 31)
    assert refusals(game, fields, CODES) == []
    del answers["action.2.due"]
    assert faults(fields, answers) == [Fault("action.2.due", "action")]


def test_a_practice_becomes_the_inventorys_fields() -> None:
    answers = {
        "collects": "true",
        "survey": "on",
        "frequency.yearly": "on",
        "last_time": "2019-or-before, 2026-05",
        "tool": "verkkokysely",
    }
    assert faults(FORMS["practice"](WORDS), answers) == []
    (told,) = events_of(Approved("f", "practice", "kallio", 2026, 1, NOW, answers), CODES)
    assert (told.data.survey, told.data.other_way, told.data.frequency) == (True, False, ["yearly"])
    assert told.data.last_time == ["2019-or-before", "2026-05"]


def test_a_figure_published_elsewhere_keeps_its_printed_decimals() -> None:
    answers = {
        "metric": "happy_index",
        "channel": "kiosk",
        "period_start": "2025-01-01",
        "period_end": "2025-12-31",
        "as_of": "2026-01-15",
        "value": "86,50",
        "source_document": "vuosikatsaus 2025",
    }
    fields = FORMS["reported"](WORDS)
    assert faults(fields, answers) == []
    figure = Approved("f", "reported", "museot", 2026, 1, NOW, answers)
    (told,) = events_of(figure, CODES)
    assert (told.data.value, told.data.decimals, told.data.n) == (86.5, 2, None)
    assert faults(fields, answers | {"missing": "on"}) == [Fault("value", "value")]
    assert faults(fields, answers | {"period_end": "2024-12-31"}) == [Fault("period_end", "period")]
    answers["source_document"] = "kysy numerosta 040 123 4567"
    assert refusals(figure, fields, CODES) == [Fault("source_document", "refused")]


def test_every_form_has_words_in_every_language() -> None:
    for language in Texts().languages.values():
        for kind in FORM_KINDS:
            for field in FORMS[kind](Words(language, CODES, WORDS.metrics)).fields.values():
                assert field.label
                assert "." not in field.label, f"{field.name} has no word in {language.code}"


def test_last_years_ways_are_filled_in_and_its_nothing_is_not() -> None:
    assert prefilled(["kyselyt", "none_2"]) == {"use.kyselyt": "on"}


@pytest.mark.parametrize("written", ["", "x", "1,2,3", "-", "1e5"])
def test_what_is_no_number_is_refused(written: str) -> None:
    for read in (whole, decimal):
        with pytest.raises(ValueError, match="number"):
            read(written)
    with pytest.raises(ValueError, match="year"):
        moments(written)


CONTACT = person("sanna", "division_contact", entities=["kuva"])
HEAD = person("heikki", "approver", entities=["kuva"])
FOREIGN = person("kaisa", "division_contact", "approver", entities=["sote"])
BOTH = person("desk", "division_contact", "approver")


@pytest.mark.parametrize(
    ("step", "who", "states", "then"),
    [
        ("submit", CONTACT, [("draft", "sanna")], "submitted"),
        ("approve", HEAD, [("draft", "sanna"), ("submitted", "sanna")], "approved"),
        ("send_back", HEAD, [("draft", "sanna"), ("submitted", "sanna")], "draft"),
        ("reopen", CONTACT, [("submitted", "sanna"), ("approved", "heikki")], "draft"),
        ("approve", CONTACT, [("submitted", "desk")], "forbidden"),
        ("approve", FOREIGN, [("submitted", "sanna")], "forbidden"),
        ("submit", FOREIGN, [("draft", "sanna")], "forbidden"),
        ("submit", HEAD, [("draft", "sanna")], "forbidden"),
        ("approve", BOTH, [("submitted", "desk")], "own_return"),
        ("approve", HEAD, [("draft", "sanna")], "wrong_state"),
        ("submit", CONTACT, [("approved", "heikki")], "wrong_state"),
    ],
)
def test_each_step_follows_its_state_and_belongs_to_its_role(
    step: Step, who: Person, states: list[tuple[State, str]], then: str
) -> None:
    try:
        told: str = after(form(*states), step, who, 3)
    except ReturnRefusedError as error:
        told = error.code
    assert told == then


def test_a_form_that_was_changed_meanwhile_is_not_approved() -> None:
    with pytest.raises(ReturnRefusedError, match="changed"):
        after(form(("submitted", "sanna")), "approve", HEAD, 2)


def test_a_delegate_sees_the_form_and_nobody_of_another_division_does() -> None:
    reader = person("liisa", "reader")
    assert not may_see(reader, "kuva", None)
    assert may_see(reader, "kuva", "liisa")
    assert not may_see(FOREIGN, "kuva", "liisa")


def test_a_role_of_one_division_holds_nowhere_else() -> None:
    assert not HEAD.may(frozenset({"approver"}))
    assert HEAD.may(frozenset({"approver"}), "kuva")


def test_states_are_shown_as_people_call_them() -> None:
    done: list[tuple[State, str]] = [("draft", "a"), ("submitted", "a"), ("approved", "b")]
    assert form().shown == "not_begun"
    assert form(*done).shown == "approved"
    assert form(*done, ("draft", "a")).shown == "reopened"
    assert form(*done, *done).shown == "corrected"


def test_a_round_shows_who_is_missing_and_who_returned_otherwise() -> None:
    def entity(id_: str, kind: str, parent: str | None) -> LiveEntity:
        return LiveEntity(id_, kind, [LiveValidity(parent, Text(id_), date(2000, 1, 1))])

    tree = [
        entity("helsinki", "city", None),
        entity("kuva", "division", "helsinki"),
        *(entity(one, "service_entity", "kuva") for one in ("museot", "kirjastot", "nuoriso")),
    ]
    begun = form(("draft", "sanna"))
    (found,) = Organisation(tree, 2026).rounds(2026, [begun], ["kirjastot"])
    assert [(row.entity.id, row.shown) for row in found.rows] == [
        ("museot", "draft"),
        ("kirjastot", "elsewhere"),
        ("nuoriso", "not_begun"),
    ]
    assert found.missing == 2


def test_only_games_and_figures_are_sent_more_than_once_a_year() -> None:
    known = [form(key=Key(2026, "game", "museot", 2)), form()]
    assert next_number("game", "museot", known) == 3
    assert next_number("game", "kirjastot", known) == 1
    assert next_number("method", "museot", known) == 1


def test_a_form_that_leaps_over_numbers_cannot_be_begun() -> None:
    known = [form(key=Key(2026, "game", "museot", 2))]
    assert may_begin(Key(2026, "game", "museot", 3), known)
    assert not may_begin(Key(2026, "game", "museot", 2**31 - 1), known)
    assert not may_begin(Key(2026, "game", "kirjastot", 2), known)


@pytest.mark.parametrize("written", ["-2019", "\N{EN DASH}2019", "- 2019", "2019-or-before"])
def test_a_year_or_any_before_it_is_read_as_people_write_it(written: str) -> None:
    assert moments(f"{written}, 2021-05") == ["2019-or-before", "2021-05"]
    fields = FORMS["practice"](WORDS)
    answers = {"collects": "true", "last_time": written, "next_planned": "2027-05"}
    assert faults(fields, answers) == []
    assert faults(fields, {**answers, "next_planned": written}) == [Fault("next_planned", "when")]


def test_a_form_is_read_as_lines_of_what_it_says() -> None:
    answers = {"use.kyselyt": "on", "volume.kyselyt": "35", "none.4": "on", "comment.4": "ei vielä"}
    read = told(FORMS["method"](WORDS), answers, WORDS.language)
    assert [lines for _, lines in read] == [
        ["kyselyt, määrä: 35"],
        ["Tällä tasolla ei ole mitään käytössä", "Kommentti tasosta 4: ei vielä"],
    ]
    said = {"action.1.method": "asiakasraadit", "action.1.due": "2027-06-01"}
    assert told(FORMS["game"](WORDS), said, WORDS.language)[0][1] == [
        "Tapa: asiakasraadit, Mihin mennessä: 1.6.2027"
    ]
    draft = told(FORMS["game"](WORDS), {"action.1.due": "joskus"}, WORDS.language)
    assert draft[0][1] == ["Mihin mennessä: joskus"]
