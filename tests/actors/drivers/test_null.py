"""The null driver waits as long as it is told, and keeps a record for audits."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from numpy.typing import ArrayLike

from stationd.actors.driver import Execution
from stationd.actors.drivers.null import Null
from stationd.proto.program import NullWork, SweepWork


class Asked:
    """An execution that gives nothing and says whether it was aborted."""

    def __init__(self, *, ticket: int = 1, aborted: bool = False) -> None:
        self.ticket = ticket
        self.aborted = aborted

    def data(self, name: str, values: ArrayLike, *, offset: int, item: int = 0) -> None: ...

    def progress(self, done: int, total: int, unit: str) -> None: ...

    def steps(self, work: SweepWork) -> Iterator[tuple[int, str]]:
        return iter(())


def execution(*, ticket: int = 1, aborted: bool = False) -> Execution:
    return Asked(ticket=ticket, aborted=aborted)  # type: ignore[return-value]


def test_it_waits_as_long_as_the_work_says() -> None:
    began = time.monotonic()
    Null().run(NullWork(duration=0.05), execution())
    assert time.monotonic() - began >= 0.05


def test_an_abort_ends_the_waiting() -> None:
    driver = Null()
    thread = threading.Thread(target=driver.run, args=(NullWork(duration=3600.0), execution()))
    thread.start()
    while thread.is_alive():
        # The first may come before the driver waits; the controller's comes once it runs.
        driver.abort()
        thread.join(0.01)


def test_an_execution_that_was_aborted_does_not_wait() -> None:
    driver = Null()
    driver.run(NullWork(duration=3600.0), execution(aborted=True))


def test_every_execution_is_written_down(tmp_path: Path) -> None:
    file = tmp_path / "executions"
    for ticket in (3, 5):
        driver = Null(executions=str(file))
        driver.run(NullWork(), execution(ticket=ticket))
        driver.close()
    assert file.read_text("ascii") == "3\n5\n"


def test_it_takes_nothing_but_null_programs() -> None:
    with pytest.raises(TypeError, match="not SweepWork"):
        Null().run(SweepWork(), execution())
