"""What a job costs, in counts that are the same on every machine: no test here looks at a clock.

The bounds leave room to breathe, about half as much again as a job costs today. Whoever makes
something cheaper lowers the bound; whoever has to raise one says in the commit what it buys.
"""

# pyright: reportPrivateUsage=false

import cProfile
import gc
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
import zmq

from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import COMMANDS, REPLIES, REQUESTS
from stationd.proto.job import JobSpec, Ticket
from stationd.proto.jobs_protocol import Events, Listen, Reply, Snapshot, Submit, Submitted
from stationd.proto.program import Axis, Sweep
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import Fact, JobStored, Record
from stationd.runtime.stream import Stream
from tests.end_to_end.station import NULL, PATIENCE, Station, dealer, until
from tests.runtime.bench import Bench, a_bench, job_id, null_spec

FACTS = 16
"""Of a no-op job: one for each rung."""
RECORDS = 10
"""Of a no-op job: its facts in three strides, what it is, was made into and came to."""
RECORD_BYTES = 1_550
"""Of what is sent to the journal's writer."""
COMMITS_TO_THE_QUEUE = 1
"""From submission to the queue; all jobs of a burst share it."""
COMMITS_TO_THE_END = 2
"""From the controller's report to READY."""
COMMANDS_TO_A_CONTROLLER = 3
COMMAND_BYTES = 330
CALLS_TO_THE_QUEUE = 250
"""Of Python functions."""
CALLS_TO_THE_END = 460
CALLS_A_WORD = 50
"""Of a sweep over several controllers, and of its answer."""
BLOCKS_IN_THE_QUEUE = 120
"""Of memory, the journal's part in it included: here it is in memory too."""
SYSTEM_CALLS = 80
"""Of the daemon's own process. Many jobs travel together, so it is 13 to 40 for each; the busier
the machine is with other things, the fewer of them do."""
SUBMIT_BYTES = 400
SUBMITTED_BYTES = 120
RECORDS_A_COMMIT = 10
"""At the least, when hundreds of jobs are under way: otherwise commits are not grouped."""


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """One event loop is enough: nothing that is counted here is done by it."""
    return "asyncio", {}


class CountingJournal(MemoryJournal):
    """A journal in memory that keeps what it is given."""

    def __init__(self) -> None:
        super().__init__(manual=True)
        self.records: list[Record] = []

    def write(self, records: Sequence[Record], committed: Callable[[Commit], None]) -> None:
        self.records += records
        super().write(records, committed)


@dataclass
class Cost:
    """Of each of some jobs."""

    calls: float
    blocks: float
    records: float
    facts: float
    record_bytes: float
    commands: float
    command_bytes: float
    commits: int
    """Of all of them together."""


class Counter:
    """A station of which is counted what it does."""

    def __init__(self, bench: Bench, journal: CountingJournal) -> None:
        self._bench = bench
        self._journal = journal
        self._jobs = 0
        self._taken = 0
        self.heard = 0
        """Events that those have heard who listen."""

    def submit(self, count: int) -> Cost:
        """Let jobs climb to the queue."""
        return self._counted(count, lambda: self._submit(count))

    def listen(self, listeners: int, credit: int) -> None:
        """Let some listen to all jobs, and never grant anything again."""
        feed = self._bench.dispatch._feed
        for number in range(1, listeners + 1):
            feed.open_snapshot(Stream(number, None, self._hear, credit), feed.position, [])

    def _hear(self, reply: Reply) -> bool:
        self.heard += len(reply.events) if isinstance(reply, Events) else 0
        return True

    def run(self, count: int) -> Cost:
        """Let a controller execute that many of the jobs in the queue."""
        return self._counted(count, lambda: self._run(count))

    def _submit(self, count: int) -> int:
        for number in range(self._jobs + 1, self._jobs + count + 1):
            self._bench.submit(number)
        self._jobs += count
        return self._commits()

    def _run(self, count: int) -> int:
        commits = 0
        for _ in range(count):
            ticket = self._next_ticket()
            now = self._bench.clock.now
            self._bench.report("a", wire.Armed(ticket), wire.Started(ticket, now))
            self._bench.report("a", wire.Finished(ticket, 0, now))
            commits = max(commits, self._commits())
        return commits

    def _next_ticket(self) -> Ticket:
        while True:
            _, command = self._bench.lines.sent[self._taken]
            self._taken += 1
            if isinstance(command, wire.Arm):
                return command.ticket

    def _commits(self) -> int:
        commits = 0
        while self._journal.commit():
            commits += 1
        return commits

    def _counted(self, count: int, work: Callable[[], int]) -> Cost:
        self._journal.records.clear()
        sent = len(self._bench.lines.sent)
        # Only our own functions: how many of its own an interpreter calls is its affair.
        profile = cProfile.Profile(builtins=False)
        gc.collect()
        blocks = sys.getallocatedblocks()
        profile.enable()
        commits = work()
        profile.disable()
        gc.collect()
        blocks = sys.getallocatedblocks() - blocks
        records = self._journal.records
        commands = [command for _, command in self._bench.lines.sent[sent:]]
        return Cost(
            calls=sum(entry.callcount for entry in profile.getstats()) / count,
            blocks=blocks / count,
            records=len(records) / count,
            facts=sum(map(facts_in, records)) / count,
            record_bytes=len(msgspec.msgpack.encode(records)) / count,
            commands=len(commands) / count,
            command_bytes=sum(len(COMMANDS.encode(command)) for command in commands) / count,
            commits=commits,
        )


