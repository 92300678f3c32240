"""A driver that does what a test says, in an instrument's thread whose words the test takes."""

import queue
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from stationd.actors.controller.execution_thread import ExecutionThread, Ready, Word
from stationd.actors.driver import Driver, Execution
from stationd.actors.line.facts import Release
from stationd.proto.job import JobId
from stationd.proto.program import Capabilities, NullWork, Work

WAIT = NullWork(duration=1.0)
NOTHING = NullWork()


class Scripted(Driver):
    """Does what a test says, and tells it what was called."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.may_run = threading.Event()
        self.running = threading.Event()
        self.script: Callable[[Execution], None] = lambda _execution: None

    def describe(self) -> Capabilities:
        return Capabilities(null=True)

    def prepare(self, work: Work) -> None:
        self.calls.append("prepare")

    def run(self, work: Work, execution: Execution) -> None:
        self.calls.append(f"run {execution.ticket}")
        if work == WAIT:
            self.running.set()
            assert self.may_run.wait(60)
            self.may_run.clear()
        self.script(execution)

    def abort(self) -> None:
        self.calls.append("abort")
        self.may_run.set()

    def read(self, name: str) -> float:
        self.calls.append(f"read {name}")
        if name == "nothing":
            raise OSError("not there")
        return 4.2

    def close(self) -> None:
        self.calls.append("close")


class Told:
    """A thread and all that it tells."""

    def __init__(self, driver: Driver) -> None:
        self._said: queue.SimpleQueue[Word] = queue.SimpleQueue()
        self.marks: list[int] = []
        self.soon: list[Word] = []
        """What was told as something that may come a little late."""
        self.thread = ExecutionThread(
            lambda: driver, self.marks.append, self._said.put, self._say_soon
        )
        self.thread.start()

    def _say_soon(self, word: Word) -> None:
        self.soon.append(word)
        self._said.put(word)

    def next(self) -> Word:
        return self._said.get(timeout=60)

    def release(self, number: int, work: Work = NOTHING) -> None:
        self.thread.release(Release(number, number * 10, work, JobId(f"job {number}")))


@contextmanager
def working(driver: Driver) -> Generator[Told]:
    told = Told(driver)
    ready = told.next()
    assert isinstance(ready, Ready)
    assert ready.capabilities == driver.describe()
    try:
        yield told
    finally:
        told.thread.close()
        told.thread.join(60)
