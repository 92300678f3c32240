"""The synchronous API: the twin of the asynchronous one, wherever it is called from."""

import asyncio
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import stationd
from stationd import JobExecutorStatus, NullProgram, StatusEnum, aio, jobs
from stationd.client.blocking import portal
from stationd.client.scripted.station import DistantStation, whole_way
from stationd.proto.job import JobSpec
from stationd.proto.jobs_protocol import Cancel, Listen
from stationd.proto.result import NullResult

CALLS = sorted(
    name for name in set(jobs.__all__) - {"projects"} if not isinstance(getattr(jobs, name), type)
)


def half_a_second(_: JobSpec) -> NullResult:
    return NullResult(duration=0.5)


def succeed(distant: DistantStation) -> None:
    distant.station.plan = whole_way
    distant.station.answer = half_a_second


def parameters(function: Callable[..., object]) -> list[tuple[str, object, object]]:
    return [
        (name, parameter.default, str(parameter.annotation))
        for name, parameter in inspect.signature(function).parameters.items()
    ]


def background() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == portal.THREAD]


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_both_modules_have_the_same_names() -> None:
    assert jobs.__all__ == aio.jobs.__all__


@pytest.mark.parametrize("name", CALLS)
def test_a_function_has_the_signature_of_its_twin(name: str) -> None:
    ours, theirs = getattr(jobs, name), getattr(aio.jobs, name)
    assert parameters(ours) == parameters(theirs)
    assert not inspect.iscoroutinefunction(ours)
    # What is closed is another thing.
    assert ours.__doc__ == theirs.__doc__ or name == "close"


def test_a_script_submits_waits_and_reads(distant_station: DistantStation) -> None:
    succeed(distant_station)
    job = jobs.submit(programs=NullProgram(duration=0.5), name="one")
    assert jobs.wait_for(job).coarse is StatusEnum.COMPLETED
    (result,) = jobs.results(job)
    assert isinstance(result, jobs.ResultRef)
    assert result.download_result() == stationd.NullOutcome(duration=0.5)
    assert jobs.get(name_like="one").id == jobs.refresh(job).id == job.id
    assert jobs.status(job).status is JobExecutorStatus.READY
    assert jobs.cancel(job) == "already_over"


def test_an_error_is_traced_to_who_called_and_not_through_the_background(
    distant_station: DistantStation,
) -> None:
    with pytest.raises(stationd.UnknownJob) as caught:
        jobs.status("00000000-0000-4000-8000-000000000000")
    places = {Path(entry.path).parent.name for entry in caught.traceback}
    assert places == {"blocking"}


def test_a_search_can_be_iterated_twice(distant_station: DistantStation) -> None:
    for index in range(3):
        jobs.submit(programs=NullProgram(), name=str(index))
    found = jobs.get_all()
    assert [job.name for job in found] == ["2", "1", "0"]
    assert [job.name for job in found] == ["2", "1", "0"]
    assert found.count() == 3
    assert [job.name for job in found.list(limit=1)] == ["2"]


def test_listening_can_be_left_at_any_time(distant_station: DistantStation) -> None:
    job = jobs.submit(programs=NullProgram())
    for update in jobs.listen_job_status(job):
        assert update.status is JobExecutorStatus.RECEIVED
        break
    succeed(distant_station)
    distant_station.tell(
        distant_station.station.climb, job.id, *whole_way(distant_station.station.specs[job.id])
    )
    seen = [update.status for update in jobs.listen_job_status(job)]
    assert seen == [JobExecutorStatus.READY]


def test_calls_work_where_a_loop_is_running(distant_station: DistantStation) -> None:
    succeed(distant_station)

    async def cell_of_a_notebook() -> StatusEnum:
        return jobs.wait_for(jobs.submit(programs=NullProgram())).coarse

    assert asyncio.run(cell_of_a_notebook()) is StatusEnum.COMPLETED


def test_calls_work_from_several_threads(distant_station: DistantStation) -> None:
    succeed(distant_station)

    def work(index: int) -> str:
        job = jobs.submit(programs=NullProgram(), name=f"thread {index}")
        jobs.wait_for(job)
        return jobs.refresh(job).name

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(work, range(8))) == [f"thread {index}" for index in range(8)]
    assert len(background()) == 1


def test_closing_leaves_no_thread_and_no_socket(distant_station: DistantStation) -> None:
    jobs.ping()
    before = descriptors()
    for _ in range(5):
        jobs.close()
        assert background() == []
        jobs.ping()
    assert len(background()) == 1
    # ZeroMQ gives descriptors back some time later.
    deadline = time.monotonic() + 60
    while descriptors() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert descriptors() <= before


SCRIPT = """
import sys, stationd
from stationd import jobs
stationd.connect(sys.argv[1])
job = jobs.submit(programs=stationd.NullProgram())
print(job.id, flush=True)
try:
    jobs.wait_for(job, timeout=None)
except KeyboardInterrupt:
    print("interrupted", jobs.status(job).status, flush=True)
"""


@pytest.mark.slow
def test_ctrl_c_ends_a_wait_and_leaves_the_job_alone(distant_station: DistantStation) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, distant_station.station.endpoint],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        distant_station.wait_received(Listen)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=120)
    assert said == "interrupted received\n"
    assert process.returncode == 0
    # That it listens no more may be lost with the process: its station finds out by itself.
    received = distant_station.station.received
    assert not any(isinstance(request, Cancel) for request in received)


HURRIED = """
import asyncio.events, signal, threading
import anyio
from stationd.client.blocking import portal

made = asyncio.events.new_event_loop
main = threading.main_thread().ident

def interrupted():
    asyncio.events.new_event_loop = made
    signal.pthread_kill(main, signal.SIGINT)
    return made()

asyncio.events.new_event_loop = interrupted
try:
    portal.call(anyio.sleep, 3600)
except KeyboardInterrupt:
    print("interrupted")
portal.call(anyio.sleep, 0)
print(sum(thread.name == portal.THREAD for thread in threading.enumerate()))
portal.stop()
"""


@pytest.mark.slow
def test_ctrl_c_while_the_background_thread_starts_ends_the_call_and_not_the_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HURRIED], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "interrupted\n1\n"


UNHEARD = """
import signal, threading
import anyio
from stationd.client.blocking import portal

async def interrupted():
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    await anyio.sleep(3600)

try:
    portal.call(interrupted)
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.slow
def test_ctrl_c_that_another_thread_is_given_ends_a_wait_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNHEARD], capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n"), done.stderr


def test_a_function_s_own_timeout_is_told() -> None:
    async def late() -> None:
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        portal.call(late)


def test_a_forked_child_starts_its_own_thread(distant_station: DistantStation) -> None:
    jobs.ping()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        try:
            os._exit(0 if jobs.ping().name == "scripted" else 1)
        finally:
            os._exit(2)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
