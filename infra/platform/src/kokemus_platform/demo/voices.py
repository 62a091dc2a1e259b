"""The demo's other sources: feedback and its answers, surveys, cases, and returns. Pure.

All of it is invented and as codes only, hangs under the entities of the reference, and is the same
for the same seed. Nothing of it lies in the years that the reference shows as reported.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from kokemus.contracts import events
from kokemus_platform.demo.city import SERVICE_ENTITIES
from kokemus_platform.demo.year import DAYS, ZONE

SOURCE: Final = "demo-voices"

QUALITIES: Final = {
    "terveysasemat": 0.55,
    "hammashoitolat": 0.7,
    "neuvolat": 0.8,
    "perhekeskukset": 0.72,
    "kotihoito": 0.6,
    "monipuoliset-palvelukeskukset": 0.75,
    "kasko": 0.66,
    "kuva": 0.78,
    "kymp": 0.5,
}
"""How content those who write are, by what they write about."""
MESSAGES_A_DAY: Final = 4.0
"""About each of them on a working day."""
RESPONDENTS: Final = 240
STATUTORY: Final = {
    "terveys-ja-paihdepalvelut": 24,
    "sairaala-kuntoutus-ja-hoivapalvelut": 9,
    "perhe-ja-sosiaalipalvelut": 11,
}
"""Objections and complaints a month, by service entity."""
RETURNING: Final = tuple(
    dict.fromkeys([*STATUTORY, "henkilosto-ja-kehittamispalvelut", *SERVICE_ENTITIES])
)
"""Every service entity; the last two have not returned the newer year yet."""
METHODS: Final = {
    1: ("tiedotustilaisuudet", "asiakasneuvontakanavat", "palautekanavat", "kyselyt"),
    2: ("keskustelutilaisuudet", "somekanavat"),
    3: ("asiakasraadit", "tyopajat", "kokemusasiantuntijat", "vapaaehtoistoiminta"),
    4: ("osallistuva_budjetointi",),
}


def voices(seed: int, today: date) -> Iterator[events.Event]:
    """Every event of the year up to yesterday, and the returns of the two calendar years before."""
    first = today - timedelta(DAYS)
    for number in range(DAYS):
        yield from _messages(seed, first + timedelta(number), today)
    yield from _surveys(seed, first, today)
    for number in range(12):
        yield from _statutory(seed, _month(first, number + 1), today)
    yield from _returns(seed, today)


def dice_of(*name: object) -> random.Random:
    """Dice that fall the same for the same name."""
    return random.Random("/".join(map(str, name)))  # noqa: S311 - a demo must repeat itself


def _at(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE).astimezone(UTC)


def envelope(identity: str, subject: str, moment: datetime) -> dict[str, Any]:
    """All of an event but its data."""
    return {
        "specversion": "1.0",
        "id": identity,
        "source": SOURCE,
        "subject": events.EntityId(subject),
        "time": moment,
    }


def _messages(seed: int, day: date, today: date) -> Iterator[events.Event]:
    """The feedback of a day, and what becomes of it: some stay unanswered for long."""
    for subject, quality in QUALITIES.items():
        dice = dice_of(seed, "feedback", subject, day)
        busy = MESSAGES_A_DAY * (0.3 if day.weekday() > 4 else 1) * (0.6 if day.month == 7 else 1)
        for number in range(int(busy + dice.random())):
            identity = f"{day}-{subject}-{number}"
            moment = _at(day, dice.randrange(7, 22), dice.randrange(60))
            kind: Any = dice.choices(
                ["kiitos", "moite", "kysymys", "ehdotus", "vikailmoitus", "muu"],
                [quality, 1.2 - quality, 0.3, 0.2, 0.5 if subject == "kymp" else 0.05, 0.1],
            )[0]
            reachable = dice.random() < (0.4 if kind == "kiitos" else 0.75)
            language: Any = dice.choices(["fi", "sv", "en", "other"], [85, 6, 8, 1])[0]
            data = events.Feedback(
                feedback_id=identity,
                kind=kind,
                answer_requested=reachable and dice.random() < 0.9,
                contact_left=reachable,
                answer_possible=reachable,
                language=language,
                themes=dice.choices(
                    [["kohtaaminen"], ["saatavuus_ja_jonotus"], ["sahkoinen_asiointi"], []],
                    [3, 4 * (1.2 - quality), 2, 2],
                )[0],
            )
            yield events.FeedbackReceived(
                **envelope(f"received/{identity}", subject, moment), data=data
            )
            if data.answer_requested:
                yield from _answers(identity, subject, moment, today, dice)
            elif dice.random() < 0.01:
                back = envelope(f"withdrawn/{identity}", subject, moment + timedelta(hours=1))
                yield events.FeedbackWithdrawn(**back, data=events.FeedbackWithdrawal(identity))


def _answers(
    identity: str, subject: str, moment: datetime, today: date, dice: random.Random
) -> Iterator[events.Event]:
    """Most within a week; in July later, and a few never."""
    slow = 2.2 if moment.month == 7 else 1
    days = min(dice.lognormvariate(1.1, 0.6) * slow, 60)
    answered = moment + timedelta(days=days)
    if dice.random() < 0.03:
        return
    if days > 6 and dice.random() < 0.5:
        yield _answer(identity, subject, moment + timedelta(days=3), "interim_answer", today)
    if answered.date() < today:
        yield _answer(identity, subject, answered, "final_answer", today)


def _answer(
    identity: str, subject: str, moment: datetime, state: Any, today: date
) -> events.FeedbackAnswered:
    moment = min(moment, _at(today, 0))
    data = events.FeedbackAnswer(identity, moment, state)
    return events.FeedbackAnswered(**envelope(f"{state}/{identity}", subject, moment), data=data)


def _surveys(seed: int, first: date, today: date) -> Iterator[events.Event]:
    """A probability sample in spring and autumn, a link for whoever likes, and a wave ahead."""
    waves = {f"{first:%Y}-syksy": 20, f"{today:%Y}-kevat": 150, f"{today:%Y}-syksy": 330}
    questions = [
        events.SurveyQuestion("suosittelu", "recommend", "nps"),
        events.SurveyQuestion("kokonaisarvio", "overall", "grade4_10"),
        events.SurveyQuestion("kohtelu", "statement", "likert5"),
        events.SurveyQuestion("odotusaika", "statement", "likert5"),
    ]
    for wave, after in waves.items():
        day = first + timedelta(after)
        yield _defined("terveysasemakysely", wave, "probability", questions, 60_000, day)
        yield from _responses(seed, "terveysasemakysely", wave, "terveysasemat", day)
    link = [events.SurveyQuestion("arvio", "overall", "smiley4")]
    yield _defined("palvelulinkki", f"{today:%Y}", "self_selected", link, None, first)
    for number in range(400):
        dice = dice_of(seed, "link", number)
        value = dice.choices([0, 1, 2, 3], [8, 12, 30, 50])[0]
        data = events.SurveyAnswer(
            "palvelulinkki", f"{today:%Y}", f"r{number}", "arvio", "smiley4", value
        )
        moment = _at(first + timedelta(dice.randrange(DAYS)), 15)
        yield events.SurveyAnswered(**envelope(f"link/{number}", "neuvolat", moment), data=data)
    yield _defined(
        "terveysasemakysely", f"{today.year + 1}-kevat", "probability", questions, None, first
    )
    overall = [events.SurveyQuestion("kokonaisarvio", "overall", "likert5")]
    yield _defined("hammashoitokysely", f"{today:%Y}", "census", overall, None, first)
    yield events.SurveyResulted(
        **envelope("result/hammashoito", "hammashoitolat", _at(today - timedelta(1), 12)),
        data=events.SurveyResult(
            survey_id="hammashoitokysely",
            wave=f"{today:%Y}",
            question_id="kokonaisarvio",
            scale="likert5",
            period_start=first,
            period_end=today - timedelta(1),
            as_of=(today - timedelta(1)).isoformat(),
            min=4.2,
            max=4.6,
        ),
    )


def _defined(  # noqa: PLR0913, PLR0917 - what a survey is
    survey: str,
    wave: str,
    sampling: Any,
    questions: list[events.SurveyQuestion],
    customers: int | None,
    day: date,
) -> events.SurveyDefined:
    offered = None if customers is None else 4 * RESPONDENTS
    data = events.Survey(survey, wave, sampling, questions, customers, offered)
    return events.SurveyDefined(
        **envelope(f"defined/{survey}/{wave}", survey, _at(day, 6)), data=data
    )


def _responses(
    seed: int, survey: str, wave: str, subject: str, day: date
) -> Iterator[events.Event]:
    for number in range(RESPONDENTS):
        dice = dice_of(seed, survey, wave, number)
        mood = dice.gauss(0.62, 0.2)
        moment = _at(day + timedelta(dice.randrange(21)), dice.randrange(8, 21))
        for question, scale, low, high, noise in (
            ("suosittelu", "nps", 0, 10, 0.08),
            ("kokonaisarvio", "grade4_10", 4, 10, 0.08),
            ("kohtelu", "likert5", 1, 5, 0.1),
            ("odotusaika", "likert5", 1, 5, 0.35),
        ):
            felt = min(max(mood + dice.gauss(0.1, noise), 0), 1)
            value = low + round((high - low) * felt)
            data = events.SurveyAnswer(survey, wave, f"r{number}", question, scale, value)  # type: ignore[arg-type]  # a scale
            identity = f"{survey}/{wave}/{number}/{question}"
            yield events.SurveyAnswered(**envelope(identity, subject, moment), data=data)


def _statutory(seed: int, month: date, today: date) -> Iterator[events.Event]:
    """Summaries of a month that is over, and a few single decisions."""
    last = _month(month, 1) - timedelta(1)
    if last >= today:
        return
    period: dict[str, Any] = {"period_start": month, "period_end": last, "as_of": last.isoformat()}
    told = _at(last, 16)
    kinds: dict[events.CaseKind, float] = {"muistutus": 0.8, "kantelu": 0.2}
    for subject, monthly in STATUTORY.items():
        dice = dice_of(seed, "cases", subject, month)
        for kind, share in kinds.items():
            count = max(0, round(dice.gauss(monthly * share, monthly**0.5 / 2)))
            summary = events.ComplaintSummary(
                kind=kind, count=count, reasons=["hoito", "kohtelu"], **period
            )
            identity = f"cases/{subject}/{kind}/{month}"
            yield events.ComplaintSummarised(**envelope(identity, subject, told), data=summary)
        authority = "lvv" if last.year > 2025 else "avi"
        decided: tuple[tuple[events.CaseKind, str, str], ...] = (
            ("muistutus", "unit", "corrected"),
            ("kantelu", authority, "guidance"),
        )
        for number, (kind, whose, outcome) in enumerate(decided):
            case = f"demo-{subject}-{month}-{number}"
            decision = events.Decision(case, kind, whose, ["kohtelu"], outcome)
            yield events.ComplaintDecided(
                **envelope(f"decided/{case}", subject, _at(last, 12)), data=decision
            )
    dice = dice_of(seed, "ombudsperson", month)
    for field, mean in (("health", 80), ("social", 40), ("both", 12)):
        contacts = max(0, round(dice.gauss(mean, mean**0.5)))
        contacted = events.ContactSummary(
            field=field,  # type: ignore[arg-type]  # one of its fields
            contacts=contacts,
            matters=round(contacts * 1.2),
            **period,
        )
        identity = f"contacts/{field}/{month}"
        yield events.OmbudsmanSummarised(**envelope(identity, "sote", told), data=contacted)


def _returns(seed: int, today: date) -> Iterator[events.Event]:
    """Two years of ways of participation, the newer one still incomplete; a game; practices."""
    for year in (today.year - 2, today.year - 1):
        asked = _at(date(year + 1, 1, 31), 12)
        for subject in RETURNING[: None if year < today.year - 1 else -2]:
            for level, methods in METHODS.items():
                dice = dice_of(seed, "returns", subject, level)
                kept = dice.sample(methods, dice.randint(0 if level > 2 else 1, len(methods)))
                grown = kept if year < today.year - 1 else sorted({*kept, methods[0]})
                for method in grown or [f"none_{level}"]:
                    volume = None if not grown else dice.choice([None, dice.randrange(2, 60)])
                    data = events.MethodReport(level, method, year, volume)
                    identity = f"method/{subject}/{year}/{method}"
                    yield events.MethodReported(**envelope(identity, subject, asked), data=data)
    measures = [
        events.GameMeasure("asiakaskokemus", "teemme_jo_hyvin"),
        events.GameMeasure("kayttajat", "kannattaa_kokeilla"),
        events.GameMeasure("toimintatavat", "avoimuus"),
    ]
    action = events.GameAction(
        "asiakasraadit", "palvelupaallikko", date(today.year + 1, 6, 1), "participation_coverage"
    )
    played = envelope("game/1", RETURNING[0], _at(date(today.year, 3, 3), 12))
    yield events.GamePlayed(**played, data=events.Game("peli-1", measures, [action]))
    for number, subject in enumerate(QUALITIES):
        last = today - timedelta(60 + 140 * number)
        practice = events.Practice(
            collects=number != 7,
            survey=number % 2 == 0,
            feedback_channel=True,
            frequency=["yearly"],
            last_time=[] if number == 7 else [f"{last:%Y-%m}"],
            used_where=["work_unit", "management"],
            respondents=[],
        )
        identity = f"practice/{subject}/{today.year - 1}"
        asked = _at(today - timedelta(30), 12)
        yield events.PracticeReported(**envelope(identity, subject, asked), data=practice)


def _month(day: date, later: int) -> date:
    """The first day of the month so many months after a day's."""
    index = day.year * 12 + day.month - 1 + later
    return date(index // 12, index % 12 + 1, 1)
