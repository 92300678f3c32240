"""A controller's ledger without threads: SQLite, by the real statements.

What was committed outlives a crash, and what was not does not.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import anyio

from stationd.actors.ledger.database import open_database, read_blocks, read_memory, store
from stationd.actors.ledger.ledger import Committed, Ledger
from stationd.actors.line.facts import Record, SpooledBlocks
from tests.simulation.trace import Trace

BOOT = "simulated"


class LedgerDisk:
    """What is on a controller's disk."""

    def __init__(self, ledger: str) -> None:
        self.database = open_database(Path(":memory:"))
        self.database.execute("INSERT INTO fact VALUES ('ledger', ?)", (ledger,))
        self.mark = 0
        self.boot = BOOT
        self.holds_before = -math.inf
        """When the newest commit began: what was asked for earlier is on the disk."""


class SimulatedLedger(Ledger):
    """The ledger of one life of a controller."""

    def __init__(self, disk: LedgerDisk, trace: Trace, chance: Random) -> None:
        self._disk = disk
        self._trace = trace
        self._chance = chance
        self._asked: deque[tuple[int, Sequence[Record], Sequence[SpooledBlocks]]] = deque()
        self._bell = anyio.Event()
        self._tell: Callable[[Committed], None] = lambda _: None
        self.memory = read_memory(disk.database, disk.boot, disk.mark)

    def start(self, recovered: Sequence[Record], committed: Callable[[Committed], None]) -> None:
        store(self._disk.database, recovered, self._disk.boot)
        self._tell = committed

    def write(
        self, number: int, records: Sequence[Record], reads: Sequence[SpooledBlocks] = ()
    ) -> None:
        self._asked.append((number, records, reads))
        self._bell.set()

    def mark_started(self, place: int) -> None:
        # At once: that a ticket runs twice for it takes a crash in the same millisecond.
        cleared = "SELECT 1 FROM ticket WHERE place = ? AND cleared"
        if self._disk.database.execute(cleared, (place,)).fetchone() is None:
            self._trace.violation("place", place, "in line began before it was in the ledger")
        self._disk.mark = place

    def close(self) -> None:
        return

    async def run(self) -> None:
        """Commit for ever, all that has come at once."""
        while True:
            while not self._asked:
                self._bell = anyio.Event()
                await self._bell.wait()
            asked = list(self._asked)
            self._asked.clear()
            begun = anyio.current_time()
            await self._take()
            records = [record for _, some, _ in asked for record in some]
            if records:
                store(self._disk.database, records)
                self._disk.holds_before = begun
            reads = [read for _, _, some in asked for read in some]
            blocks = {read: read_blocks(self._disk.database, read) for read in reads}
            if self._chance.random() < 0.2:
                await self._take()
            self._tell(Committed(asked[-1][0], blocks))

    async def _take(self) -> None:
        seconds = 0.0004
        if self._chance.random() < 0.01:
            self._trace.fault("slow disk")
            seconds = 0.3
        await anyio.sleep(self._chance.uniform(0.2, 2) * seconds)
