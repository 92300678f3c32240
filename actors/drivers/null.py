"""A driver without an instrument, to measure the station and to audit it."""

from __future__ import annotations

import os
import threading

from stationd.actors.driver import Driver, Execution
from stationd.proto.program import Capabilities, NullWork, Work


class Null(Driver):
    """Waits for as long as each null program says, and does nothing else.

    Args:
        executions: A file that gets one line with the ticket's number whenever a ticket is
            executed, before anything else happens; empty for none.
    """

    def __init__(self, executions: str = "") -> None:
        self._aborted = threading.Event()
        self._file: int | None = None
        if executions:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            self._file = os.open(executions, flags, 0o644)

    def describe(self) -> Capabilities:
        """Say that null programs are all it takes."""
        return Capabilities(null=True)

    def run(self, work: Work, execution: Execution) -> None:
        """Wait until the time is over or an abort comes."""
        if not isinstance(work, NullWork):
            raise TypeError(f"the null driver takes null programs, not {type(work).__name__}")
        if self._file is not None:
            os.write(self._file, b"%d\n" % execution.ticket)
        if work.duration > 0:
            self._aborted.clear()
            if not execution.aborted:
                self._aborted.wait(work.duration)

    def abort(self) -> None:
        """End the waiting."""
        self._aborted.set()

    def close(self) -> None:
        """Close the file of executions."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
