"""A process that is asked, interrupted and ended."""

import os
import signal
from collections.abc import Iterator

import pytest

from stationd.actors.drivers.qpu_process import Interrupt, Interrupted, QpuProcess
from stationd.actors.drivers.qpu_protocol import Sample, Unable
from stationd.proto.error import InstrumentError

SIMULATOR = "stationd.actors.drivers.qpu_simulator"


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    made = Interrupt()
    yield made
    made.close()


def test_an_interrupt_stays_until_it_is_cleared(interrupt: Interrupt) -> None:
    assert not interrupt.wait(0)
    for _ in range(100_000):  # more than the pipe holds
        interrupt.set()
    assert interrupt.wait(60)
    interrupt.clear()
    assert not interrupt.wait(0)


def test_an_answer_that_comes_soon_is_taken_in_spite_of_an_interrupt(interrupt: Interrupt) -> None:
    process = QpuProcess(SIMULATOR)
    try:
        assert isinstance(process.ask(Sample(1, 1), interrupt), Unable)
        interrupt.set()
        assert isinstance(process.ask(Sample(1, 1), interrupt), Unable)
    finally:
        process.close()
    assert not process.alive


def test_a_process_that_does_not_answer_is_killed_when_interrupted(interrupt: Interrupt) -> None:
    process = QpuProcess(SIMULATOR)
    os.kill(process.pid, signal.SIGSTOP)
    interrupt.set()
    with pytest.raises(Interrupted):
        process.ask(Sample(1, 1), interrupt)
    assert not process.alive


def test_a_process_that_died_is_told(interrupt: Interrupt) -> None:
    process = QpuProcess(SIMULATOR)
    os.kill(process.pid, signal.SIGKILL)
    with pytest.raises(InstrumentError, match=r"ended \(-9\) while it was at work"):
        process.ask(Sample(1, 1), interrupt)


def test_closing_twice_is_harmless() -> None:
    process = QpuProcess(SIMULATOR)
    process.close()
    process.close()
