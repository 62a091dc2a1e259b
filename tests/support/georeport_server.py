"""A stand-in for a city's Open311 GeoReport v2 server, over real HTTP, with its quirks.

It keeps the standard's limits and the city's own cap, and misbehaves as such servers are known to:
a BOM before JSON, coordinates as texts and swapped, missing and empty fields, rows that come twice.
"""

import json
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from support.spoiled import MARKED, NAMED

Row = dict[str, Any]

SPAN = timedelta(days=90)
BOM = b"\xef\xbb\xbf"


class GeoReportServer:
    """What the server knows, how it misbehaves (`answers`, `before`), and what it was asked.

    Attributes:
        key: the `api_key` that it asks for, None for none.
        cap: it gives so many requests at most, the newest first, and does not say so.
        whole_days: whether it only looks at the day of a time.
        answers: responses to give instead of the next ones, None for a true one.
        before: called before each request is answered: the world moving under a poll.
        asked: path and query of every request, in order.
    """

    def __init__(self) -> None:
        self.key: str | None = None
        self.cap = 200
        self.whole_days = False
        self.services = ["171", "198", "kiitos"]
        self.requests: list[Row] = []
        self.answers: deque[Response | None] = deque()
        self.before: Callable[[str, dict[str, str]], None] = lambda _path, _query: None
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    def request(self, requested: datetime, **changed: Any) -> Row:
        """Adds a request and returns its row, which stays alive: close it, and it is closed."""
        number = len(self.requests)
        row: Row = {
            "service_request_id": f"r{number:05}",
            "status": "open",
            "status_notes": "",
            "service_name": "",
            "service_code": "171",
            "description": f"{NAMED[0]}, {MARKED[1]}",
            "agency_responsible": NAMED[0],
            "requested_datetime": requested.isoformat(),
            "updated_datetime": requested.isoformat(),
            "address": NAMED[1],
            "lat": "60.2" if number % 2 else "25.1",
            "long": "25.1" if number % 2 else "60.2",
            "media_url": f"http://city.example/{NAMED[0]}.jpg",
            "extended_attributes": {"title": MARKED[2], "detailed_status": "RECEIVED"},
        }
        self.requests.append(row | changed)
        return self.requests[-1]

    def asked_for_requests(self) -> list[dict[str, str]]:
        return [query for path, query in self.asked if path.startswith("requests")]

    def app(self) -> Starlette:
        return Starlette(routes=[Route("/open311/{name}.{form}", self._answer)])

    def _answer(self, request: Request) -> Response:
        name, form = request.path_params["name"], request.path_params["form"]
        query = dict(request.query_params)
        self.asked.append((f"{name}.{form}", query))
        self.before(name, query)
        forced = self.answers.popleft() if self.answers else None
        if forced is not None:
            return forced
        if self.key is not None and query.get("api_key") != self.key:
            return self._rows(form, "error", [{"code": 403, "description": "api_key"}], 403)
        if name == "services":
            listed = [{"service_code": code, "service_name": ""} for code in self.services]
            return self._rows(form, "service", listed)
        return self._rows(form, "request", self._found(query))

    def _found(self, query: dict[str, str]) -> list[Row]:
        start, end = (datetime.fromisoformat(query[name]) for name in ("start_date", "end_date"))
        start = max(start, end - SPAN)
        found = []
        for row in self.requests:
            try:
                made = datetime.fromisoformat(row["requested_datetime"])
            except (TypeError, ValueError):
                found.append(row)  # a server that lost the time tells of it whenever it is asked
                continue
            if self.whole_days:
                inside = start.date() <= made.date() <= end.date()
            else:
                inside = start <= made <= end
            if inside:
                found.append(row)
        found.sort(key=lambda row: str(row["requested_datetime"]), reverse=True)
        shown = found[: self.cap]
        extended = query.get("extensions") == "true"
        return [
            {name: row[name] for name in row if extended or name != "extended_attributes"}
            for row in shown
        ]

    def _rows(self, form: str, item: str, rows: list[Row], status: int = 200) -> Response:
        if form == "json":
            body = BOM + json.dumps(rows, ensure_ascii=False).encode()
            return Response(body, status, media_type="application/json; charset=utf-8")
        root = ET.Element({"service": "services", "error": "errors"}.get(item, "service_requests"))
        for row in rows:
            _add(ET.SubElement(root, item), row)
        body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
        return Response(body, status, media_type="text/xml; charset=utf-8")

    @contextmanager
    def running(self) -> Iterator["GeoReportServer"]:
        """Serves on a free port until the block ends; `url` says where."""
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(self.app(), log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/open311/"
        thread.start()
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join()
            listener.close()


def _add(element: ET.Element, row: Row) -> None:
    for name, value in row.items():
        inner = ET.SubElement(element, name)
        if isinstance(value, dict):
            _add(inner, value)
        elif value is not None:
            inner.text = str(value)
