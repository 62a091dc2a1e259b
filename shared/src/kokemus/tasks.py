"""Work beside the requests, which nobody awaits: a bug in it ends the process, never in silence.

Whoever started the process starts it again. Without this, one that answers and looks healthy could
go on for weeks without the half that died.
"""

import asyncio
import os
from collections.abc import Coroutine
from typing import Any

import structlog

_log = structlog.get_logger()


def background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Starts work that ends when it is cancelled, and with a bug takes the process with it."""
    task = asyncio.create_task(work)
    task.add_done_callback(_judge)
    return task


def crash(error: BaseException) -> None:
    """Ends the process at once, leaving a line that says where."""
    _log.critical("bug", exc_info=error)
    os._exit(1)


def _judge(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        crash(error)
