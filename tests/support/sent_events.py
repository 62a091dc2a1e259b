"""Builders of events as source systems send them: only what a test is about is given."""

from typing import Any


def press(**changes: Any) -> dict[str, Any]:
    """A kiosk press as JSON; keywords replace fields of the data, `event` those of the envelope."""
    event = changes.pop("event", {})
    return {
        "specversion": "1.0",
        "type": "fi.hel.kokemus.kiosk.pressed.v1",
        "id": "press-1",
        "source": "happyornot",
        "subject": "terveysasema-kallio",
        "time": "2026-03-02T10:15:30+02:00",
        "data": {
            "device_id": "4711",
            "scale": "smiley4",
            "value": 3,
            "question_id": "q-overall",
            "channel": "kiosk",
            **changes,
        },
        **event,
    }


def complaint(**changes: Any) -> dict[str, Any]:
    """A registered complaint as JSON."""
    event = changes.pop("event", {})
    return {
        "specversion": "1.0",
        "type": "fi.hel.kokemus.complaint.registered.v1",
        "id": "case-1",
        "source": "registry-system",
        "subject": "terveysasemat",
        "time": "2026-03-02T10:15:30+02:00",
        "data": {"case_id": "5f2a", "kind": "kantelu", "authority": "lvv", **changes},
        **event,
    }
