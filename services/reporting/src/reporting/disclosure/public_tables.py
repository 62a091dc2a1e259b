"""The tables of persons' acts that leave the house; nothing else of these classes is public."""

from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

TO_SERVICE_ENTITY: Final = frozenset({"city", "division", "service_entity"})
DIVISION: Final = frozenset({"division"})
UNIT: Final = frozenset({"unit"})
WHOLE: Final[frozenset[tuple[str, ...]]] = frozenset({()})
TO_SERVICE: Final = TO_SERVICE_ENTITY | {"service"}

LEAST_IN_A_CELL: Final[Mapping[str, int]] = {"B": 5, "C": 10}
"""By class: so many persons must stand behind a count that is published."""
LEAST_IN_HEALTH_AND_SOCIAL: Final = 10
"""The same for persons' acts in health and social services."""
HEALTH_AND_SOCIAL: Final = frozenset({"sote"})
"""The entities under which those services hang."""
MIN_N: Final = 30
"""So many answers stand behind a share, a mean or an NPS."""


class Table(NamedTuple):
    """What is published of a count.

    Attributes:
        name: by which the approver knows it.
        metric: the count, or the share whose n is the count.
        rule: `B`, persons' acts; `C`, objections, complaints and the ombudsperson.
        kinds: by grain the kinds of entities that are shown.
        dimensions: by grain the names of the breakdowns that are shown; empty for the whole.
        channel: the only channel of the table; None: whatever there is.
        derived: shares, means and the like that are shown beside the count.
        n: whether the count is the n of the metric, and not its value.
    """

    name: str
    metric: str
    rule: Literal["B", "C"]
    kinds: Mapping[str, frozenset[str]]
    dimensions: Mapping[str, frozenset[tuple[str, ...]]]
    channel: str | None = None
    derived: tuple[str, ...] = ()
    n: bool = False


TABLES: Final = (
    Table(
        "feedback",
        "feedback_count",
        "B",
        {"month": TO_SERVICE, "year": UNIT},
        {"month": frozenset({(), ("kind",)}), "year": WHOLE},
        derived=("praise_share", "criticism_share"),
    ),
    Table(
        "promises",
        "answered_in_promise_share",
        "B",
        {"month": TO_SERVICE, "year": UNIT},
        {"month": WHOLE, "year": WHOLE},
        n=True,
    ),
    Table(
        "surveys",
        "press_count",
        "B",
        {"year": TO_SERVICE},
        {"year": WHOLE},
        channel="survey",
        derived=(
            "happy_index",
            "very_positive_share",
            "satisfied_share",
            "nps",
            "promoter_share",
            "passive_share",
            "detractor_share",
            "mean_likert5",
            "mean_grade4_10",
        ),
    ),
    Table(
        "participation",
        "participation_volume",
        "B",
        {"year": frozenset({"service_entity"})},
        {"year": frozenset({("level",)})},
    ),
    Table(
        "complaints",
        "complaint_count",
        "C",
        {"year": TO_SERVICE_ENTITY},
        {"year": frozenset({("kind",)})},
    ),
    Table(
        "reasons",
        "complaint_count",
        "C",
        {"year": DIVISION},
        {"year": frozenset({("kind", "reason")})},
    ),
    Table(
        "ombudsperson",
        "ombudsman_contacts",
        "C",
        {"year": DIVISION},
        {"year": frozenset({(), ("field",)})},
    ),
)

NEVER_PUBLIC: Final = frozenset(
    {
        "misuse_share",
        "hourly_press_count",
        "hourly_satisfied_share",
        "reason_count",
        "reason_share",
        "answer_time_median",
        "answer_time_mean",
        "reaction_time_mean",
        "unanswered_overdue",
        "complaint_decisions",
        "share_of_city",
        "ombudsman_matters",
        "response_rate",
        "reach",
        "driver_statement_correlation",
        "driver_hour_difference",
        "driver_touchpoint_difference",
    }
)
"""Metrics that stay on the desk."""
