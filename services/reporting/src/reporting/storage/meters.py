"""Keeps what a year's round says of the strategy's meters: days, steps taken, texts."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from reporting.domain.audit import Action
from reporting.domain.meters import Field, MeterCode, StageCode, version_of
from reporting.domain.releases import Text
from reporting.storage.audit import add_note


class MeterStore:
    """The meters of each round. Each method is a transaction of its own, audit note included."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def moved(self, year: int) -> dict[StageCode, date]:
        """The days that somebody chose."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT stage, due FROM round_deadline WHERE year = :year"), {"year": year}
            )
            return {row.stage: row.due for row in rows}

    async def move(self, year: int, days: Mapping[StageCode, date], by: str) -> None:
        """Keeps the days of a year's steps: these, and of the others the usual ones."""
        async with self._engine.begin() as connection:
            await connection.execute(
                text("DELETE FROM round_deadline WHERE year = :year"), {"year": year}
            )
            for stage, due in days.items():
                await connection.execute(
                    text("INSERT INTO round_deadline VALUES (:year, :stage, :due)"),
                    {"year": year, "stage": stage, "due": due},
                )
            told = ", ".join(f"{stage} {due}" for stage, due in days.items())
            await add_note(connection, by, "round.days", str(year), told)

    async def taken(self, year: int) -> set[tuple[MeterCode, StageCode]]:
        """The steps that were taken."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(
                text("SELECT meter, stage FROM meter_stage WHERE year = :year"), {"year": year}
            )
            return {(row.meter, row.stage) for row in rows}

    async def take(
        self, year: int, meter: MeterCode, stage: StageCode, by: str, *, done: bool
    ) -> None:
        """Marks a step of a meter as taken, or as not taken after all."""
        keep = "INSERT INTO meter_stage VALUES (:year, :meter, :stage) ON CONFLICT DO NOTHING"
        drop = "DELETE FROM meter_stage WHERE (year, meter, stage) = (:year, :meter, :stage)"
        async with self._engine.begin() as connection:
            await connection.execute(
                text(keep if done else drop), {"year": year, "meter": meter, "stage": stage}
            )
            action: Action = "meter.step" if done else "meter.step_back"
            await add_note(connection, by, action, f"{year} {meter}", stage)

    async def texts(self, year: int) -> dict[tuple[MeterCode, Field], Text]:
        """The texts that somebody wrote for the year."""
        async with self._engine.connect() as connection:
            return await _texts(connection, year)

    async def write(
        self, year: int, meter: MeterCode, texts: Mapping[Field, Text], by: str, seen: str
    ) -> bool:
        """Keeps the texts of a meter; False: others than those `seen` stand there meanwhile.

        Args:
            year: of the round.
            meter: which one.
            texts: all of it.
            by: who wrote them.
            seen: `version_of` the texts that these take the place of.
        """
        async with self._engine.begin() as connection:
            await connection.execute(text("LOCK TABLE meter_text IN SHARE ROW EXCLUSIVE MODE"))
            if version_of(await _texts(connection, year), meter) != seen:
                return False
            for field, one in texts.items():
                await connection.execute(
                    text(
                        "INSERT INTO meter_text VALUES (:year, :meter, :field, :fi, :sv, :en)"
                        " ON CONFLICT (year, meter, field)"
                        " DO UPDATE SET fi = :fi, sv = :sv, en = :en"
                    ),
                    {"year": year, "meter": meter, "field": field,
                     "fi": one.fi, "sv": one.sv, "en": one.en},
                )  # fmt: skip
            await add_note(connection, by, "meter.texts", f"{year} {meter}", ", ".join(texts))
        return True


async def _texts(connection: AsyncConnection, year: int) -> dict[tuple[MeterCode, Field], Text]:
    rows = await connection.execute(
        text("SELECT meter, field, fi, sv, en FROM meter_text WHERE year = :year"), {"year": year}
    )
    return {(row.meter, row.field): Text(row.fi, row.sv, row.en) for row in rows}
