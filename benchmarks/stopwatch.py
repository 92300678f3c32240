"""A driver that notes when each execution began and ended, to measure the idle gap with."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np

from stationd.actors.driver import Driver, Execution
from stationd.proto.program import Capabilities, NullWork, Work


class Stopwatch(Driver):
    """Sleeps for as long as each null program says.

    Args:
        times: The file that gets ``(executions, 2)`` float64, monotonic seconds, at the end.
    """

    def __init__(self, times: str) -> None:
        self._path = Path(times)
        self._times: list[tuple[float, float]] = []
        self._aborted = threading.Event()

    def describe(self) -> Capabilities:
        """Take null programs."""
        return Capabilities(null=True)

    def run(self, work: Work, execution: Execution) -> None:
        """Wait, and note when."""
        begin = time.monotonic()
        if self._aborted.is_set():
            # That was about an execution before; an abort of this one is in `aborted` as well.
            self._aborted.clear()
        if isinstance(work, NullWork) and work.duration and not execution.aborted:
            self._aborted.wait(work.duration)
        self._times.append((begin, time.monotonic()))

    def abort(self) -> None:
        """End the waiting."""
        self._aborted.set()

    def close(self) -> None:
        """Write the times down."""
        np.save(self._path, np.array(self._times))


def gaps_us(path: Path) -> tuple[float, float]:
    """Return p50 and p99 of the gaps between executions, without those of the first tenth.

    Args:
        path: What a `Stopwatch` has written.
    """
    times = np.load(path)
    gaps = (times[1:, 0] - times[:-1, 1])[len(times) // 10 :] * 1e6
    return float(np.percentile(gaps, 50)), float(np.percentile(gaps, 99))
