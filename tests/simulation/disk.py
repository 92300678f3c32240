"""A disk that forgets what was not synced, and a journal on it.

Rule 1. The journal commits as the real one does: a commit begins as soon as the last has ended,
        takes all that has come, and calls back when it is synced.
Rule 2. A crash keeps what was synced, and some of what was written: perhaps half a record,
        perhaps followed by garbage.
Rule 3. Answers take their time, so that the world may change between a question and its answer.
"""

import struct
import zlib
from collections.abc import Callable, Sequence
from random import Random

import anyio
import msgspec

from stationd.proto.job import JobFilter, JobId, JobView
from stationd.proto.jobs_protocol import FeedEvent
from stationd.proto.search import NEWEST_FIRST, Order
from stationd.runtime.journal.contents import Contents
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import BlockStored, JobStored, Record
from stationd.runtime.journal.stored import StoredJob
from tests.simulation.trace import Trace

_HEADER = struct.Struct("<II")
_ENCODE = msgspec.msgpack.Encoder().encode
_DECODER = msgspec.msgpack.Decoder(list[list[Record]])
STATION = "00000000-0000-4000-8000-000000000000"


class Disk:
    """A log of commits, each with its length and checksum."""

    checked = True
    """Whether checksums are looked at; a mutant's switch."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._chance = trace.chance("disk")
        self._data = bytearray()
        self._synced = 0
        self.full = False
        """Nothing more can be written."""
        self.image: bytes | None = None
        """A backup."""

    def back_up(self) -> None:
        """Make a backup of what is synced now."""
        self.image = bytes(self._data[: self._synced])

    def put_back(self, image: bytes) -> None:
        """Replace everything by a backup."""
        self._data[:] = image
        self._synced = len(image)

    @property
    def dirty(self) -> bool:
        """Whether something has been written and not synced."""
        return len(self._data) > self._synced

    def append(self, writes: Sequence[Sequence[Record]]) -> None:
        payload = _ENCODE(writes)
        self._data += _HEADER.pack(len(payload), zlib.crc32(payload)) + payload

    def sync(self) -> None:
        self._synced = len(self._data)

    def crash(self) -> None:
        """Lose what a crash loses."""
        unsynced = len(self._data) - self._synced
        if not unsynced:
            return
        kept = self._chance.choice((0, self._chance.randint(0, unsynced), unsynced))
        self._trace.fault("unsynced writes", unsynced)
        del self._data[self._synced + kept :]
        if 0 < kept < unsynced:
            self._trace.fault("torn records", kept, unsynced)
            if self._chance.random() < 0.5:
                self._trace.fault("garbage tails")
                self._data += self._chance.randbytes(unsynced - kept)

    def read(self) -> list[list[list[Record]]]:
        """Return all commits, and cut off what is none."""
        commits: list[list[list[Record]]] = []
        at = 0
        while at + _HEADER.size <= len(self._data):
            length, checksum = _HEADER.unpack_from(self._data, at)
            payload = bytes(self._data[at + _HEADER.size : at + _HEADER.size + length])
            if len(payload) < length or (self.checked and zlib.crc32(payload) != checksum):
                break
            commits.append(_DECODER.decode(payload))
            at += _HEADER.size + length
        del self._data[at:]
        self._synced = at
        return commits

    def contents(self) -> Contents:
        """Return what a journal holds that is opened now; writes nothing."""
        contents = Contents()
        contents.station = STATION
        for commit in self.read():
            # Every start of the daemon is an empty commit.
            contents.epoch += not commit
            for records in commit:
                contents.store(records)
        return contents


class SimulatedJournal(MemoryJournal):
    """The journal of one daemon's life.

    Args:
        disk: Where it is kept.
        trace: Notes the facts.
        chance: How long everything takes.
    """

    syncs = True
    """Whether a commit is synced before it is told; a mutant's switch."""

    def __init__(self, disk: Disk, trace: Trace, chance: Random) -> None:
        self._disk = disk
        self._trace = trace
        self._chance = chance
        self.hangs = False
        """Nothing more reaches the disk: another daemon has it."""
        contents = disk.contents()
        super().__init__(manual=True, contents=contents)
        disk.append([])
        disk.sync()
        for seq in range(1, contents.seq + 1):
            # Some were on disk, and the daemon died before it knew.
            trace.times.setdefault(seq, anyio.current_time())
        trace.note("journal", "epoch", contents.epoch, "seq", contents.seq)

    @property
    def contents(self) -> Contents:
        return self._contents

    def write(self, records: Sequence[Record], committed: Callable[[Commit], None]) -> None:
        if self.trouble is not None and any(isinstance(one, JobStored) for one in records):
            self._trace.violation("a job was taken in though the disk was full:", records)
        super().write(records, committed)

    async def run(self) -> None:
        """Commit for ever."""
        while True:
            while not self._waiting or self.hangs:
                self._wake = anyio.Event()
                await self._wake.wait()
            await self._commit_all()

    async def _commit_all(self) -> None:
        waiting, self._waiting = self._waiting, []
        writes = [records for records, _ in waiting]
        await self._take(0.00002)
        if any(writes):
            await self._reach_disk(writes)
        if self.hangs:
            return
        facts = self._contents.seq
        commits = [self._contents.store(records) for records in writes]
        for event in self._contents.facts[facts:]:
            entry = event.entry
            self._trace.times[entry.seq] = anyio.current_time()
            self._trace.note(
                "fact", event.job[-4:], entry.seq, entry.ordinal, entry.attempt, entry.status,
                "cancelling" if entry.cancelling else "",
            )  # fmt: skip
        # A crash in between: it is on disk, and nobody has heard of it.
        await self._take(0.0001)
        self._call_back(commits, [committed for _, committed in waiting])

    async def _reach_disk(self, writes: Sequence[Sequence[Record]]) -> None:
        await self._until_there_is_room()
        if self.hangs:
            return
        self._disk.append(writes)
        if self.syncs:
            await self._take(0.0004)
        if self.syncs and not self.hangs:
            self._disk.sync()

    async def _until_there_is_room(self) -> None:
        if not self._disk.full:
            return
        self.suffer("the simulated disk is full")
        while self._disk.full and not self.hangs:  # noqa: ASYNC110 - in virtual time
            await anyio.sleep(0.05)
        self.suffer(None)

    async def _take(self, seconds: float) -> None:
        if self._chance.random() < 0.01:
            self._trace.fault("slow disk")
            seconds = 0.3
        await anyio.sleep(self._chance.uniform(0.2, 2) * seconds)

    def commit(self) -> int:
        return 0

    async def flush(self) -> None:
        done = anyio.Event()
        self.write((), lambda _: done.set())
        await done.wait()

    # --- questions ---------------------------------------------------------------------------

    async def _pause(self) -> None:
        await anyio.sleep(self._chance.choice((0.0, 0.0002, 0.002)))

    async def view(self, job: JobId) -> JobView | None:
        await self._pause()
        found = await super().view(job)
        await self._pause()
        return found

    async def views(
        self,
        wanted: JobFilter,
        before: int | None,
        limit: int,
        order: Order = NEWEST_FIRST,
    ) -> tuple[list[JobView], bool]:
        await self._pause()
        return await super().views(wanted, before, limit, order)

    async def facts(
        self, after: int, jobs: Sequence[JobId] | None, limit: int, creator: str | None = None
    ) -> tuple[list[FeedEvent], int]:
        await self._pause()
        most = min(limit, self._chance.choice((1, 7, 1000)))
        found = await super().facts(after, jobs, most, creator)
        await self._pause()
        return found

    async def unfinished(self, after: int, limit: int) -> list[StoredJob]:
        await self._pause()
        return await super().unfinished(after, min(limit, 5))

    async def work(self, number: int) -> bytes | None:
        await self._pause()
        found = await super().work(number)
        await self._pause()
        return found

    async def blocks(self, number: int, attempt: int) -> list[BlockStored]:
        await self._pause()
        found = await super().blocks(number, attempt)
        await self._pause()
        return found