def facts_in(record: Record) -> int:
    match record:
        case JobStored():
            return 1 + len(record.reached)
        case Fact():
            return 1 + len(record.passed)
        case _:
            return 0


@asynccontextmanager
async def counted() -> AsyncGenerator[Counter]:
    journal = CountingJournal()
    async with a_bench(journal) as bench:
        counter = Counter(bench, journal)
        # What is made once is not a job's cost.
        counter.submit(20)
        counter.run(20)
        yield counter


@pytest.mark.anyio
async def test_a_job_writes_little_into_the_journal() -> None:
    async with counted() as counter:
        queued, over = counter.submit(100), counter.run(100)
    assert queued.records + over.records <= RECORDS
    assert queued.facts + over.facts == FACTS
    assert queued.record_bytes + over.record_bytes <= RECORD_BYTES


@pytest.mark.anyio
async def test_the_jobs_of_a_burst_share_their_commits() -> None:
    async with counted() as counter:
        few, many = counter.submit(5), counter.submit(200)
        ends = counter.run(205)
    assert few.commits == many.commits <= COMMITS_TO_THE_QUEUE
    assert ends.commits <= COMMITS_TO_THE_END


@pytest.mark.anyio
async def test_a_controller_is_told_little_of_a_job() -> None:
    async with counted() as counter:
        queued, over = counter.submit(100), counter.run(100)
    assert queued.commands + over.commands <= COMMANDS_TO_A_CONTROLLER
    assert queued.command_bytes + over.command_bytes <= COMMAND_BYTES


@pytest.mark.anyio
async def test_a_job_takes_few_calls_and_little_memory() -> None:
    async with counted() as counter:
        queued, over = counter.submit(200), counter.run(200)
    assert queued.calls <= CALLS_TO_THE_QUEUE
    assert over.calls <= CALLS_TO_THE_END
    assert queued.blocks <= BLOCKS_IN_THE_QUEUE


@pytest.mark.anyio
async def test_a_job_costs_the_same_however_many_wait() -> None:
    async with counted() as counter:
        counter.submit(200)  # the controller has its line full, the others wait
        first = counter.submit(100)
        first_over = counter.run(50)
        counter.submit(2_000)
        later = counter.submit(100)
        later_over = counter.run(50)
    assert later.calls == pytest.approx(first.calls, rel=0.1)
    assert later_over.calls == pytest.approx(first_over.calls, rel=0.1)
    assert later.records == first.records
    assert later.command_bytes <= 1.1 * first.command_bytes + 1


@pytest.mark.anyio
async def test_listeners_that_do_not_read_cost_nothing() -> None:
    async with counted() as counter:
        counter.submit(200)
        alone = counter.submit(100)
        counter.listen(100, credit=5)
        counter.submit(5)  # their credit ends with its facts
        beside = counter.submit(100)
    assert beside.calls <= 1.1 * alone.calls
    assert beside.blocks <= 1.1 * alone.blocks + 1
    assert counter.heard == 100 * 5


# --- sweeps over two controllers --------------------------------------------------------------


def swept(bench: Bench, spec: JobSpec) -> tuple[int, float]:
    """Let two controllers go through a sweep; return the words it took, and calls for each."""
    ticket = bench.queued(1, spec)
    for name in "cd":
        bench.report(name, wire.Armed(ticket))
    profile = cProfile.Profile(builtins=False)
    for name in "cd":
        bench.report(name, wire.Started(ticket, bench.clock.now))
    words = 0
    profile.enable()
    for name, command in bench.lines.sent:
        # It grows while it is gone through.
        if isinstance(command, wire.Advance):
            words += 1
            through, phase = command.through, command.phase
            if through is not None:
                bench.report(name, wire.Reached(ticket, through, "read"))
            else:
                bench.report(name, wire.Reached(ticket, command.spot, phase))
    profile.disable()
    return words, sum(entry.callcount for entry in profile.getstats()) / words


@pytest.mark.anyio
async def test_a_spot_takes_a_word_to_who_sets_and_one_to_who_reads() -> None:
    steps = tuple(map(float, range(200)))
    async with a_bench() as bench:
        sweep = Sweep(axes=((Axis("c.x", steps),),), returns=("d.y",))
        words, calls = swept(bench, JobSpec(work=sweep))
    assert words == 2 * 200
    assert calls <= CALLS_A_WORD


