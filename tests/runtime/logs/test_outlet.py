"""Whoever logs never waits for whoever reads, and what is lost is counted and told."""

import logging
import os
import threading
from collections.abc import Iterator, Sequence

import pytest

from stationd.actors.about import About
from stationd.actors.log_line import Line
from stationd.runtime.logs import outlet
from stationd.runtime.logs.formats import format_of
from stationd.runtime.logs.outlet import Outlet
from stationd.runtime.logs.stderr import Stream


class Sink:
    """Takes lines when it may, and loses as many of them as a test wants."""

    def __init__(self) -> None:
        self.may_write = threading.Event()
        self.may_write.set()
        self.at_it = threading.Event()
        self.lines: list[Line] = []
        self.written = threading.Semaphore(0)
        self.losing = False

    def write(self, lines: Sequence[Line]) -> int:
        self.at_it.set()
        assert self.may_write.wait(60)
        if self.losing:
            self.written.release(len(lines))
            return len(lines)
        self.lines += lines
        self.written.release(len(lines))
        return 0

    def await_lines(self, count: int) -> list[str]:
        for _ in range(count):
            assert self.written.acquire(timeout=60)
        return [line.message for line in self.lines]


@pytest.fixture
def sink() -> Sink:
    return Sink()


@pytest.fixture
def out(sink: Sink) -> Iterator[Outlet]:
    out = Outlet(sink, About(controller="qpu"))
    yield out
    sink.may_write.set()
    out.close()


def say(out: Outlet, message: str = "x", level: int = logging.INFO) -> None:
    out.handle(logging.LogRecord("lab", level, "", 0, message, (), None))


def test_lines_come_out_in_their_order_and_are_counted(out: Outlet, sink: Sink) -> None:
    for number in range(1000):
        say(out, str(number))
    say(out, "bad", logging.ERROR)
    assert sink.await_lines(1001) == [*map(str, range(1000)), "bad"]
    assert sink.lines[0].about == About(controller="qpu")
    assert out.statistics().lines == {"INFO": 1000, "ERROR": 1}
    assert out.statistics().dropped == 0


def test_what_finds_no_room_is_dropped_counted_and_told(
    out: Outlet, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet, "MOST_LINES", 10)
    sink.may_write.clear()
    say(out)
    assert sink.at_it.wait(60)
    for _ in range(25):
        say(out)
    assert out.statistics().dropped == 15
    sink.may_write.set()
    sink.await_lines(12)
    assert sink.lines[-1].message.startswith("15 lines of the log were dropped")


def test_long_lines_take_more_room(
    out: Outlet, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlet, "MOST_CHARACTERS", 2500)
    sink.may_write.clear()
    for _ in range(5):
        say(out, "x" * 1000)
    assert out.statistics().dropped == 3


def test_what_a_sink_loses_is_told_when_something_gets_through(out: Outlet, sink: Sink) -> None:
    sink.losing = True
    say(out)
    # The line, and the word that it is lost, which is lost as well.
    sink.await_lines(2)
    sink.losing = False
    say(out, "there again")
    assert sink.await_lines(2)[0] == "there again"
    assert sink.lines[1].message.startswith("1 lines of the log were dropped")


def test_closing_hands_out_what_has_come(sink: Sink) -> None:
    out = Outlet(sink, About())
    say(out, "the last")
    out.close()
    assert [line.message for line in sink.lines] == ["the last"]


def test_a_pipe_that_nobody_reads_holds_up_nobody() -> None:
    reads, writes = os.pipe()
    form = format_of("json", "daemon", colour=False)
    out = Outlet(Stream(writes, form), About())
    written = 0
    while out.statistics().dropped == 0:
        say(out, "x" * 1000)
        written += 1
    # The thread waits in the middle of a line. Whoever reads on gets every line whole.
    assert written > outlet.MOST_LINES
    lines = b""
    while b"1 lines of the log were dropped" not in lines:
        lines += os.read(reads, 1 << 20)
    out.close()
    os.close(writes)
    os.close(reads)


def test_a_reader_that_is_gone_costs_the_lines_alone() -> None:
    reads, writes = os.pipe()
    os.close(reads)
    out = Outlet(Stream(writes, format_of("text", "daemon", colour=False)), About())
    say(out)
    say(out)
    out.close()
    os.close(writes)
    assert out.statistics().dropped == 2


def test_a_descriptor_that_does_not_block_is_waited_for() -> None:
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    out = Outlet(Stream(writes, format_of("json", "daemon", colour=False)), About())
    for _ in range(200):
        say(out, "x" * 1000)
    lines = b""
    while lines.count(b"\n") < 200:
        lines += os.read(reads, 1 << 16)
    out.close()
    os.close(writes)
    os.close(reads)
    assert out.statistics().dropped == 0
