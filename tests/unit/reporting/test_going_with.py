from reporting.domain.going_with import going_with
from reporting.domain.live import LiveVariation
from reporting.texts import Texts
from support.release_builders import live

FI = Texts().languages["fi"]


def test_reasons_come_by_polarity_the_most_frequent_first_with_how_many_gave_one() -> None:
    told = going_with(
        [
            live(
                "reason_share", share, dimension={"polarity": polarity, "reason": reason},
                follow_ups=50, answers=600,
            )
            for polarity, reason, share in (
                ("negative", "tilat", 20), ("negative", "odotusaika", 38),
                ("positive", "henkilokunta", 42), ("negative", "oma", 2),
            )
        ],
        FI,
    )  # fmt: skip
    assert told is not None
    negative, positive = told.grids
    assert [row.name for row in negative.rows] == ["odotusaika", "tilat ja siisteys", "oma"]
    assert [cell.text for cell in negative.rows[0].cells] == ["38\N{NO-BREAK SPACE}%", "50", "600"]
    assert positive.rows[0].name == "henkilökunta"


def test_hours_and_stages_are_told_with_their_swing_and_statements_with_their_correlation() -> None:
    told = going_with(
        [
            live("driver_hour_difference", -4, dimension={"hour": 10}, n=900,
                 variation=LiveVariation(-5.2, -2.9)),
            live("driver_touchpoint_difference", 3, dimension={"touchpoint": "after"}),
            live("driver_statement_correlation", 0.77, dimension={"question": "kohtelu"}),
        ],
        FI,
    )  # fmt: skip
    assert told is not None
    hours, stages, statements = told.grids
    assert [hours.rows[0].name, *(cell.text for cell in hours.rows[0].cells)] == [
        "klo 10\N{EN DASH}11",
        "\N{MINUS SIGN}4",
        "\N{MINUS SIGN}6 \N{EN DASH} \N{MINUS SIGN}2",
        "900",
    ]
    assert stages.rows[0].name == "asioinnin jälkeen"
    assert [cell.text for cell in statements.rows[0].cells] == ["0,77", "100"]
    assert any("eivät kerro syytä" in note for note in told.notes)


def test_what_is_not_known_is_left_out_and_without_anything_there_is_no_chapter() -> None:
    unknown = live("reason_share", None, status="below_min_n", dimension={"polarity": "negative"})
    assert going_with([unknown], FI) is None
