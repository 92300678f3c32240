"""A signal generator that speaks SCPI over TCP, with a power switch and a bad habit."""

import socket
import socketserver
import struct
import threading
from typing import Final

FACTORY: Final = {"SOUR:FREQ": "1000000.00", "SOUR:POW": "-10.00", ":OUTP:STAT": "0"}
"""What is set when the power comes."""


class Generator:
    """The instrument: it keeps its port when its power goes.

    Attributes:
        port: Where it listens while it has power.
        settings: What it is set to.
        connected: How many connections are open.
    """

    def __init__(self) -> None:
        self.port = 0
        self.settings = dict(FACTORY)
        self.connected = 0
        self._withheld: threading.Event | None = None
        self._before = 0
        self._answered = threading.Event()
        self._change = threading.Condition()
        self._sockets: set[socket.socket] = set()
        self.power_on()

    def power_on(self) -> None:
        self.settings = dict(FACTORY)
        self._server = _Server(("127.0.0.1", self.port), self)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def power_off(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self._change:
            for one in self._sockets:
                # A reset, and no polite end: PyVISA-py waits out its timeout after one of those.
                one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                one.shutdown(socket.SHUT_RD)
        self.wait_connected(0)

    def wait_connected(self, number: int) -> None:
        with self._change:
            assert self._change.wait_for(lambda: self.connected == number, 60)

    def withhold(self, *, after: int = 0) -> threading.Event:
        """Answer the next question, or one after so many, only once the event is set."""
        self._before = after
        self._withheld = threading.Event()
        self._answered.clear()
        return self._withheld

    def wait_answered(self) -> None:
        """Wait until the answer that was withheld is on its way."""
        assert self._answered.wait(60)

    def serve(self, connection: socket.socket) -> None:
        with self._change:
            self.connected += 1
            self._sockets.add(connection)
            self._change.notify_all()
        try:
            with connection.makefile("rb") as lines:
                for line in lines:
                    self._obey(connection, line.decode("ascii").strip())
        except OSError:
            pass  # the power went, or the other side
        finally:
            connection.close()
            with self._change:
                self.connected -= 1
                self._sockets.discard(connection)
                self._change.notify_all()

    def _obey(self, connection: socket.socket, line: str) -> None:
        if not line.endswith("?"):
            name, _, value = line.partition(" ")
            self.settings[name] = value
            return
        answer = self.settings.get(line[:-1], "stationd,generator,1,1.0")
        withheld = self._withheld if self._before == 0 else None
        self._before = max(0, self._before - 1)
        if withheld is not None:
            self._withheld = None
        if withheld is not None:
            assert withheld.wait(60)
        try:
            connection.sendall(f"{answer}\n".encode("ascii"))
        finally:
            if withheld is not None:
                self._answered.set()


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: tuple[str, int], generator: Generator) -> None:
        self.generator = generator
        super().__init__(address, _Handler)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, _Server)
        self.server.generator.serve(self.request)
