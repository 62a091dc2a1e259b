"""Counts and registry rows put straight into the tables of metrics, for tests of reading."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import psycopg
from psycopg.types.json import Jsonb

from kokemus.contracts.events import SCALE_SIZES, EntityId
from metrics.domain.ancestry import Validity, closure

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
LONG_AGO = date(2000, 1, 1)


class Tables:
    """Fills the tables as the consumer would, one statement a call."""

    def __init__(self, url: str) -> None:
        self._connection = psycopg.connect(
            url.replace("postgresql+psycopg://", "postgresql://"),
            autocommit=True,
            options="-c synchronous_commit=off",
        )
        self._tree: dict[EntityId, list[Validity]] = {}
        self._devices: dict[EntityId, list[Validity]] = {}

    def close(self) -> None:
        self._connection.close()

    def execute(self, statement: str, parameters: Sequence[object] = ()) -> None:
        self._connection.execute(statement, parameters)

    def count(
        self,
        entity: str,
        day: date,
        counts: Sequence[int],
        *,
        misuse: Sequence[int] | None = None,
        channel: str = "kiosk",
        scale: str = "smiley4",
        question: str = "q-overall",
        source: str = "kiosks",
        device: str = "1",
        hour: int = 12,
        at: datetime = NOW,
    ) -> None:
        marked = list(misuse or [0] * len(counts))
        series = self._id(
            "INSERT INTO series (entity, channel, scale, question) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (entity, channel, scale, question, asker) DO UPDATE"
            " SET scale = excluded.scale RETURNING id",
            (entity, channel, scale, question),
        )
        stream = self._id(
            "INSERT INTO stream (series_id, source, device, touchpoint) VALUES (%s, %s, %s, '')"
            " ON CONFLICT (series_id, source, device, touchpoint) DO UPDATE"
            " SET device = excluded.device RETURNING id",
            (series, source, device),
        )
        cell = {"counts": list(counts), "misuse": marked, "at": at}
        self._add("day_counts", "stream_id, day", {"owner": stream, "day": day, **cell})
        self._add(
            "month_counts",
            "series_id, month",
            {"owner": series, "day": day.replace(day=1), **cell},
        )
        hours = [0] * (24 * SCALE_SIZES[scale])
        for value, count in enumerate(counts):
            hours[hour * SCALE_SIZES[scale] + value] = count
        self.execute(
            "INSERT INTO hour_counts AS h VALUES (%s, %s, %s) ON CONFLICT (series_id, day)"
            " DO UPDATE SET counts = ARRAY(SELECT a + b FROM unnest(h.counts, excluded.counts)"
            " AS u(a, b))",
            (series, day, hours),
        )

    def _add(self, table: str, key: str, row: Mapping[str, object]) -> None:
        self._connection.execute(
            f"INSERT INTO {table} AS t VALUES"
            " (%(owner)s, %(day)s, %(counts)s, %(misuse)s, %(at)s)"
            f" ON CONFLICT ({key}) DO UPDATE SET"
            " counts = ARRAY(SELECT a + b FROM unnest(t.counts, excluded.counts) AS u(a, b)),"
            " misuse = ARRAY(SELECT a + b FROM unnest(t.misuse, excluded.misuse) AS u(a, b)),"
            " updated_at = greatest(t.updated_at, excluded.updated_at)",
            row,
        )

    def _id(self, statement: str, parameters: Sequence[object]) -> int:
        row = self._connection.execute(statement, parameters).fetchone()
        assert row is not None
        return int(row[0])

    def entity(
        self, entity: str, *validities: tuple[str | None, date, date | None], kind: str = "unit"
    ) -> None:
        """Defines an entity; without validities it hangs under the city for ever."""
        given = validities or ((None if entity == "helsinki" else "helsinki", LONG_AGO, None),)
        self.execute(
            "INSERT INTO entities (id, kind, merged_time, merged_id) VALUES (%s, %s, now(), 'x')",
            (entity, kind),
        )
        for parent, first, last in given:
            self.execute(
                "INSERT INTO entity_validities VALUES (%s, %s, %s, NULL, NULL, %s, %s)",
                (entity, parent, entity, first, last),
            )
        self._tree[EntityId(entity)] = [
            Validity(None if parent is None else EntityId(parent), first, last)
            for parent, first, last in given
        ]
        self._changed()

    def device(self, source: str, device: str, *places: tuple[str, date, date | None]) -> str:
        subject = f"device.{source}.{device}"
        self.execute(
            "INSERT INTO devices VALUES (%s, %s, %s, now(), 'x')", (subject, source, device)
        )
        for entity, first, last in places:
            self.execute(
                "INSERT INTO device_places VALUES (%s, %s, %s, %s, %s, %s)",
                (subject, source, device, entity, first, last),
            )
        self._devices[EntityId(subject)] = [
            Validity(EntityId(entity), first, last) for entity, first, last in places
        ]
        self._changed()
        return subject

    def _changed(self) -> None:
        self.execute("UPDATE registry_version SET version = version + 1")
        self.execute("DELETE FROM ancestry")
        rows = closure(self._tree, self._devices).rows
        with self._connection.cursor().copy("COPY ancestry FROM STDIN") as copy:
            for row in rows:
                copy.write_row(
                    (
                        row.ancestor,
                        row.descendant,
                        row.valid_from or "-infinity",
                        row.valid_to or "infinity",
                    )
                )

    def question(self, question: str, family: str, scale: str = "smiley4") -> None:
        self.execute(
            "INSERT INTO questions VALUES (%s, %s, %s, NULL, now(), 'x')",
            (question, family, scale),
        )
        self.execute("UPDATE registry_version SET version = version + 1")

    def heard(self, source: str, until: datetime, error: str | None = None) -> None:
        poll: Mapping[str, object] = {
            "source": source,
            "window_from": until.isoformat(),
            "window_to": until.isoformat(),
            "error": error,
        }
        self.execute(
            "INSERT INTO sources VALUES (%s, %s, %s, %s, 'x') ON CONFLICT (source) DO UPDATE"
            " SET data = excluded.data",
            (source, Jsonb(poll), until, until),
        )
        self.execute("UPDATE registry_version SET version = version + 1")

    def mark(self, entity: str, day: date, metric: str = "happy_index") -> None:
        self.execute(
            "INSERT INTO series_breaks VALUES (%s, %s, %s, %s, 'kiosk', 'breaks', %s, now(), 'x')",
            (f"{entity}-{day}", entity, day, metric, Jsonb({"fi": "uusi toimittaja"})),
        )

    def reported(
        self,
        entity: str,
        metric: str,
        first: date,
        last: date,
        value: float | None,
        *,
        channel: str = "kiosk",
        as_of: date | None = None,
        n: int | None = None,
        approx: bool = False,
        ends: tuple[float, float] | None = None,
        decimals: int = 0,
    ) -> None:
        low, high = ends or (None, None)
        self.execute(
            "INSERT INTO reported_figures VALUES"
            " ('reference', %s, %s, %s, %s, NULL, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'report')",
            (
                f"{entity}/{metric}/{first}/{last}/{as_of}",
                entity,
                metric,
                channel,
                first,
                last,
                as_of or last,
                value,
                decimals,
                n,
                approx,
                low,
                high,
            ),
        )
