from datetime import date

import msgspec
import pytest

from reporting.domain.notes import DeskNote, NoteRefusedError, for_release, written
from reporting.domain.releases import Period, Text
from reporting.domain.review import findings
from support.release_builders import content, entity, live

TODAY = date(2026, 11, 23)
FORM = {"kind": "heard", "day": "2026-11-20", "text_fi": "Jonot olivat pitkiä."}


def test_a_note_needs_finnish_and_may_have_the_other_languages() -> None:
    note = written(FORM | {"text_sv": " Köerna var långa. "}, "kallio", (), TODAY)
    assert note.text == Text("Jonot olivat pitkiä.", "Köerna var långa.", None)


def test_an_explanation_is_pinned_to_a_metric_and_a_month_and_nothing_else_is() -> None:
    pinned = FORM | {"kind": "explanation", "metric": "nps", "month": "2026-02"}
    explained = written(pinned, "kallio", ("nps",), TODAY)
    assert (explained.metric, explained.month) == ("nps", date(2026, 2, 1))
    (frozen,) = for_release([explained], (date(2026, 1, 1), date(2026, 11, 30)), ["kallio"])
    assert frozen.period == Period(date(2026, 2, 1), date(2026, 2, 28), "month")
    heard = written(pinned | {"kind": "heard"}, "kallio", ("nps",), TODAY)
    assert (heard.metric, heard.month) == (None, None)


@pytest.mark.parametrize(
    ("field", "flaw"),
    [
        ({"kind": "gossip"}, "kind"),
        ({"text_fi": " "}, "empty"),
        ({"text_en": "x" * 401}, "long"),
        ({"text_sv": "Ring 131052-308T"}, "personal"),
        ({"day": "2026-11-24"}, "day"),
        ({"day": "eilen"}, "day"),
        ({"kind": "explanation", "month": "2026-13"}, "month"),
    ],
)
def test_a_note_that_cannot_be_kept_says_why(field: dict[str, str], flaw: str) -> None:
    with pytest.raises(NoteRefusedError) as refused:
        written(FORM | field, "kallio", (), TODAY)
    assert refused.value.flaw == flaw


def test_a_release_freezes_its_own_days_and_entities_and_never_what_meetings_did() -> None:
    said = Text("Sanottu.")
    day = date(2026, 10, 5)
    kept = [
        DeskNote("done", "kallio", day, said),
        DeskNote("handled", "kallio", day, said),
        DeskNote("done", "elsewhere", day, said),
        DeskNote("done", "kallio", date(2025, 12, 31), said),
        DeskNote("explanation", "kallio", day, said, "nps", date(2026, 12, 1)),
    ]
    frozen = for_release(kept, (date(2026, 1, 1), date(2026, 10, 31)), ["kallio"])
    assert [(one.kind, one.entity, one.day) for one in frozen] == [("done", "kallio", day)]


def test_a_note_without_swedish_keeps_a_release_from_being_approved() -> None:
    days = (date(2026, 1, 1), date(2026, 12, 31))

    def missing(text: Text) -> list[str]:
        notes = for_release([DeskNote("done", "kallio", TODAY, text)], days, ["kallio"])
        made = msgspec.structs.replace(content(live(), entities=(entity(),)), notes=notes)
        return [one.where for one in findings(made) if one.code == "missing_text"]

    assert missing(Text("Ovi korjattiin.")) == ["done kallio 2026-11-23"]
    assert missing(Text("Ovi korjattiin.", "Dörren reparerades.")) == []
