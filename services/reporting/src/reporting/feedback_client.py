"""Hands what divisions return to ingest-feedback over HTTP, with reporting's own key."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import httpx
import msgspec
import structlog

from kokemus.errors import Unavailable
from kokemus.imports.document import XLSX
from reporting.domain.outgoing import Refusal, is_final
from reporting.domain.return_events import SOURCE
from reporting.domain.return_forms import FormKind

T = TypeVar("T")

_log = structlog.get_logger()

_BATCH: Final = "application/cloudevents-batch+json"
SEND_SECONDS: Final = 15.0
"""How long ingest-feedback may take over the events of one form, a few dozen."""
LONGEST_DETAIL: Final = 300
"""Characters kept of what an answer says: it may come from whatever stands in between."""
_JUDGED: Final = (
    httpx.codes.OK,
    httpx.codes.BAD_REQUEST,
    httpx.codes.REQUEST_ENTITY_TOO_LARGE,
    httpx.codes.UNPROCESSABLE_ENTITY,
)


class Row(msgspec.Struct, frozen=True):
    """Why a row of a table is not taken in; the line is as a spreadsheet counts."""

    line: int
    column: str | None
    detail: str


class Judgement(msgspec.Struct, frozen=True):
    """What ingest-feedback says of a table; `detail` where it refuses the table as a whole."""

    rows: int = 0
    accepted: int = 0
    rejected: list[Row] = []
    detail: str | None = None


class _Rejection(msgspec.Struct):
    index: int
    detail: str
    pointer: str | None = None


class _Answer(msgspec.Struct):
    accepted: int = 0
    rejected: list[_Rejection] = []
    detail: str = ""


class FeedbackClient:
    """The ways in of ingest-feedback. The caller closes the HTTP client."""

    def __init__(self, http: httpx.AsyncClient, key_file: Path) -> None:
        self._http = http
        self._key_file = key_file

    async def send(self, events: Sequence[bytes]) -> Mapping[int, Refusal]:
        """Sends events; sending the same ones again is harmless.

        Returns:
            Why some were refused for good, by position; all others are taken in.

        Raises:
            Unavailable: nothing is known to be taken in; send all of it again.
        """
        answer = await self._ask(
            "POST",
            "/v1/events",
            content=b"[" + b",".join(events) + b"]",
            media=_BATCH,
            seconds=SEND_SECONDS,
        )
        status = answer.status_code
        if status == httpx.codes.ACCEPTED:
            told, of_each = _decoded(answer, _Answer), int(httpx.codes.UNPROCESSABLE_ENTITY)
        elif is_final(status):
            told, of_each = _told(answer), status
        else:
            raise Unavailable(f"ingest-feedback answers {status}")
        refused = {
            one.index: Refusal(of_each, _plain(f"{one.pointer or ''} {one.detail}"))
            for one in told.rejected
        }
        if told.accepted + len(refused) == len(events) and refused.keys() <= set(
            range(len(events))
        ):
            return refused
        if status == httpx.codes.ACCEPTED:
            raise Unavailable("ingest-feedback does not say what became of every event")
        return dict.fromkeys(range(len(events)), Refusal(status, _plain(told.detail)))

    async def template(self, kind: FormKind) -> bytes:
        """An empty workbook of a kind.

        Raises:
            Unavailable: ingest-feedback does not answer with one.
        """
        answer = await self._ask(
            "GET", "/v1/imports/template", query={"kind": kind}, headers={"Accept": XLSX}
        )
        if answer.status_code != httpx.codes.OK:
            raise Unavailable(f"ingest-feedback answers {answer.status_code}")
        return answer.content

    async def table(self, kind: FormKind, content: bytes, *, dry_run: bool) -> Judgement:
        """Has a workbook's rows taken in, or (dry run) only judged.

        Raises:
            Unavailable: nobody knows what was taken in; sending it again is harmless.
        """
        query = {"kind": kind, "source": SOURCE, "dry_run": "true" if dry_run else "false"}
        answer = await self._ask("POST", "/v1/imports", query=query, content=content, media=XLSX)
        if answer.status_code not in _JUDGED:
            raise Unavailable(f"ingest-feedback answers {answer.status_code}")
        return _decoded(answer, Judgement)

    async def _ask(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        content: bytes | None = None,
        media: str | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
    ) -> httpx.Response:
        try:
            key = self._key_file.read_text("ascii").strip()
        except (OSError, ValueError) as error:
            _log.error("key of ingest-feedback unreadable", error=type(error).__name__)
            raise Unavailable(f"ingest-feedback's key: {type(error).__name__}") from error
        given = {"Authorization": f"Bearer {key}", **(headers or {})}
        if media is not None:
            given["Content-Type"] = media
        try:
            return await self._http.request(
                method,
                path,
                params=query,
                content=content,
                headers=given,
                timeout=httpx.USE_CLIENT_DEFAULT if seconds is None else seconds,
            )
        except httpx.HTTPError as error:
            raise Unavailable(f"ingest-feedback: {type(error).__name__}") from error


def _told(answer: httpx.Response) -> _Answer:
    """What an answer that is final says; nothing where it is not ingest-feedback's own."""
    try:
        return msgspec.json.decode(answer.content, type=_Answer)
    except msgspec.MsgspecError:
        return _Answer()


def _plain(words: str) -> str:
    """Words that a database and a page can hold, on one line."""
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[:LONGEST_DETAIL]


def _decoded(answer: httpx.Response, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.content, type=shape)
    except msgspec.MsgspecError as error:
        raise Unavailable("ingest-feedback answers something else") from error
