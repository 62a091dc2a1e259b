"""Runs jobs again and again, each in a loop of its own, and one turn of a job at a time.

A job is idempotent: a turn that was cut short is simply done again. Several workers may run: who
holds a job's advisory lock does its turn, and the database frees the lock of one that has died.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from kokemus.errors import Unavailable
from kokemus.metric_names import JOB_DONE, JOB_TURNS
from kokemus.polling.pace import Timing, back_off
from kokemus.telemetry import Meters

AWAY: Final = (Unavailable, OperationalError, InterfaceError, NoConnectionError)
"""How a service or a database says that it is away, or too busy."""
_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(hashtextextended('reporting.' || :job, 0))")

_log = structlog.get_logger()


@dataclass(frozen=True)
class Job:
    """A piece of work that is done over and over.

    Attributes:
        name: in metrics and logs; a lower-case word or two joined by `-`.
        every: the rest between two turns.
        work: one turn; idempotent. It raises `Unavailable` where the world is broken.
    """

    name: str
    every: timedelta
    work: Callable[[], Awaitable[None]]


class Scheduler:
    """Does the turns of jobs."""

    def __init__(self, engine: AsyncEngine, meters: Meters, timing: Timing) -> None:
        self._engine = engine
        self._meters = meters
        self._timing = timing

    async def follow(self, job: Job) -> None:
        """Does the job for ever; what is away is waited for, ever more patiently."""
        failures = 0
        while True:
            try:
                done = await self.turn(job)
                failures = 0
                if done:
                    self._meters.set(JOB_DONE, self._timing.now().timestamp(), job.name)
                self._meters.add(JOB_TURNS, 1, job.name, "done" if done else "elsewhere")
            except AWAY as error:
                failures += 1
                self._meters.add(JOB_TURNS, 1, job.name, "failed")
                _log.warning("job not done", job=job.name, why=type(error).__name__)
            rest = back_off(failures, self._timing.dice) if failures else 0
            await self._timing.sleep(max(job.every.total_seconds(), rest))

    async def turn(self, job: Job) -> bool:
        """Does the job once, unless another worker is just doing it; whether it was done here.

        Raises:
            Unavailable: what the job needs is away; so do the errors of `AWAY`.
        """
        async with self._engine.begin() as connection:
            if not (await connection.execute(_LOCK, {"job": job.name})).scalar_one():
                return False
            await job.work()
        return True
