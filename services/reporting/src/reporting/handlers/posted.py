"""Forms as browsers send them, read within limits."""

import asyncio
import re
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from kokemus.problems import Problem

MOST_FIELDS: Final = 20
"""Fields in a form of the desk; few have more than a few."""
LARGEST_FORM: Final = 16 * 1024
"""Bytes of a form of the desk; its longest text is a reason of 500 characters, nine bytes each."""


class Limits(NamedTuple):
    """How much a form may hold, fields and bytes, and how long it may take to come."""

    fields: int
    size: int
    file: bool = False
    """Whether the bytes hold a file."""
    seconds: float = 30.0


SMALL: Final = Limits(MOST_FIELDS, LARGEST_FORM)
"""Enough for every form of the desk but divisions' returns."""
_KEEPS_NOT: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
"""Characters that a database (null) or XML, and so Excel and PowerPoint, cannot keep."""
_SLOW: Final = "the form takes too long to come"


async def form_of(request: Request, limits: Limits = SMALL) -> dict[str, str]:
    """The fields of a form as browsers send one without files, what no file keeps left out.

    Raises:
        Problem: 408, 413 or 400; nobody who is not at a page of the desk sends so much.
    """
    try:
        async with asyncio.timeout(limits.seconds):
            body = await _read(request, limits.size)
    except TimeoutError:
        raise Problem(408, _SLOW) from None
    try:
        fields = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, max_num_fields=limits.fields
        )
    except ValueError:
        raise Problem(400, "the form cannot be read") from None
    return {name: _KEEPS_NOT.sub("", value) for name, value in fields}


async def upload_of(request: Request, limits: Limits) -> tuple[dict[str, str], bytes]:
    """The fields of a form as browsers send one with a file, and the bytes of the file.

    Raises:
        Problem: 400, 408, 411 or 413.
    """
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise Problem(411, "say how long the form is")
    if int(length) > limits.size:
        raise Problem(413, "the file is too large")
    try:
        async with (
            asyncio.timeout(limits.seconds),
            request.form(max_files=1, max_fields=limits.fields) as sent,
        ):
            fields = {
                name: _KEEPS_NOT.sub("", value)
                for name, value in sent.items()
                if isinstance(value, str)
            }
            file = sent.get("file")
            return fields, await file.read() if isinstance(file, UploadFile) else b""
    except HTTPException:
        raise Problem(400, "the form cannot be read") from None
    except TimeoutError:
        raise Problem(408, _SLOW) from None


async def _read(request: Request, size: int) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > size:
            raise Problem(413, "the form is too large")
    return bytes(body)
