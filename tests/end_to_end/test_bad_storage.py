"""A disk that is full, that fails or is locked: refused with reasons, survived, and healed."""

import os
import re
import resource
import signal
import sqlite3
import subprocess
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import stationd
from stationd import jobs
from stationd.client.references.job import JobRef
from stationd.proto.error import StorageTrouble, WaitTimeout
from stationd.proto.program import NullProgram
from stationd.proto.status import JobExecutorStatus
from tests.end_to_end.station import (
    GATED,
    HELD,
    PATIENCE,
    QPU,
    Station,
    command_of,
    on_asyncio,
    on_asyncio_daily,
    on_trio,
    on_trio_daily,
    until,
)

pytestmark = pytest.mark.slow

TINY = 96
"""MiB of the disk that is filled."""
NewStation = Callable[..., Station]

BELL = Path(__file__).parents[2] / "examples" / "bell.qasm"


def _can(*command: str) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


needs_mount = pytest.mark.skipif(
    not _can("unshare", "--mount", "mount", "-t", "tmpfs", "none", tempfile.gettempdir()),
    reason="needs `unshare --mount`, and so root",
)
needs_strace = pytest.mark.skipif(
    os.geteuid() != 0 or not _can("strace", "-o", "/dev/null", "true"),
    reason="needs root and strace, which injects the disk's errors",
)


class TinyStation(Station):
    """A station whose state is on a small disk of its own, which goes with the daemon."""

    small = "state"
    """What is on that disk."""
    size = f"{TINY}m"
    flags = "rw"

    def command(self, *words: str) -> list[str]:
        disk = self.folder / self.small
        disk.mkdir(parents=True, exist_ok=True)
        mount = f'mount -t tmpfs -o size={self.size},{self.flags} none "{disk}" && exec "$@"'
        return ["unshare", "--mount", "sh", "-c", mount, "sh", *super().command(*words)]

    @property
    def state(self) -> Path:
        """The state directory, as the daemon sees it."""
        return Path(f"/proc/{self.pid}/root{self.folder}/state")

    def fill(self) -> None:
        """Take all the room that there is on the disk."""
        with (self.state / "fill").open("ab", buffering=0) as file:
            size = 1 << 20
            while size:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2

    def free(self) -> None:
        """Give the room back."""
        (self.state / "fill").unlink()

    def enlarge(self) -> None:
        """Make the disk larger."""
        remount = ["mount", "-o", "remount,size=64m", str(self.folder / self.small)]
        subprocess.run(["nsenter", "-t", str(self.pid), "-m", *remount], check=True)


class StationWithFullArtifacts(TinyStation):
    """Only the results have a disk of their own, and nothing fits on it."""

    small = "state/artifacts"
    size = "8k"


@pytest.fixture
def tiny_station(backend: str) -> Iterator[TinyStation]:
    station = TinyStation(backend, GATED)
    stationd.connect(station.endpoint)
    try:
        yield station
        jobs.close()
        station.check()
    finally:
        station.close()


def submit(duration: float = 0.0) -> JobRef:
    """Submit a job, which ends at once or, with a duration, when it is let go."""
    return jobs.submit(programs=NullProgram(duration=duration), n_shots=1, target="null")


def running() -> JobRef:
    """Submit a job and wait until it runs, which it does until it is let go."""
    job = submit(HELD)
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    return job


def wait_ready(*wanted: JobRef) -> None:
    for job in wanted:
        assert jobs.wait_for(job, timeout=PATIENCE).status is JobExecutorStatus.READY


def refused() -> str:
    """Submit, which must be refused, and return the reason."""
    with pytest.raises(StorageTrouble) as caught:
        submit()
    return str(caught.value)


def metric(station: Station) -> float:
    """Return what Prometheus is told of the storage."""
    pattern = re.compile(r"metrics at (http://\S+)\n")
    until(lambda: pattern.search(station.log), "the log says where the metrics are")
    address = pattern.search(station.log)
    assert address is not None
    with urllib.request.urlopen(f"{address[1]}/metrics") as answer:
        text = answer.read().decode()
    found = re.search(r"^stationd_journal_trouble (\S+)$", text, re.MULTILINE)
    assert found is not None
    return float(found[1])


def writer_of(station: Station) -> int:
    """Return the process that writes the journal."""

    def is_writer(pid: int) -> bool:
        return b"stationd.runtime.journal.writer" in command_of(pid)

    return next(pid for pid in station.processes() if is_writer(pid))


