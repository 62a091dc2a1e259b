"""A stand-in for the vendor HappyOrNot's customer API v2, over real HTTP, with its quirks.

It enforces what the vendor's API describes (see the table of facts in the poller's tests) and adds
what real devices do: rows that come late, rows that come twice, marks that are set afterwards.
"""

import socket
import threading
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Row = dict[str, Any]

YEAR = timedelta(days=366)
PARAMETERS = {
    "surveyId",
    "experiencePointId",
    "startDate",
    "endDate",
    "includeMisuse",
    "offset",
    "limit",
    "order",
}


class HappyOrNotServer:
    """What the vendor knows, how it misbehaves (`answers`, `before`), and what it was asked.

    Attributes:
        answers: responses to give instead of the next ones, None for a true one.
        before: called before each request is answered: the world moving under a poll.
        asked: path and query of every request, in order.
    """

    def __init__(self) -> None:
        self.token = "right-token"
        self.surveys: list[Row] = []
        self.points: list[Row] = []
        self.smileys: list[Row] = []
        self.presses: list[Row] = []
        self.follow_ups: list[Row] = []
        self.answers: deque[Response | None] = deque()
        self.before: Callable[[str, dict[str, str]], None] = lambda _path, _query: None
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.largest_page = 10_000
        self.url = ""

    def survey(self, survey_id: int = 1, **changed: Any) -> int:
        self.surveys.append(
            {
                "surveyId": survey_id,
                "questionId": 70 + survey_id,
                "defaultLocale": "fi_FI",
                "questionTextInDefaultLocale": "Millaista palvelu oli?",
                "surveyType": "CUSTOMER",
                "feedbackScale": "four",
                "indexType": "HAPPY",
                "state": "active",
            }
            | changed
        )
        return survey_id

    def device(self, smiley_id: int, name: str) -> None:
        self.smileys.append(
            {"smileyId": smiley_id, "name": name, "smileyType": "SMILEY_TERMINAL", "token": "x"}
        )

    def point(self, point_id: int, name: str, parent: int | None = None) -> None:
        row: Row = {"experiencePointId": point_id, "name": name, "type": "EXPERIENCE-POINT"}
        self.points.append(row if parent is None else row | {"parent": parent})

    def press(self, local_time: datetime | str, **changed: Any) -> Row:
        """Adds a press and returns its row, which stays alive: set a mark on it, and it is set."""
        row = self._row(local_time) | changed
        self.presses.append(row)
        return row

    def follow_up(self, press: Row, option: int, **changed: Any) -> Row:
        """Adds an answer to the follow-up of a press."""
        row = press | {"position": 1, "followupQuestionId": 5, "followupOptionId": option} | changed
        row["followupOptionTextInDefaultLocale"] = "Odotusaika"
        self.follow_ups.append(row)
        return row

    def _row(self, local_time: datetime | str) -> Row:
        return {
            "feedbackId": str(uuid.uuid4()),
            "smileyId": 501,
            "localTime": local_time if isinstance(local_time, str) else local_time.isoformat(),
            "surveyId": 1,
            "experiencePointId": 9001,
            "buttonIndex": 3,
            "misuse": False,
            "position": 0,
            "ui": "physical",
            "smileyType": "SMILEY_TERMINAL",
        }

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                self._whole("surveys", self.surveys),
                self._whole("experience-points", self.points),
                self._whole("smileys", self.smileys),
                Route("/v2/results/button-feedbacks.json", self._answer(self._of(self.presses))),
                Route(
                    "/v2/results/follow-up-feedbacks.json", self._answer(self._of(self.follow_ups))
                ),
            ]
        )

    def _whole(self, name: str, table: list[Row]) -> Route:
        return Route(f"/v2/{name}.json", self._answer(lambda _query: (table, None)))

    def _answer(
        self, rows: Callable[[dict[str, str]], tuple[list[Row], bool | None]]
    ) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            query = dict(request.query_params)
            path = request.url.path.removeprefix("/v2/")
            self.asked.append((path, query))
            self.before(path, query)
            forced = self.answers.popleft() if self.answers else None
            if forced is not None:
                return forced
            if request.headers.get("X-HON-API-Token") != self.token:
                return JSONResponse({"error": "unauthorised"}, 401)
            try:
                page, more = rows(query)
            except ValueError as error:
                return JSONResponse({"error": str(error)}, 400)
            headers = {} if more is None else {"X-More-Available": str(more).lower()}
            return JSONResponse(page, headers=headers)

        return answer

    def _of(self, table: list[Row]) -> Callable[[dict[str, str]], tuple[list[Row], bool]]:
        def rows(query: dict[str, str]) -> tuple[list[Row], bool]:
            unknown = set(query) - PARAMETERS
            if unknown:
                raise ValueError(f"unknown parameters: {unknown}")
            start = date.fromisoformat(query["startDate"])
            end = date.fromisoformat(query["endDate"])
            if end <= start or end - start > YEAR:
                raise ValueError("startDate to endDate is a year at most")
            offset, limit = int(query.get("offset", 0)), int(query.get("limit", 1000))
            if offset < 0 or not 0 <= limit <= 10_000:
                raise ValueError("offset or limit is out of range")
            order = query.get("order", "asc")
            if order not in {"asc", "desc"}:
                raise ValueError("order is asc or desc")
            found = [
                row
                for row in sorted(
                    table, key=lambda row: str(row["localTime"]), reverse=order == "desc"
                )
                if start.isoformat() <= str(row["localTime"])[:10] < end.isoformat()
                and (query.get("includeMisuse") == "true" or not row["misuse"])
            ]
            until = offset + min(limit, self.largest_page)
            return found[offset:until], until < len(found)

        return rows

    @contextmanager
    def running(self) -> Iterator["HappyOrNotServer"]:
        """Serves on a free port until the block ends; `url` says where."""
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(self.app(), log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v2/"
        thread.start()
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join()
            listener.close()
