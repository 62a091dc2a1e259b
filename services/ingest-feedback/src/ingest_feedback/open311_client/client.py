"""Asks a GeoReport v2 server for its services and its requests."""

from collections.abc import Callable
from typing import NamedTuple

from ingest_feedback.open311_client.forms import Row, rows, text
from ingest_feedback.open311_client.mapping import moment
from ingest_feedback.open311_client.settings import Open311Settings
from ingest_feedback.open311_client.windows import Window
from kokemus.errors import Unavailable
from kokemus.polling.asking import Asking


class Answer(NamedTuple):
    """The requests that a server gave for a window.

    Attributes:
        window: what was asked for.
        rows: what came.
        full: whether there may be more.
        divisible: whether all that came lies in the window: only then does asking for less help.
    """

    window: Window
    rows: list[Row]
    full: bool
    divisible: bool


class Open311:
    """A server's requests, asked politely: one at a time, at a bounded rate.

    Args:
        asking: the server's address.
        settings: the city's.
        key: gives the `api_key` as it is now, None where none is asked for.
    """

    def __init__(
        self, asking: Asking, settings: Open311Settings, key: Callable[[], str | None]
    ) -> None:
        self._asking = asking
        self._settings = settings
        self._key = key

    async def services(self) -> list[Row]:
        """The services that the server lists.

        Raises:
            TokenRefused: 401 or 403.
            Unavailable: the server is away, or does not answer as it should.
        """
        return await self._rows("services", {})

    async def requests(self, window: Window) -> Answer:
        """The requests made in a window, as many as the server gives.

        Raises:
            TokenRefused: 401 or 403.
            Unavailable: the server is away, or does not answer as it should.
        """
        start, end = window.asked
        extended = {"extensions": "true"} if self._settings.extensions else {}
        asked = {"start_date": start, "end_date": end, **extended}
        found = await self._rows("requests", asked)
        made = (moment(text(row, "requested_datetime"), self._settings.zone) for row in found)
        return Answer(
            window=window,
            rows=found,
            full=len(found) >= self._settings.cap,
            divisible=all(time is None or window.holds(time) for time in made),
        )

    async def _rows(self, name: str, params: dict[str, str]) -> list[Row]:
        whose = {"jurisdiction_id": self._settings.jurisdiction, "api_key": self._key()}
        given = {name: value for name, value in whose.items() if value is not None}
        path = f"{name}.{self._settings.form}"
        response = await self._asking.get(path, {**given, **params})
        try:
            return rows(response.content, self._settings.form)
        except Unavailable as error:
            raise Unavailable(f"{path}: {error}") from None