def limit_files(pid: int, size_bytes: int) -> tuple[int, int]:
    """Let a process's files grow no further, as on a full disk; return what was allowed."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size_bytes, hard))
    return soft, hard


def all_traced(pid: int) -> bool:
    """Return whether a debugger holds every thread of a process."""
    threads = Path(f"/proc/{pid}/task").glob("*/status")
    try:
        return not any("\nTracerPid:\t0\n" in status.read_text() for status in threads)
    except OSError:  # a thread has just ended
        return False


def wait_trouble(station: Station) -> None:
    until(lambda: metric(station) == 1.0, "the station is in trouble")


def wait_healed(station: Station) -> None:
    until(lambda: metric(station) == 0.0, "the station has healed")


@on_trio_daily
@needs_mount
def test_a_full_disk_stops_intake_keeps_what_runs_and_heals_without_a_restart(
    tiny_station: TinyStation,
) -> None:
    station = tiny_station
    station.start()
    station.wait_connected("nothing")
    pid = station.pid
    job = running()
    acknowledged = [submit() for _ in range(5)]
    station.fill()
    # What does not fit any more costs the ballast, which makes room for it.
    while metric(station) == 0.0:
        try:
            acknowledged.append(submit())
        except StorageTrouble:
            break
    assert "the station takes no new work" in refused()
    assert not (station.state / "ballast").exists()
    station.fill()
    assert re.search("the station's disk (is full|fails)", refused())
    station.let_go()
    with pytest.raises(WaitTimeout):
        jobs.wait_for(job, timeout=1.0)

    station.free()
    wait_ready(job, *acknowledged)
    wait_healed(station)
    wait_ready(submit())
    assert (station.state / "ballast").stat().st_size >= 16 << 20
    assert station.pid == pid
    assert station.log.count("no new work is taken") <= 3
    assert "the storage is in order again" in station.log
    assert station.stop() == 0


@pytest.mark.campaign
@on_asyncio_daily
@needs_mount
def test_a_station_without_room_for_its_ballast_starts_and_waits_for_it(
    tiny_station: TinyStation,
) -> None:
    station = tiny_station
    station.size = "8m"
    station.start()
    wait_trouble(station)
    assert "make room, the station wants 20480 KiB free" in refused()
    station.enlarge()
    wait_healed(station)
    wait_ready(submit())
    assert station.stop() == 0


@pytest.mark.campaign
@on_asyncio
@needs_mount
@pytest.mark.parametrize(
    ("size", "flags", "words"),
    [
        ("64k", "rw", "the station's disk is full: make room"),
        ("64m", "ro", "Read-only file system"),
    ],
)
def test_a_station_without_any_room_does_not_start_and_says_why(
    tiny_station: TinyStation, size: str, flags: str, words: str
) -> None:
    tiny_station.size, tiny_station.flags = size, flags
    done = tiny_station.run("serve")
    assert done.returncode == 1
    assert words in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


@pytest.mark.campaign
@on_trio
@needs_mount
def test_a_result_that_does_not_fit_is_stored_when_there_is_room(backend: str) -> None:
    station = StationWithFullArtifacts(
        backend, QPU.replace("qubits = 5", "qubits = 5\ntime_per_shot = 0")
    )
    stationd.connect(station.endpoint)
    try:
        station.start().wait_connected("qpu")
        job = jobs.submit(programs=BELL, n_shots=100_000, target="qpu")
        until(lambda: "a result cannot be stored: No space left" in station.log, "it did not fit")
        assert jobs.view(job).status is JobExecutorStatus.POST_PROCESSING_STARTED
        station.enlarge()
        wait_ready(job)
        assert len(jobs.results(job)) == 1
        assert station.stop() == 0
        station.check()
    finally:
        jobs.close()
        station.close()


@pytest.mark.campaign
@on_asyncio_daily
def test_files_that_must_not_grow_keep_what_runs_and_heal(new_station: NewStation) -> None:
    station = new_station(GATED).start()
    station.wait_connected("nothing")
    job = running()
    writer = writer_of(station)
    before = limit_files(writer, 4096)
    station.let_go()
    wait_trouble(station)
    assert "the station takes no new work, for the station's disk" in refused()

    resource.prlimit(writer, resource.RLIMIT_FSIZE, before)
    wait_ready(job)
    wait_healed(station)
    wait_ready(submit())
    assert writer_of(station) == writer
    assert station.stop() == 0


@pytest.mark.campaign
@on_asyncio
def test_a_locked_journal_is_waited_for(new_station: NewStation) -> None:
    station = new_station(GATED).start()
    station.wait_connected("nothing")
    job = running()
    other = sqlite3.connect(station.folder / "state" / "journal.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    station.let_go()
    wait_trouble(station)
    assert "another program has locked the journal" in refused()
    other.execute("ROLLBACK")
    other.close()
    wait_ready(job)
    wait_healed(station)
    wait_ready(submit())
    assert station.stop() == 0


@pytest.mark.campaign
@on_trio
@needs_strace
@pytest.mark.parametrize(
    ("calls", "error"),
    [("fsync,fdatasync", "EIO"), ("pwrite64,pwritev,write,writev,ftruncate", "EROFS")],
    ids=["a flush that fails", "a disk that has become read-only"],
)
def test_a_disk_that_fails_for_a_while_is_written_to_again_and_nothing_is_lost(
    new_station: NewStation, calls: str, error: str
) -> None:
    station = new_station(GATED).start()
    station.wait_connected("nothing")
    wait_ready(submit())
    job = running()
    writer = writer_of(station)
    database = str(station.folder / "state" / "journal.sqlite")
    strace = subprocess.Popen(
        ["strace", "-f", "-qq", "-o", "/dev/null", "-p", str(writer),
         "-P", database, "-P", f"{database}-wal",
         "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"],
        env=station.environment,
    )  # fmt: skip
    until(lambda: all_traced(writer), "strace holds all threads of the writer")
    station.let_go()
    wait_trouble(station)
    assert "SQLITE_IOERR" in refused()
    strace.send_signal(signal.SIGINT)
    strace.wait(PATIENCE)
    wait_ready(job)
    wait_healed(station)
    wait_ready(submit())
    timeline = jobs.view(job).timeline
    assert [entry.ordinal for entry in timeline] == list(range(1, len(timeline) + 1))
    assert station.stop() == 0


@pytest.mark.campaign
@on_trio
def test_a_station_that_is_stopped_in_trouble_says_so_and_the_next_one_goes_on(
    new_station: NewStation,
) -> None:
    quick = ("stop_timeout = 60.0", "stop_timeout = 0.5")
    station = new_station(GATED, settings=(quick,)).start()
    station.wait_connected("nothing")
    job = running()
    limit_files(writer_of(station), 4096)
    station.let_go()
    wait_trouble(station)
    assert station.stop() == 1
    assert "what was not acknowledged is given up: the station's disk" in station.log
    station.start()
    wait_ready(job)
    assert len(station.tickets_executed) == 1
    assert station.stop() == 0
