"""A driver whose work ends when the test says so: no test races with a job's duration."""

import time
from pathlib import Path

import msgspec

from stationd.actors.driver import Execution
from stationd.actors.drivers.null import Null
from stationd.proto.program import NullWork, Work


class GatedDriver(Null):
    """Executes null programs; one with a duration lasts until its gate is open, however long.

    Args:
        executions: As of the null driver.
        gates: Where the gates are: files, each named by the duration that it lets go.
    """

    def __init__(self, executions: str, gates: str) -> None:
        super().__init__(executions)
        self._gates = Path(gates)

    def run(self, work: Work, execution: Execution) -> None:
        assert isinstance(work, NullWork)
        super().run(msgspec.structs.replace(work, duration=0.0), execution)
        if work.duration:
            gate = self._gates / f"{work.duration:g}"
            while not (gate.exists() or execution.aborted):
                time.sleep(0.005)
