"""A real station goes on whoever reads its log, and tells a collector what took how long."""

import fcntl
import os
import signal
import subprocess
import threading
from collections.abc import Iterator

import pytest

import stationd
from stationd import NullProgram, jobs
from stationd.runtime.tracing.spans import trace_id
from tests.end_to_end.station import NULL, PATIENCE, Station, until
from tests.runtime.tracing.test_tracer import Receiver

_SMALLEST_PIPE = 4096
_JOBS = 60
"""Their ends alone are more lines than fit into the pipe."""


class Unread(Station):
    """A station whose stderr is a pipe to a process that is stopped."""

    reader: subprocess.Popen[bytes]

    def launch(self) -> None:
        """Start the daemon, and stop who reads what it writes."""
        self._starts += 1
        self._log_file.touch()
        reads, writes = os.pipe()
        fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, _SMALLEST_PIPE)
        self.reader = subprocess.Popen(["cat"], stdin=reads, stdout=subprocess.DEVNULL)
        os.close(reads)
        os.kill(self.reader.pid, signal.SIGSTOP)
        self._daemon = subprocess.Popen(
            self.command("serve", "--log-level", "debug"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=writes,
            env=self.environment,
            start_new_session=True,
        )
        self.writes = writes


@pytest.fixture
def unread() -> Iterator[Unread]:
    station = Unread("asyncio", NULL)
    try:
        stationd.connect(station.endpoint)
        yield station
    finally:
        jobs.close()
        station.close()
        station.reader.kill()
        station.reader.wait()
        os.close(station.writes)


def test_a_reader_that_is_stopped_stops_no_station(unread: Unread) -> None:
    unread.start()
    found = [jobs.submit(programs=NullProgram(), n_shots=1) for _ in range(_JOBS)]
    jobs.wait_for_all(found, timeout=PATIENCE)
    # The pipe is full: whoever wrote to it would wait for ever.
    os.set_blocking(unread.writes, False)
    with pytest.raises(BlockingIOError):
        os.write(unread.writes, b"x" * _SMALLEST_PIPE)
    os.set_blocking(unread.writes, True)
    assert unread.stop() == 0


def test_a_job_is_traced_over_daemon_and_controller() -> None:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever, args=(0.01,))
    thread.start()
    tracing = f'[tracing]\nendpoint = "{receiver.endpoint}"\n'
    station = Station("asyncio", tracing, NULL)
    try:
        stationd.connect(station.start().endpoint)
        job = jobs.submit(programs=NullProgram(), n_shots=1, name="bell")
        jobs.wait_for(job, timeout=PATIENCE)
        until(lambda: bool(receiver.taken), "the trace has arrived")
        found = {
            (resource.key, span.name): span
            for request in receiver.taken
            for group in request.resource_spans
            for resource in group.resource.attributes
            if resource.key == "service.name"
            for scope in group.scope_spans
            for span in scope.spans
        }
        names = {name for _, name in found}
        assert {"job", "validate", "queue", "execute", "execute nothing"} <= names
        traces = {int.from_bytes(span.trace_id) for span in found.values()}
        assert traces == {trace_id(job.id, 1)}
    finally:
        jobs.close()
        station.close()
        receiver.shutdown()
        thread.join()
        receiver.server_close()


def test_a_station_without_a_collector_runs_jobs_all_the_same() -> None:
    station = Station("trio", '[tracing]\nendpoint = "http://127.0.0.1:1/v1/traces"\n', NULL)
    try:
        stationd.connect(station.start().endpoint)
        job = jobs.submit(programs=NullProgram(), n_shots=1)
        assert jobs.wait_for(job, timeout=PATIENCE).status.is_terminal
        assert station.stop() == 0
        assert f"job {job.id} ready" in station.log
    finally:
        jobs.close()
        station.close()
