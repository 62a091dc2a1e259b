"""What runs beside the requests ends with its process, or its process with it."""

import asyncio
import os

import pytest

from kokemus import tasks


async def test_a_bug_beside_the_requests_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)

    async def buggy() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await tasks.background(buggy())
    await asyncio.sleep(0)
    assert ended == [1]


async def test_work_that_is_cancelled_or_done_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    endless = tasks.background(asyncio.Event().wait())  # type: ignore[arg-type]  # its truth is not asked for
    done = tasks.background(asyncio.sleep(0))
    await done
    endless.cancel()
    await asyncio.wait([endless])
    assert not ended
