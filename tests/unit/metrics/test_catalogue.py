"""The catalogue holds every metric that the monitor promises."""

import pytest

from metrics.domain.definitions import catalogue

EXPERIENCE = """
press_count happy_index very_positive_share satisfied_share misuse_share nps promoter_share
passive_share detractor_share mean_likert5 mean_grade4_10 experience_profile device_count
response_rate reach reason_share driver_hour_difference driver_touchpoint_difference
driver_statement_correlation
"""
FEEDBACK = """
feedback_count praise_share criticism_share share_of_city answered_in_promise_share
answer_time_median answer_time_mean reaction_time_mean unanswered_overdue
"""
STATUTORY = "complaint_count complaint_decisions ombudsman_contacts ombudsman_matters"
PARTICIPATION = """
participation_methods participation_volume participation_coverage participation_change
game_measures measurement_coverage measurement_staleness
"""


@pytest.mark.parametrize("metric", f"{EXPERIENCE} {FEEDBACK} {STATUTORY} {PARTICIPATION}".split())
def test_every_promised_metric_is_defined(metric: str) -> None:
    assert metric in catalogue().definitions


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_no_driver_claims_a_cause(language: str) -> None:
    causal = {"fi": ["koska", "johtuu", "vaikuttaa"], "sv": ["därför", "beror på", "orsakar"]}
    words = causal.get(language, ["because", "due to", "causes"])
    for one in catalogue().definitions.values():
        if one.metric.startswith(("driver_", "reason_")):
            text = getattr(one.explanation, language).lower()
            assert not any(word in text for word in words)
