"""What mail says: the week's release and nothing else, the same in HTML and in plain text."""

from datetime import UTC, date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from reporting.composing import Composer
from reporting.domain.alerts import Alert
from reporting.domain.bounces import failed_for_good
from reporting.domain.drafting import Tree
from reporting.domain.embeds import Embed
from reporting.domain.languages import CODES, Code
from reporting.domain.letter_wording import alerting, embed_ended, undelivered, weekly
from reporting.domain.letters import Letter, Picture
from reporting.domain.releases import Change, Content, Entity, Figure, Note, Period
from reporting.domain.sessions import Signer
from reporting.domain.weekly_drafting import draft_week, weeks
from reporting.line_picture import drawn
from reporting.rendering import Templates
from reporting.texts import Texts
from support.mail_server import report
from support.release_builders import entity, live, text, without

WEEK = (date(2026, 11, 16), date(2026, 11, 22))
TEXTS = Texts()
SIGNER = Signer(b"k" * 32)
COMPOSER = Composer(
    Templates(TEXTS.languages, {}, "https://kokemus.example", "helsinki"),
    TEXTS.languages,
    SIGNER,
    "https://kokemus.example",
)
TREE = Tree(
    [
        entity("kallio", parent="terveysasemat", names=text("Kallio & Alppila <1>")),
        entity("aaninen", parent="terveysasemat"),
        entity("terveysasemat", "service", "sote"),
        entity("sote", "division"),
    ],
    (),
)


def week(back: int = 0) -> Period:
    first = date.fromordinal(WEEK[0].toordinal() - 7 * back)
    return Period(first, date.fromordinal(first.toordinal() + 6), "week")


def content(*more: Figure) -> Content:
    """A week of three entities; Kallio was silent two weeks ago and has two devices."""
    figures = [
        live("press_count", 212, n=212, period=week()),
        live("happy_index", 81, n=212, period=week(), change=Change(-3, "worse", "ok")),
        live("happy_index", 84, n=190, period=week(1)),
        live("happy_index", None, n=0, status="no_data", period=week(2)),
        live("happy_index", 79, n=150, period=week(3)),
        live("device_count", 2, n=2, scale=None, family=None, period=week()),
        live("happy_index", 44, n=29, period=week(), entity="aaninen"),
        live("happy_index", 66, n=400, period=week(), entity="terveysasemat"),
        live("happy_index", 68, n=900, period=week(), entity="sote"),
        live("complaint_count", 23, n=23, period=week(), channel="statutory"),
        live("feedback_count", 31, n=31, period=week(), channel="web_feedback"),
    ]
    made = draft_week(figures, TREE, TEXTS.glossary, WEEK, WEEK[1])
    return without(made, figures=[*made.figures, *more])


def said(letter: Letter | None, user: str = "minna") -> tuple[str, str, EmailMessage]:
    """The plain text and the HTML of a letter, and its message."""
    assert letter is not None
    raw = COMPOSER.compose(letter, user, "weekly")
    message = message_from_bytes(raw, EmailMessage, policy=policy.default)
    plain, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    return plain.get_content(), html.get_content(), message


def words(*entities: str, language: Code = "fi", more: tuple[Figure, ...] = ()) -> str:
    return "\n".join(said(weekly(content(*more), entities, TEXTS.languages[language]))[:2])


def test_html_and_text_tell_the_same_figures() -> None:
    plain, html, _ = said(weekly(content(), ["kallio"], TEXTS.languages["fi"]))
    for told in ("212", "81 (\N{MINUS SIGN}3, ", "viikko 47: 81", "viikko 44: 79"):
        assert told in plain
        assert told in html
    assert "Vain kaupungin sisäiseen käyttöön" in plain
    assert "Kallio & Alppila <1>" in plain
    assert "Kallio &amp; Alppila &lt;1&gt;" in html


def test_a_manager_reads_of_the_own_subtree_only() -> None:
    own = words("kallio")
    assert "Kallio" in own
    assert "Aaninen" not in own
    assert "Terveysasemat" not in own
    all_below = words("terveysasemat")
    assert {"Kallio", "Aaninen", "Terveysasemat"} <= set(all_below.replace(",", " ").split())
    for nothing in ([], ["elsewhere"], ["sote"]):
        assert weekly(content(), nothing, TEXTS.languages["fi"]) is None, nothing


def test_the_mail_tells_which_meeting_went_through_it_and_what_was_done() -> None:
    made = without(
        content(),
        notes=[
            Note("handled", "kallio", WEEK[0], text("Tiimikokous.")),
            Note("done", "aaninen", WEEK[0], text("Ovi korjattiin.")),
        ],
    )
    told = said(weekly(made, ["kallio"], TEXTS.languages["fi"]))[0]
    assert "Käsitelty kokouksessa: Tiimikokous." in " ".join(told.split())
    assert "Ovi korjattiin" not in told


def test_no_complaint_and_no_act_of_a_person_reaches_the_release_or_the_mail() -> None:
    assert {one.metric for one in content().figures} == {
        "press_count",
        "happy_index",
        "device_count",
    }
    slipped = Figure(
        "complaint_count", "kallio", "statutory", None, None, week(), 999, 999, "ok", [], [], None
    )
    assert "999" not in words("kallio", more=(slipped,))


