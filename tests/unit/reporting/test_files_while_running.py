"""Files that the settings name and that are missing or half written while the service runs."""

import asyncio
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from kokemus.errors import Unavailable
from reporting.metrics_client import MetricsClient
from reporting.people_file import People

REETA = b'[{"user":"reeta","password_hash":"x","roles":["reader"]}]'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


async def ask(key_file: Path) -> None:
    async with httpx.AsyncClient(base_url="http://127.0.0.1:1") as http:
        await MetricsClient(http, key_file).status()


@pytest.mark.parametrize("content", [None, b"\xff\xfe"], ids=["missing", "no text"])
def test_a_key_that_cannot_be_read_is_unavailable_and_logged(
    file: Path, content: bytes | None
) -> None:
    if content is not None:
        file.write_bytes(content)
    with capture_logs() as logs, pytest.raises(Unavailable, match="key"):
        asyncio.run(ask(file))
    assert [one["log_level"] for one in logs] == ["error"]


@pytest.mark.parametrize("content", [None, REETA[:20]], ids=["missing", "half written"])
def test_people_that_cannot_be_read_again_stay_and_the_log_says_so_once(
    file: Path, content: bytes | None
) -> None:
    file.write_bytes(REETA)
    people = People(file)
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with capture_logs() as logs:
        assert people.get("reeta") is not None
        assert people.get("nobody") is None
    assert [one["log_level"] for one in logs] == ["error"]
    file.write_bytes(REETA.replace(b"reeta", b"minna"))
    assert people.get("minna") is not None
    assert people.get("reeta") is None


def test_people_that_were_never_read_end_the_start(file: Path) -> None:
    with pytest.raises(FileNotFoundError):
        People(file)
