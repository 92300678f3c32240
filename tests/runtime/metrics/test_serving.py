"""The daemon's small web server."""

# pyright: reportPrivateUsage=false

import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus

import pytest

from stationd.proto.error import StationError
from stationd.runtime.metrics import Metrics, served, serving
from stationd.runtime.metrics.serving import MOST_PEERS, Answer, Asked


def echo(asked: Asked) -> Answer:
    return Answer(f"{asked.address} {asked.host}".encode(), headers=(("X-Seen", "yes"),))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with served(Metrics(["a"]), "127.0.0.1:0", {"/echo": echo}) as port:
        yield port


def test_pages_are_hung_in_beside_the_metrics(port: int) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/echo?x=1", timeout=60) as page:
        assert page.read() == f"127.0.0.1 127.0.0.1:{port}".encode()
        assert page.headers["X-Seen"] == "yes"
        assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_a_port_that_somebody_has_is_named_with_how_to_find_them(port: int) -> None:
    taken = served(Metrics(["a"]), f"127.0.0.1:{port}")
    with pytest.raises(StationError, match=f":{port}: Address already in use; `ss -tlnp`"), taken:
        pytest.fail("nobody is to be served there")


def test_what_is_not_there_is_not_found(port: int) -> None:
    for path in ("/", "/../etc/passwd", "/metrics/x"):
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60)
        assert caught.value.code == HTTPStatus.NOT_FOUND
        caught.value.close()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_it_is_for_reading_alone(port: int, method: str) -> None:
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", method=method)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(asked, timeout=60)
    assert caught.value.code == HTTPStatus.NOT_IMPLEMENTED
    caught.value.close()


def test_whom_no_thread_can_serve_takes_up_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("socketserver.ThreadingMixIn.process_request", no_thread)
    with serving._Server(("127.0.0.1", 0), {}) as server, socket.socket() as peer:
        for _ in range(MOST_PEERS + 1):
            with pytest.raises(RuntimeError):
                server.process_request(peer, ("127.0.0.1", 1))


def test_silent_peers_take_up_a_bounded_room_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    # On a busy machine they are silent for a while before the test lets them speak.
    monkeypatch.setattr("stationd.runtime.metrics.serving._Handler.timeout", 60.0)
    with ExitStack() as stack:
        # A server of its own: peers of others may take up room for a while after their answer.
        port = stack.enter_context(served(Metrics(["a"]), "127.0.0.1:0", {"/echo": echo}))
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))
            for _ in range(MOST_PEERS)
        ]
        # All of them are being served, for they are taken in the order of their coming.
        with socket.create_connection(("127.0.0.1", port), timeout=60) as late:
            assert late.recv(1) == b""
        for peer in silent:
            peer.sendall(b"GET /echo HTTP/1.0\r\n\r\n")
            assert peer.recv(100).startswith(b"HTTP/1.0 200 ")
