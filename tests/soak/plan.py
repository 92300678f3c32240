"""Which process is killed next and on which rungs: seeded, and drawn to what is still missing."""

from collections import Counter
from collections.abc import Collection, Mapping
from random import Random
from typing import Final, Literal

from stationd.proto.status import JobExecutorStatus

Process = Literal["daemon", "writer", "reader", "controller", "worker"]
PROCESSES: Final[tuple[Process, ...]] = ("daemon", "writer", "reader", "controller", "worker")

Cell = tuple[JobExecutorStatus, Process]


class Plan:
    """Draws kills, and keeps the matrix.

    Args:
        seed: Gives the same draws again; what the machine makes of them differs.
    """

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.kills: Counter[Process] = Counter()
        self.matrix: Counter[Cell] = Counter()
        """In how many kills of a process at least one job was on a rung."""

    def draw(self) -> Process:
        """Return whom to kill next: all in turn, in any order; more often who lacks rungs."""
        fewest = min(self.kills[process] for process in PROCESSES)
        behind: list[Process] = [process for process in PROCESSES if self.kills[process] == fewest]
        lacking: list[Process] = [process for process in PROCESSES if self.missing(process)]
        return self.random.choice(lacking if lacking and self.random.random() < 0.5 else behind)

    def missing(self, process: Process) -> set[JobExecutorStatus]:
        """Return the rungs on which no job was yet when a process was killed."""
        return {status for status in JobExecutorStatus if not self.matrix[status, process]}

    def aims(self, process: Process) -> bool:
        """Return whether to choose the moment of a kill, and not just any."""
        return self.random.random() < (0.7 if self.missing(process) else 0.3)

    def count(self, process: Process, statuses: Collection[JobExecutorStatus]) -> None:
        """Take note of a kill, and of where jobs were."""
        self.kills[process] += 1
        for status in statuses:
            self.matrix[status, process] += 1

    @property
    def empty(self) -> list[Cell]:
        """The cells that no kill has met."""
        return [(status, process) for process in PROCESSES for status in self.missing(process)]


def as_rows(matrix: Mapping[Cell, int]) -> list[tuple[JobExecutorStatus, list[int]]]:
    """Return the matrix row by row."""
    return [
        (status, [matrix.get((status, process), 0) for process in PROCESSES])
        for status in JobExecutorStatus
    ]
