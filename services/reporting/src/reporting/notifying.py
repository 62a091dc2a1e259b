"""Tells people by mail of what needs them: alerts, returns that are missing, mail that bounced."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from zoneinfo import ZoneInfo

from reporting.correspondence import Correspondence
from reporting.domain.alerts import Alert, Policy
from reporting.domain.desk import entities_on, path
from reporting.domain.letter_wording import alerting, reminding, stepping, undelivered
from reporting.domain.meters import METERS, meter_table
from reporting.domain.people import MAY_ACKNOWLEDGE, MAY_FILL, MAY_OPEN_ROUNDS, Person
from reporting.domain.releases import Entity
from reporting.domain.reminders import reminder
from reporting.domain.returns import Organisation, Round
from reporting.domain.round_stages import deadlines, progress
from reporting.metrics_client import MetricsClient
from reporting.storage.alerts import AlertStore
from reporting.storage.mail import Key
from reporting.storage.meters import MeterStore
from reporting.storage.returns import ReturnStore


@dataclass(frozen=True)
class Notifier:
    """Writes what is due; every method is idempotent."""

    correspondence: Correspondence
    metrics: MetricsClient
    alerts: AlertStore
    returns: ReturnStore
    meters: MeterStore
    policy: Policy
    zone: ZoneInfo

    async def tell_of_alerts(self) -> None:
        """Writes of each open alert once to those who answer for its entity, not in quiet hours.

        Raises:
            Unavailable: the metrics API, which has the names, cannot be read.
        """
        now = self.correspondence.timing.now()
        untold = await self.alerts.untold()
        if not untold or self.policy.is_quiet(now.astimezone(self.zone)):
            return
        tree = entities_on(await self.metrics.entities(), now.astimezone(self.zone).date())
        for person in self.correspondence.readers(MAY_ACKNOWLEDGE):
            own = [one for one in untold if _answers_for(person, one, tree)]
            if own:
                period = ",".join(str(one.id) for one in own)
                await self.correspondence.write(
                    Key(person.user, "alerts", period),
                    partial(alerting, own, tree),
                )
        await self.alerts.told([one.id for one in untold], now)

    async def remind(self) -> None:
        """Reminds of what is due in the rounds, on the days of `REMINDERS`.

        Divisions' contacts are told which returns are missing, administrators which steps of the
        meters are.

        Raises:
            Unavailable: the metrics API cannot be read.
        """
        today = self.correspondence.timing.now().astimezone(self.zone).date()
        for one in await self.returns.rounds():
            days = reminder(one.due, today)
            if one.opens <= today and days is not None:
                await self._remind(one, days)
            await self._remind_of_steps(one.year, today)

    async def _remind_of_steps(self, year: int, today: date) -> None:
        table = meter_table()
        steps = deadlines(year, table.stages, await self.meters.moved(year))
        taken = await self.meters.taken(year)
        for row in progress(steps, taken, METERS, today):
            missing = [one for one in table.meters if row.states[one.code] != "done"]
            due = row.deadline.due
            days = reminder(due, today) if due and missing else None
            if due is None or days is None:
                continue
            for person in self.correspondence.readers(MAY_OPEN_ROUNDS):
                await self.correspondence.write(
                    Key(person.user, "round", f"{year}/{row.deadline.stage}/{days}"),
                    partial(stepping, year, row.deadline.stage, due, missing),
                )

    async def _remind(self, round_: Round, days: int) -> None:
        today = self.correspondence.timing.now().astimezone(self.zone).date()
        organisation = Organisation(await self.metrics.entities(), round_.year)
        live = await self.metrics.participation(round_.year)
        returned = [one.entity for one in live.service_entities if one.returned]
        forms = await self.returns.forms(round_.year)
        divisions = organisation.rounds(round_.year, forms, returned)
        for person in self.correspondence.readers(MAY_FILL):
            own = [
                one for one in divisions if one.missing and person.may(MAY_FILL, one.division.id)
            ]
            if own:
                await self.correspondence.write(
                    Key(person.user, "round", f"{round_.year}/{days}"),
                    partial(reminding, round_, own, today),
                )

    async def undeliverable(self, key: Key) -> None:
        """Writes to the administrators of somebody whose mail of a kind does not arrive."""
        person = self.correspondence.people.get(key.recipient)
        name = person.name if person else key.recipient
        for one in self.correspondence.readers(MAY_OPEN_ROUNDS):
            if one.user != key.recipient:
                await self.correspondence.write(
                    Key(one.user, "bounce", f"{key.recipient}/{key.kind}/{key.period}"),
                    partial(undelivered, name),
                )


def _answers_for(person: Person, alert: Alert, tree: dict[str, Entity]) -> bool:
    """Whether the alert's entity is the person's own, or below one that is.

    Whose roles hold everywhere answers for no unit in particular and gets no mail of one.
    """
    above = [one.id for one in path(tree, alert.entity)] or [alert.entity]
    return person.entities is not None and not set(person.entities).isdisjoint(above)
