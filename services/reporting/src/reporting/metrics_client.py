"""Reads the metrics API over HTTP: the only place where reporting meets the live figures."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import msgspec
import structlog

from kokemus.errors import Unavailable
from reporting.domain.live import (
    LiveBreak,
    LiveCatalogue,
    LiveDevice,
    LiveEntity,
    LiveFigure,
    LiveParticipation,
    SourceStatus,
    Status,
    Unplaced,
)

PAGE: Final = 10_000
"""Figures in one answer; the API's greatest page."""
ENTITIES_A_QUERY: Final = 50
"""Entities asked for at once, so that no address grows beyond what proxies take."""
_DAYS: Final = {"month": 28, "year": 365}
REMEMBERED: Final = 200
"""Answers kept with their ETags: an unchanged one costs the API next to nothing."""


class _Figures(msgspec.Struct):
    figures: list[LiveFigure]
    next: str | None = None


class _Entities(msgspec.Struct):
    entities: list[LiveEntity]
    next: str | None = None


class _Breaks(msgspec.Struct):
    breaks: list[LiveBreak]


class _Devices(msgspec.Struct):
    devices: list[LiveDevice]


class _Sources(msgspec.Struct):
    sources: list[SourceStatus]


class _Unplaced(msgspec.Struct):
    unplaced: list[Unplaced]


T = TypeVar("T")

_log = structlog.get_logger()


class MetricsClient:
    """The metrics API, read with one key. The caller closes the HTTP client."""

    def __init__(self, http: httpx.AsyncClient, key_file: Path) -> None:
        self._http = http
        self._key_file = key_file
        self._known: OrderedDict[str, tuple[str, bytes]] = OrderedDict()

    async def figures(  # noqa: PLR0913 - the parameters of the query
        self,
        metrics: Sequence[str],
        entities: Sequence[str],
        span: tuple[date, date],
        grain: str = "total",
        *,
        change: str | None = None,
        children: bool = False,
        variation: bool = False,
        channel: str | None = None,
    ) -> list[LiveFigure]:
        """All figures of these metrics and entities, page by page.

        Raises:
            Unavailable: the API cannot be reached, or does not take the key.
        """
        found: list[LiveFigure] = []
        rows = ((span[1] - span[0]).days // _DAYS[grain] + 2) if grain in _DAYS else 1
        # Each page is computed anew: as many entities at once as one page holds.
        together = min(max(PAGE // (len(metrics) * rows), 1), ENTITIES_A_QUERY)
        for start in range(0, len(entities), together):
            query: dict[str, Any] = {
                "metric": list(metrics),
                "entity": list(entities[start : start + together]),
                "from": span[0].isoformat(),
                "to": span[1].isoformat(),
                "grain": grain,
                "children": "true" if children else "false",
                "limit": PAGE,
            }
            if change:
                query["change"] = change
            if variation:
                query["variation"] = "true"
            if channel:
                query["channel"] = channel
            while True:
                page = await self._get("/v1/figures", query, _Figures)
                found += page.figures
                if page.next is None:
                    break
                query["cursor"] = page.next
        return found

    async def entities(self) -> list[LiveEntity]:
        """The organisation tree.

        Raises:
            Unavailable: the API cannot be reached, or does not take the key.
        """
        found: list[LiveEntity] = []
        query: dict[str, Any] = {}
        while True:
            page = await self._get("/v1/entities", query, _Entities)
            found += page.entities
            if page.next is None:
                return found
            query = {"cursor": page.next}

    async def catalogue(self) -> LiveCatalogue:
        """The metrics' names and explanations, and the bias notes.

        Raises:
            Unavailable: the API cannot be reached, or does not take the key.
        """
        return await self._get("/v1/metrics", {}, LiveCatalogue)

    async def breaks(self) -> list[LiveBreak]:
        """Every series break.

        Raises:
            Unavailable: the API cannot be reached, or does not take the key.
        """
        return (await self._get("/v1/breaks", {}, _Breaks)).breaks

    async def devices(self, entity: str) -> list[LiveDevice]:
        """The devices that stand under an entity today.

        Raises:
            Unavailable: the API cannot be reached, or does not take the key.
        """
        return (await self._get("/v1/devices", {"entity": entity}, _Devices)).devices

    async def participation(self, year: int) -> LiveParticipation:
        """What each service entity has returned for a year.

        Raises:
            Unavailable: the API cannot be reached, or does not take the key.
        """
        return await self._get("/v1/participation", {"year": year}, LiveParticipation)

    async def sources(self) -> list[SourceStatus]:
        """Every source that was ever polled.

        Raises:
            Unavailable: the API cannot be reached, or does not take the key.
        """
        return (await self._get("/v1/sources", {}, _Sources)).sources

    async def unplaced(self) -> list[str]:
        """Ids with counts that hang nowhere in the tree.

        Raises:
            Unavailable: the API cannot be reached, or does not take the key.
        """
        return [one.id for one in (await self._get("/v1/unplaced", {}, _Unplaced)).unplaced]

    async def status(self) -> Status:
        """What is counted, up to when, and what is missing.

        Raises:
            Unavailable: the API cannot be reached, or does not take the key.
        """
        return await self._get("/v1/status", {}, Status)

    async def _get(self, path: str, query: dict[str, Any], shape: type[T]) -> T:
        request = self._http.build_request("GET", path, params=query)
        request.headers["Authorization"] = f"Bearer {self._key()}"
        address = str(request.url)
        known = self._known.get(address)
        if known:
            request.headers["If-None-Match"] = known[0]
        try:
            answer = await self._http.send(request)
        except httpx.HTTPError as error:
            raise Unavailable(f"the metrics API: {type(error).__name__}") from error
        if answer.status_code == httpx.codes.NOT_MODIFIED and known:
            self._known.move_to_end(address)
            return msgspec.json.decode(known[1], type=shape)
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"the metrics API answers {answer.status_code}")
        try:
            decoded = msgspec.json.decode(answer.content, type=shape)
        except msgspec.MsgspecError as error:
            raise Unavailable(f"the metrics API answers in another shape: {error}") from error
        if etag := answer.headers.get("etag"):
            self._known[address] = (etag, answer.content)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return decoded

    def _key(self) -> str:
        """The key as its file has it now: a mounted secret is replaced while this runs."""
        try:
            return self._key_file.read_text("ascii").strip()
        except (OSError, ValueError) as error:
            _log.error("key of the metrics API unreadable", error=type(error).__name__)
            raise Unavailable(f"the metrics API's key: {type(error).__name__}") from error
