"""What an alert says, on the desk and by mail."""

from reporting.domain.alerts import SMALL, Alert
from reporting.domain.languages import Language
from reporting.domain.wording import series_title


def said(alert: Alert, language: Language) -> str:
    """The alert in a sentence of the desk; small counts of messages are not told exactly."""
    if alert.signal == "overdue" and alert.value < SMALL:
        few = f"<\N{NO-BREAK SPACE}{SMALL}"
        return language.say("Vastaamatta yli määräajan: %(count)s.", count=few)
    if alert.signal == "overdue":
        count = language.number(alert.value)
        return language.say("Vastaamatta yli määräajan: %(count)s.", count=count)
    return mailed(alert, language)


def mailed(alert: Alert, language: Language) -> str:
    """The alert in a sentence of a mail, which tells no count of messages at all."""
    limit, value = language.number(alert.limit), language.number(alert.value)
    n = f"n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{language.number(alert.n or 0)}"
    match alert.signal:
        case "negatives":
            return language.say(
                "Kielteisten vastausten osuus on %(value)s (raja %(limit)s, %(n)s).",
                value=language.value("negative_share", alert.value),
                limit=language.value("negative_share", alert.limit),
                n=n,
            )
        case "low_index":
            return language.say(
                "Hymiöindeksi on %(value)s (raja %(limit)s, %(n)s).",
                value=value,
                limit=limit,
                n=n,
            )
        case "silence":
            return language.say(
                "Palautelaitteilta ei ole tullut vastauksia %(days)s päivään.", days=limit
            )
        case "overdue":
            return language.say("Palautteita on vastaamatta yli määräajan.")


def about(alert: Alert, language: Language) -> str:
    """Which answers the alert is about; empty where that goes without saying."""
    if alert.signal not in ("negatives", "low_index"):
        return ""
    return series_title(alert.channel, alert.scale, "overall", language)
