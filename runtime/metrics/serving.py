"""The daemon's small web server: metrics, and whatever else is hung into it, for reading alone.

Rule 1. It runs in threads of its own; what it answers with is plain data that is there already.
Rule 2. It reads a request line and headers and nothing else, for a bounded time, from a bounded
        number of peers at once.
"""

from __future__ import annotations

from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING, Final, NamedTuple, cast

from prometheus_client.exposition import choose_encoder

from stationd import __version__
from stationd.proto.error import StationError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from socket import socket as Socket  # noqa: N812 - the type is called so
    from typing import Any

    from stationd.runtime.metrics.metrics import Metrics

MOST_PEERS: Final = 32
"""Requests at a time; one more is not answered."""
LONGEST_REQUEST: Final = 10.0
"""Seconds that a peer may take to say what it wants, and again to take the answer."""
_LOOK_EVERY: Final = 0.1
"""Seconds between two looks whether it is to end."""
PLAIN: Final = "text/plain; charset=utf-8"


class Asked(NamedTuple):
    """What a peer wants."""

    address: str
    """The peer's."""
    host: str
    """What it calls the server: an address or a name, with a port."""
    accept: str
    """Which types of answers it understands."""


class Answer(NamedTuple):
    """What a peer is answered."""

    body: bytes
    kind: str = PLAIN
    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[str, str], ...] = ()


def not_found(_asked: Asked) -> Answer:
    """Answer who asks for what is not there."""
    return Answer(b"there is nothing here; metrics are at /metrics\n", status=HTTPStatus.NOT_FOUND)


@contextmanager
def served(
    metrics: Metrics, listen: str, pages: Mapping[str, Callable[[Asked], Answer]] | None = None
) -> Generator[int]:
    """Serve metrics over HTTP, in threads, while the context lasts; yield the port.

    Args:
        metrics: What to serve at ``/metrics``.
        listen: Address and port; port 0 takes a free one. Empty serves nothing, on port 0.
        pages: What else there is, by path.

    Raises:
        StationError: The port is taken.
    """
    if not listen:
        yield 0
        return

    registry = metrics.with_host()

    def shown(asked: Asked) -> Answer:
        encode, kind = choose_encoder(asked.accept)
        return Answer(encode(registry), kind)

    address, _, port = listen.rpartition(":")
    try:
        server = _Server((address.strip("[]"), int(port)), {"/metrics": shown, **(pages or {})})
    except OSError as error:
        raise StationError(
            f"metrics.listen: cannot serve metrics on {listen}: {error.strerror}; `ss -tlnp` shows"
            " who listens there: end that, or choose another port"
        ) from error
    thread = Thread(target=server.serve_forever, args=(_LOOK_EVERY,), name="metrics", daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = MOST_PEERS

    def __init__(
        self, address: tuple[str, int], pages: Mapping[str, Callable[[Asked], Answer]]
    ) -> None:
        if ":" in address[0]:
            self.address_family = AF_INET6
        self.pages = pages
        self._room = BoundedSemaphore(MOST_PEERS)
        super().__init__(address, _Handler)

    def process_request(self, request: Socket | tuple[bytes, Socket], client_address: Any) -> None:  # noqa: ANN401 - the library's signature
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            # There was no thread to be had: the next one may find some.
            self._room.release()
            raise

    def process_request_thread(
        self,
        request: Socket | tuple[bytes, Socket],
        client_address: Any,  # noqa: ANN401 - the library's signature
    ) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the library's signature
        """Say nothing: a peer went away, or took too long."""


class _Handler(BaseHTTPRequestHandler):
    timeout = LONGEST_REQUEST
    server_version = f"stationd/{__version__}"
    sys_version = ""

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 - the library's signature
        """Log nothing: a scrape every few seconds is no news."""

    def _answer(self, *, with_body: bool) -> None:
        asked = Asked(
            self.client_address[0], self.headers.get("Host", ""), self.headers.get("Accept", "")
        )
        pages = cast("_Server", self.server).pages
        answer = pages.get(self.path.partition("?")[0], not_found)(asked)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in answer.headers:
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)
