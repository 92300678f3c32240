"""Where the lines of this process leave it, without ever keeping it waiting.

Rule 1. Whoever logs puts the line into memory and goes on; a thread hands it out. A reader that
        is slow, stopped or gone holds up that thread and nothing else.
Rule 2. What waits is bounded. A line that finds no room is dropped and counted, and when there
        is room again the log says how many that were.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from msgspec import Struct

from stationd.actors.about import About
from stationd.actors.log_line import Line, line_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MOST_LINES: Final = 4_096
MOST_CHARACTERS: Final = 8 * 1024 * 1024
"""Of all lines that wait."""
_AT_ONCE: Final = 256
_CLOSING_SECONDS: Final = 2.0


class Sink(Protocol):
    """What lines go into. Called in a thread, and may take its time."""

    def write(self, lines: Sequence[Line]) -> int:
        """Hand lines out; return how many of them were lost."""
        ...


class Said(Struct, frozen=True):
    """What was logged since the process began."""

    lines: Mapping[str, int]
    """By level."""
    dropped: int
    """Lines that never got out."""


class Outlet(logging.Handler):
    """Hands lines to a sink.

    Args:
        sink: Where they go.
        home: What all lines of this process are about.
    """

    def __init__(self, sink: Sink, home: About) -> None:
        super().__init__()
        self._sink = sink
        self._home = home
        self._waiting: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lines: dict[str, int] = {}
        # Each is changed on one side alone: what was put in, and what was taken out.
        self._put = self._taken = 0
        self._no_room = self._lost = self._told = 0

    def statistics(self) -> Said:
        """Return what was logged so far."""
        return Said(dict(self._lines), self._no_room + self._lost)

    def turn(self, sink: Sink) -> None:
        """Hand what comes from now on to another sink."""
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line. The caller holds the handler's lock."""
        line = line_of(record, self._home)
        self._lines[line.level] = self._lines.get(line.level, 0) + 1
        size = _size(line)
        if self._waiting.qsize() >= MOST_LINES or self._put - self._taken + size > MOST_CHARACTERS:
            self._no_room += 1
            return
        self._put += size
        if self._thread is None:
            self._thread = threading.Thread(target=self._hand_out, name="log", daemon=True)
            self._thread.start()
        self._waiting.put(line)

    def close(self) -> None:
        """Hand out what has come, for a short time at most, and end the thread."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_CLOSING_SECONDS)
            self._thread = None
        super().close()

    def _hand_out(self) -> None:
        more = True
        while more:
            lines, more = self._next()
            if not lines:
                return
            sink = self._sink
            self._lost += sink.write(lines)
            self._taken += sum(map(_size, lines))
            dropped = self._no_room + self._lost
            if dropped > self._told and self._waiting.qsize() < MOST_LINES // 2:
                # What was lost on the way out is not told on the same way at once: it waits for
                # a line that got through.
                self._told = dropped if not sink.write([_gap(dropped - self._told)]) else self._told

    def _next(self) -> tuple[list[Line], bool]:
        """Wait for lines; return them, and whether more may come."""
        lines: list[Line] = []
        line = self._waiting.get()
        while line is not None:
            lines.append(line)
            if len(lines) == _AT_ONCE or self._waiting.empty():
                return lines, True
            line = self._waiting.get()
        return lines, False


def _size(line: Line) -> int:
    return len(line.message) + len(line.trace)


def _gap(count: int) -> Line:
    return Line(
        time_unix_s=time.time(),
        level="WARNING",
        number=logging.WARNING,
        logger=__name__,
        message=f"{count} lines of the log were dropped: what reads it was too slow, or gone",
    )