@pytest.mark.anyio
async def test_an_axis_that_steps_seldom_costs_nothing_between() -> None:
    seldom, often = tuple(map(float, range(5))), tuple(map(float, range(200)))
    async with a_bench() as bench:
        axes = ((Axis("c.x", seldom),), (Axis("d.x", often),))
        words, _ = swept(bench, JobSpec(work=Sweep(axes=axes, returns=("d.y",))))
    # At each of its steps, to set: one for each; then one to read, and to go on to the end of
    # the line. And the last spot of all, with which the other one's part ends.
    assert words == 5 * 3 + 3


# --- a real daemon ---------------------------------------------------------------------------

BURST = 300


@pytest.fixture(scope="module", params=["asyncio", "trio"])
def station(request: pytest.FixtureRequest) -> Iterator[Station]:
    station = Station(request.param, NULL)
    try:
        station.start()
        station.wait_connected("nothing")
        yield station
    finally:
        station.close()


def burst(station: Station, first: int) -> tuple[list[bytes], list[bytes]]:
    """Send many jobs at once and wait until all are over; return the frames of both directions."""
    sent = [
        REQUESTS.encode(Submit(number, job_id(first + number), null_spec("null")))
        for number in range(1, BURST + 1)
    ]
    received: list[bytes] = []
    with dealer(station.endpoint) as socket:
        socket.setsockopt(zmq.RCVTIMEO, int(PATIENCE * 1000))
        for frame in sent:
            socket.send(frame)
        received += [socket.recv() for _ in sent]
        # The last one in: all of one priority end in the order in which they came.
        socket.send(REQUESTS.encode(Listen(BURST + 1, (job_id(first + BURST),), None, 100)))
        deadline = time.monotonic() + PATIENCE
        while JobExecutorStatus.READY not in statuses(REPLIES.decode(socket.recv())):
            # Streams beat, so it would go on for ever.
            assert time.monotonic() < deadline, station.log
    return sent, received


def statuses(reply: Reply) -> set[JobExecutorStatus]:
    match reply:
        case Snapshot():
            return {view.status for view in reply.views}
        case Events():
            return {event.entry.status for event in reply.events}
        case _:
            return set()


def scraped(station: Station, name: str) -> float:
    address = re.findall(r"metrics at (http://\S+)", station.log)[-1]
    with urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE) as answer:
        text = answer.read().decode()
    return float(re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)[0])


def test_a_submission_is_one_small_frame_each_way(station: Station) -> None:
    sent, received = burst(station, 0)
    assert all(isinstance(REPLIES.decode(frame), Submitted) for frame in received)
    assert max(map(len, sent)) <= SUBMIT_BYTES
    assert max(map(len, received)) <= SUBMITTED_BYTES


def test_a_burst_is_committed_in_groups(station: Station) -> None:
    names = ("stationd_journal_records_total", "stationd_journal_commits_total")
    before = [scraped(station, name) for name in names]
    burst(station, 1_000)
    records, commits = (
        scraped(station, name) - earlier for name, earlier in zip(names, before, strict=True)
    )
    assert BURST < records <= RECORDS * BURST
    assert records / commits >= RECORDS_A_COMMIT


def test_the_daemon_asks_little_of_the_kernel_for_a_job(station: Station) -> None:
    with system_calls(station) as calls:
        burst(station, 2_000)
    assert BURST < sum(calls.values()) <= SYSTEM_CALLS * BURST, calls
    # Files are the journal's own processes' affair, but for that of the audit log: a thread opens
    # it and brings it to the disk, for all that has come since it did so last.
    assert not {"fdatasync", "unlink"} & set(calls), calls
    assert max(calls.get("openat", 0), calls.get("fsync", 0)) <= BURST / 10, calls


@contextmanager
def system_calls(station: Station) -> Generator[dict[str, int]]:
    """Count the daemon's system calls, of all its threads, while the context lasts."""
    tracer = shutil.which("strace")
    if tracer is None:
        pytest.skip("there is no strace here to count system calls with")
    table, said = station.folder / "strace", station.folder / "strace.log"
    with said.open("wb") as log:
        tracing = subprocess.Popen(
            [tracer, "-c", "-f", "-p", str(station.pid), "-o", str(table)], stderr=log
        )
    calls: dict[str, int] = {}
    try:
        until(lambda: "attached" in said.read_text() or tracing.poll() is not None, "strace looks")
        if tracing.poll() is not None:
            pytest.skip(f"system calls cannot be counted here: {said.read_text().strip()}")
        yield calls
    finally:
        tracing.send_signal(signal.SIGINT)
        tracing.wait(PATIENCE)
    calls.update(counts(table))


def counts(table: Path) -> dict[str, int]:
    """Return the calls that a summary of strace lists."""
    rows = (line.split() for line in table.read_text().splitlines())
    calls = {row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit()}
    calls.pop("total", None)
    return calls
