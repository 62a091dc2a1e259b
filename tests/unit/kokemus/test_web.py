"""How answers leave: head and body as one."""

import asyncio
from typing import cast

import pytest

from kokemus.web import InOneGo


class Wire:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        assert not self.closed
        self.sent.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


async def sent(wire: Wire, *, close: bool, chunks: tuple[bytes, ...]) -> None:
    transport = InOneGo(cast("asyncio.Transport", wire), asyncio.get_running_loop())
    for chunk in chunks:
        transport.write(chunk)
    if close:
        transport.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("close", [False, True])
@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        ((b"head", b"body"), [b"headbody"]),
        ((b"head",), [b"head"]),
        ((b"head", b""), [b"head"]),
        ((b"head", b"1", b"2"), [b"head1", b"2"]),
        ((b"",), []),
    ],
)
def test_everything_leaves_in_order_and_a_head_with_its_body(
    chunks: tuple[bytes, ...], expected: list[bytes], *, close: bool
) -> None:
    wire = Wire()
    asyncio.run(sent(wire, close=close, chunks=chunks))
    assert wire.sent == expected
    assert wire.closed == close


def test_what_a_lost_connection_held_back_is_dropped() -> None:
    async def lost(wire: Wire) -> None:
        InOneGo(cast("asyncio.Transport", wire), asyncio.get_running_loop()).write(b"head")
        wire.close()
        await asyncio.sleep(0)

    wire = Wire()
    asyncio.run(lost(wire))
    assert wire.sent == []
