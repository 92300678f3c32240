"""A source-meter with a resistor of 100 ohms at its terminals: it speaks SCPI over TCP.

`python examples/own_instrument.py` prints the port that it listens on, and serves until it is
ended. It is what `own_driver.py` beside it talks to.
"""

from __future__ import annotations

import socketserver
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

OHMS = 100.0


class Instrument(socketserver.ThreadingTCPServer):
    """The instrument; `silence` lets it answer late, as a bad one does.

    Args:
        port: Where it listens; 0 for a free one.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Talk)
        self.volts = 0.0
        self.on = False
        self.lines: list[str] = []
        """What it was told."""
        self.speaks = threading.Event()
        self.speaks.set()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    @contextmanager
    def serving(self) -> Generator[Instrument]:
        """Serve in the background."""
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()

    @contextmanager
    def silence(self) -> Generator[None]:
        """Answer nothing until the end of the context; then all at once."""
        self.speaks.clear()
        try:
            yield
        finally:
            self.speaks.set()

    def answer(self, line: str) -> str | None:
        """Do what it is told, and return the answer if it was a question."""
        self.lines.append(line)
        command, _, value = line.partition(" ")
        match command:
            case "SOUR:VOLT":
                self.volts = float(value)
            case "OUTP":
                self.on = value == "1"
            case "SOUR:VOLT?":
                return f"{self.volts:.6e}"
            case "MEAS:CURR?":
                return f"{self.volts * self.on / OHMS:.6e}"
            case _:
                pass
        return None


class _Talk(socketserver.StreamRequestHandler):
    """One connection to it."""

    def handle(self) -> None:
        with suppress(OSError):  # nobody waits for an answer any more
            self._serve()

    def _serve(self) -> None:
        instrument = self.server
        assert isinstance(instrument, Instrument)
        for line in self.rfile:
            answer = instrument.answer(line.decode().strip())
            instrument.speaks.wait()
            if answer is not None:
                self.wfile.write(f"{answer}\n".encode())


def main() -> int:
    """Serve until somebody ends it."""
    with Instrument() as instrument:
        print(instrument.port, flush=True)
        instrument.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
