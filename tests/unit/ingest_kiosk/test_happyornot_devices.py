from pathlib import Path

import msgspec
import pytest
from pydantic import ValidationError

from ingest_kiosk.happyornot.devices import DEPTH, ExperiencePoint, Smiley, listing
from ingest_kiosk.happyornot.mapping import ButtonFeedback
from ingest_kiosk.happyornot.settings import HappyOrNotSettings


def press(device: int, point: int, day: str) -> ButtonFeedback:
    return msgspec.convert(
        {
            "feedbackId": "a",
            "smileyId": device,
            "localTime": f"{day}T10:00:00",
            "surveyId": 1,
            "experiencePointId": point,
            "buttonIndex": 0,
            "misuse": False,
            "smileyType": "SMILEY_TOUCH",
        },
        ButtonFeedback,
    )


def test_a_device_that_moved_has_a_line_for_each_place_from_its_first_day_there() -> None:
    points = [
        ExperiencePoint(1, "Talo"),
        ExperiencePoint(2, "Aula", 1),
        ExperiencePoint(3, "Piha", 1),
    ]
    presses = [press(7, 3, "2026-05-02"), press(7, 2, "2026-05-01"), press(7, 3, "2026-05-01")]
    lines = listing("vendor", [Smiley(7, "Laite"), Smiley(8, "Uusi")], points, presses)
    assert [(line.device_id, line.valid_from, line.point) for line in lines] == [
        ("7", "2026-05-01", "Talo / Aula"),
        ("7", "2026-05-01", "Talo / Piha"),
        ("8", "", ""),
    ]
    assert {line.entity for line in lines} == {""}


def test_groups_in_a_ring_and_points_that_nobody_described_end() -> None:
    ring = [ExperiencePoint(1, "a", 2), ExperiencePoint(2, "b", 1)]
    presses = [press(7, 1, "2026-05-01"), press(7, 9, "2026-05-01")]
    first, second = listing("vendor", [], ring, presses)
    assert first.point.count("/") == DEPTH - 1
    assert second.point == ""


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("x")
    return file


def test_settings_come_from_the_environment(token: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TOKEN_FILE": str(token),
        "ZONES": '{"12": "Europe/London"}',
        "REASONS": '{"40": "odotusaika"}',
        "INTERVAL": "PT5M",
    }.items():
        monkeypatch.setenv(f"KOKEMUS_HAPPYORNOT_{name}", value)
    found = HappyOrNotSettings()
    assert found.zone_of(12).key == "Europe/London"
    assert found.zone_of(13).key == "Europe/Helsinki"
    assert found.reasons == {40: "odotusaika"}
    assert found.interval.total_seconds() == 300


@pytest.mark.parametrize(
    "wrong",
    [
        {"reasons": {40: "waiting"}},
        {"zone": "Europe/Atlantis"},
        {"source": "no spaces"},
        {"source": "no.dots"},
        {"overlap": "P400D"},
        {"token_file": "/nowhere/token"},
    ],
)
def test_settings_that_make_no_sense_are_refused(token: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        HappyOrNotSettings.model_validate({"token_file": token} | wrong)
