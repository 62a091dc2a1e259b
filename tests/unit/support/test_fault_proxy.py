import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from support.fault_proxy import FaultProxy


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer(client: socket.socket) -> None:
        with client, suppress(ConnectionResetError):
            while data := client.recv(4096):
                client.sendall(data)

    def serve() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(client,), daemon=True).start()

    server = threading.Thread(target=serve)
    server.start()
    yield listener.getsockname()[1]
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    server.join()


@pytest.fixture
def proxy(echo: int) -> Iterator[FaultProxy]:
    with FaultProxy(echo) as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as client:
        client.sendall(b"hello")
        assert client.recv(100) == b"hello"
        yield client


@pytest.mark.usefixtures("client")
def test_bytes_pass_both_ways_and_are_counted(proxy: FaultProxy) -> None:
    assert proxy.forwarded == {"to_target": 5, "to_client": 5}


def test_a_cut_resets_the_connection_and_new_ones_are_taken(
    proxy: FaultProxy, client: socket.socket
) -> None:
    proxy.cut()
    with pytest.raises(ConnectionResetError):
        client.recv(100)
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as again:
        again.sendall(b"again")
        assert again.recv(100) == b"again"


@pytest.mark.usefixtures("client")
def test_refused_until_mended(proxy: FaultProxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", proxy.port), timeout=5)
    proxy.mend()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as again:
        again.sendall(b"again")
        assert again.recv(100) == b"again"


def test_a_black_hole_answers_nothing_and_loses_nothing_when_mended(
    proxy: FaultProxy, client: socket.socket
) -> None:
    proxy.blackhole()
    client.sendall(b"anyone?")
    client.settimeout(0.2)
    with pytest.raises(TimeoutError):
        client.recv(100)
    proxy.mend()
    client.settimeout(5)
    assert client.recv(100) == b"anyone?"


def test_the_cut_comes_after_so_many_bytes_of_the_answer(
    proxy: FaultProxy, client: socket.socket
) -> None:
    proxy.cut_after(3, "to_client")
    client.sendall(b"the question arrives whole")
    with pytest.raises(ConnectionResetError):
        list(iter(lambda: client.recv(1), b""))
    assert proxy.forwarded == {"to_target": 5 + 26, "to_client": 5 + 3}
