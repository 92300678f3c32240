import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import msgspec
import pytest

from stationd.proto.error import JournalFailed
from stationd.runtime.journal.ballast import Ballast
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.pipe import ServingPipe, framed
from stationd.runtime.journal.records import Fact, JobStored
from stationd.runtime.journal.sqlite import open_journal
from stationd.runtime.journal.storage import Storage
from stationd.runtime.journal.writer import Committed, Opened, Report, serve

MakeJob = Callable[..., JobStored]
MakeFact = Callable[..., Fact]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, ServingPipe]]:
    ours, theirs = socket.socketpair()
    serving = ServingPipe(theirs.detach())
    yield ours, serving
    ours.close()
    serving.close()


def frame(*records: JobStored | Fact) -> bytes:
    return framed(msgspec.msgpack.encode(records))


def reports(ours: socket.socket) -> list[Report]:
    pipe = ServingPipe(ours.detach())
    decoder: msgspec.msgpack.Decoder[Report] = msgspec.msgpack.Decoder(Report)
    found: list[Report] = []
    while payloads := pipe.receive(1):
        found += map(decoder.decode, payloads)
    pipe.close()
    return found


def test_all_that_waits_goes_into_one_commit(
    ends: tuple[socket.socket, ServingPipe], tmp_path: Path, job: MakeJob, fact: MakeFact
) -> None:
    ours, serving = ends
    ours.sendall(frame(job(1), fact(1, 2)) + frame(job(2, known_as=job(1).job)) + frame(job(3)))
    ours.shutdown(socket.SHUT_WR)
    with Storage(tmp_path / DATABASE) as storage:
        serve(serving, storage, Ballast(tmp_path, 4096))
        opening = storage.opening
    serving.close()
    opened, committed = reports(ours)
    assert opened == Opened(opening)
    assert isinstance(committed, Committed)
    assert committed.first_seqs == [1, 3, 3]
    assert committed.known == {1: {job(1).job: 1}}
    assert committed.records == 4


def test_what_has_been_read_is_committed_though_nobody_hears_of_it(
    ends: tuple[socket.socket, ServingPipe], tmp_path: Path, job: MakeJob
) -> None:
    ours, serving = ends
    ours.sendall(b"".join(frame(job(number)) for number in range(1, 101)) + frame(job(101))[:-5])
    ours.close()
    with Storage(tmp_path / DATABASE) as storage:
        serve(serving, storage, Ballast(tmp_path, 4096))
    with Storage(tmp_path / DATABASE) as storage:
        assert storage.opening.number == 100


def test_what_cannot_be_read_ends_the_writer_with_a_reason(
    ends: tuple[socket.socket, ServingPipe], tmp_path: Path
) -> None:
    ours, serving = ends
    ours.sendall(framed(b"garbage"))
    with (
        Storage(tmp_path / DATABASE) as storage,
        pytest.raises(JournalFailed, match="cannot read what is to be written"),
    ):
        serve(serving, storage, Ballast(tmp_path, 4096))


DAEMON = """
import sys, uuid, anyio
from pathlib import Path
from stationd.proto.job import JobId, JobSpec
from stationd.proto.program import Circuits, NullProgram
from stationd.runtime.journal.records import JobStored
from stationd.runtime.journal.sqlite import open_journal

async def main():
    spec = JobSpec(work=Circuits(programs=(NullProgram(),), n_shots=(1,)))
    async with open_journal(Path(sys.argv[1])) as journal:
        number = 0
        while True:
            number += 1
            job = JobStored(number, JobId(str(uuid.uuid4())), "qpu", spec, 0.0)
            journal.write([job], lambda commit: print(commit.first_seq, flush=True))
            if number % 50 == 0:
                await anyio.sleep(0)

anyio.run(main)
"""


@pytest.mark.slow
def test_a_killed_daemon_leaves_no_writer_behind_and_nothing_undone(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as daemon:
        assert daemon.stdout is not None
        seen = [int(daemon.stdout.readline()) for _ in range(500)]
        os.kill(daemon.pid, signal.SIGKILL)
        daemon.wait()
        seen += [int(line) for line in daemon.stdout if line.endswith("\n")]

    async def reopened() -> int:
        # The lock is free only once the writer has ended.
        async with open_journal(tmp_path) as journal:
            return journal.opening.seq

    assert seen == list(range(1, len(seen) + 1))
    assert anyio.run(reopened) >= len(seen)
