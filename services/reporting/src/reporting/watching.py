"""Judges the live figures by the rules of alerts, again and again."""

from dataclasses import dataclass
from datetime import date
from importlib import resources
from zoneinfo import ZoneInfo

from kokemus.metric_names import ALERTS_OPEN
from kokemus.polling.pace import Timing
from kokemus.telemetry import Meters
from reporting.domain.alerts import METRICS, Policy, Rule, judge, read_policy, spans
from reporting.domain.desk import entities_on
from reporting.metrics_client import MetricsClient
from reporting.settings import ReportingSettings
from reporting.storage.alerts import AlertStore


def packaged_policy() -> Policy:
    """The rules that hold where a city has none of its own."""
    return read_policy((resources.files("reporting") / "data" / "alerts.json").read_bytes())


def policy_of(settings: ReportingSettings) -> Policy:
    """The rules of alerts: a city's own, else those of the package.

    Raises:
        OSError: the city's file cannot be read.
        ValueError: it holds no rules.
    """
    own = settings.alert_rules_file
    return read_policy(own.read_bytes()) if own else packaged_policy()


@dataclass(frozen=True)
class Watch:
    """Opens and clears alerts; each turn is idempotent."""

    store: AlertStore
    metrics: MetricsClient
    policy: Policy
    meters: Meters
    timing: Timing
    zone: ZoneInfo

    async def look(self) -> None:
        """Judges every rule once.

        Raises:
            Unavailable: the metrics API cannot be read.
        """
        now = self.timing.now()
        today = now.astimezone(self.zone).date()
        tree = entities_on(await self.metrics.entities(), today)
        presses = (await self.metrics.status()).topics.get("kiosk-presses.v1")
        counted = presses is not None and presses.state == "running"
        for rule in self.policy.rules:
            if rule.signal == "silence" and not counted:
                continue  # it is the counting that stands still, not the devices
            judged = sorted(one.id for one in tree.values() if one.kind in rule.kinds)
            await self._judge(rule, judged, today)
        standing = {(one.rule, one.acknowledged): one.alerts for one in await self.store.standing()}
        for rule in self.policy.rules:
            for acknowledged, state in ((False, "new"), (True, "acknowledged")):
                count = standing.get((rule.code, acknowledged), 0)
                self.meters.set(ALERTS_OPEN, count, rule.code, state)

    async def _judge(self, rule: Rule, entities: list[str], today: date) -> None:
        totals = [
            await self.metrics.figures(METRICS[rule.signal], entities, span)
            for span in spans(rule, today)
        ]
        await self.store.take(rule, judge(rule, totals), today, self.timing.now())