def test_a_week_of_few_answers_is_said_in_words() -> None:
    told = words("aaninen")
    assert "44" not in told.replace("viikko 44", "")
    assert TEXTS.languages["fi"].word("status.below_min_n") in told


def test_the_weeks_of_a_release_are_its_own_and_the_four_before() -> None:
    assert weeks(WEEK) == (date(2026, 10, 19), date(2026, 11, 22))
    assert (content().period_start, content().period_end, content().kind) == (
        *WEEK,
        "internal-weekly",
    )


@pytest.mark.parametrize("code", CODES)
def test_every_letter_is_in_its_readers_language(code: Code) -> None:
    language = TEXTS.languages[code]
    at = datetime(2026, 11, 23, tzinfo=UTC)
    alerts = [
        Alert(1, "o", "overdue", 1, "e", "web_feedback", "", WEEK[0], 2, None, at),
        Alert(2, "s", "silence", 4, "e", "kiosk", "", WEEK[0], 4, 90, at),
    ]
    known = Entity("e", "unit", None, text("Yksikkö", "Enhet", "Unit"))
    embed = Embed(3, "https://sivu.example/", "e", code, "web@kaupunki.invalid", "reeta", at)
    letters = [
        weekly(content(), ["kallio"], language),
        alerting(alerts, {"e": known}, language),
        undelivered("Minna", language),
        embed_ended(embed, known, language),
    ]
    finnish = {"fi": ("viikko", "hälytystä"), "sv": ("vecka", "larm"), "en": ("week", "alerts")}
    told = "\n".join(said(one)[0] for one in letters)
    for word in finnish[code]:
        assert word in told
    if code != "fi":
        assert "määrä" not in told.lower()
        assert "viikko" not in told.lower()
    for one in letters:
        assert f'<html lang="{code}">' in said(one)[1]


def test_a_picture_stands_inside_the_mail_with_words_and_says_no_more_than_they() -> None:
    _, html, message = said(weekly(content(), ["kallio"], TEXTS.languages["fi"]))
    (image,) = [one for one in message.walk() if one.get_content_type() == "image/png"]
    assert image["Content-ID"] == "<picture-0>"
    assert 'src="cid:picture-0"' in html
    silent = TEXTS.languages["fi"].word("status.no_data")
    assert f"100. Viikko 43: {silent}, viikko 44: 79, viikko 45: {silent}, viikko 46: 84" in html
    data = image.get_payload(decode=True)
    assert isinstance(data, bytes)
    assert len(data) < 10_000
    assert Image.open(BytesIO(data)).size == (1120, 240)
    assert "http" not in html.replace("https://kokemus.example/", ""), "nothing is fetched"


@given(st.lists(st.one_of(st.none(), st.integers(0, 100)), min_size=1, max_size=6))
def test_any_line_can_be_drawn(values: list[int | None]) -> None:
    assert drawn(Picture("", (("", ""),) * len(values), tuple(values), (0, 100))).startswith(
        b"\x89PNG"
    )


def test_one_click_says_whose_and_which_mail_and_cannot_be_forged() -> None:
    *_, message = said(weekly(content(), ["kallio"], TEXTS.languages["fi"]), "minna.ö")
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = message["List-Unsubscribe"].strip("<>")
    token = address.removeprefix("https://kokemus.example/unsubscribe/")
    assert SIGNER.stopped(token) == ("minna.ö", "weekly")
    other = SIGNER.stop_token("heikki", "weekly")
    forged = [
        other.partition(".")[0] + "." + token.partition(".")[2],
        token[:-1] + ("0" if token[-1] != "0" else "1"),
        "",
        ".",
        "ä.ä",
        Signer(b"x" * 32).stop_token("minna", "weekly"),
    ]
    assert [SIGNER.stopped(one) for one in forged] == [None] * len(forged)


def test_a_permanent_failure_is_read_from_a_report() -> None:
    own = SIGNER.message_id(41, "kokemus.example")
    found = failed_for_good(report(own))
    assert found is not None
    assert SIGNER.mail_number(found) == 41
    whole = report(own).replace(b"text/rfc822-headers", b"message/rfc822")
    assert failed_for_good(whole) == own


@pytest.mark.parametrize(
    "raw",
    [
        report("<1.x@y>", "4.2.2"),
        report("<1.x@y>", "2.0.0", "delivered"),
        report("<1.x@y>", "5.0.0", "delayed"),
        b"Subject: out of office\r\n\r\nI am away.",
        b"",
        b"\xff\xfe\x00",
    ],
)
def test_what_may_pass_or_is_no_report_stops_nothing(raw: bytes) -> None:
    assert failed_for_good(raw) is None


@given(st.binary(max_size=300))
def test_nothing_in_the_mailbox_breaks_the_reading(raw: bytes) -> None:
    failed_for_good(raw)
    head = b'MIME-Version: 1.0\r\nContent-Type: multipart/report; boundary="b"\r\n\r\n--b\r\n'
    failed_for_good(head + raw)


def test_a_report_about_a_mail_that_is_not_ours_proves_nothing() -> None:
    for foreign in ("<41.forged@kokemus.example>", "<x@y>", "", "<41>", "<²³.a@b>"):
        assert SIGNER.mail_number(foreign) is None
