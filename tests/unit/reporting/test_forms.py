"""Forms of the desk are small, and read no further than they may be long."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode
from xml.etree.ElementTree import Element, fromstring, tostring

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from kokemus.problems import Problem
from reporting.handlers.posted import LARGEST_FORM, MOST_FIELDS, SMALL, Limits, form_of, upload_of

PIECE = 1_000


class Sender:
    """Sends a body piece by piece, and remembers how much was asked for."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.sent = 0

    async def receive(self) -> Message:
        piece = self._body[self.sent : self.sent + PIECE]
        self.sent += len(piece)
        more = self.sent < len(self._body)
        return {"type": "http.request", "body": piece, "more_body": more}


def read(sender: Sender) -> dict[str, str]:
    scope = {"type": "http", "method": "POST", "headers": []}
    return asyncio.run(form_of(Request(scope, sender.receive)))


_TEXTS = st.text(
    st.characters(exclude_characters="\ufffe\uffff", exclude_categories=["Cc", "Cs"])
    | st.sampled_from("\t\n\r\x85"),
    max_size=50,
)


@given(st.dictionaries(_TEXTS, _TEXTS, max_size=MOST_FIELDS))
def test_a_form_is_read_as_it_was_filled_in(fields: dict[str, str]) -> None:
    assert read(Sender(urlencode(fields).encode())) == fields


def test_what_the_database_cannot_keep_is_left_out_of_a_form() -> None:
    assert read(Sender(b"reason=a%00b")) == {"reason": "ab"}


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_stands_in_a_form_can_stand_in_every_file(text: str) -> None:
    """Excel, PowerPoint and SVG are XML, which has no place for control characters."""
    found = read(Sender(urlencode({"text": text}).encode()))["text"]
    element = Element("text")
    element.text = found
    back = fromstring(tostring(element)).text or ""  # noqa: S314 - made above
    assert back.splitlines() == found.splitlines()


def test_the_longest_reason_fits() -> None:
    fields = {"token": "t" * 200, "reason": "€" * 500}
    assert read(Sender(urlencode(fields).encode())) == fields


def test_a_form_without_end_is_read_no_further_than_it_may_be_long() -> None:
    sender = Sender(b"token=" + b"x" * 10 * LARGEST_FORM)
    with pytest.raises(Problem) as caught:
        read(sender)
    assert caught.value.status == 413
    assert sender.sent <= LARGEST_FORM + PIECE


@pytest.mark.parametrize("body", ["&".join(["a=1"] * (MOST_FIELDS + 1)).encode(), b"a=\xe4"])
def test_too_many_fields_and_bytes_that_no_browser_sends_are_refused(body: bytes) -> None:
    with pytest.raises(Problem) as caught:
        read(Sender(body))
    assert caught.value.status == 400


@pytest.mark.parametrize("read", [form_of, upload_of])
def test_a_form_that_never_comes_is_not_waited_for(
    read: Callable[[Request, Limits], Awaitable[object]],
) -> None:
    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    headers = [(b"content-length", b"9"), (b"content-type", b"multipart/form-data; boundary=x")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    with pytest.raises(Problem) as caught:
        asyncio.run(asyncio.wait_for(read(request, SMALL._replace(seconds=0.01)), 10))
    assert caught.value.status == 408
