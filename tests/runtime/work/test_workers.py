"""Worker processes: one that dies costs its call, and nothing else."""

import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from anyio.lowlevel import checkpoint

from stationd.proto.error import ErrorCode, StationError
from stationd.runtime.work.workers import Workers

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


def double(number: int) -> int:
    return 2 * number


def own_pid(_: None) -> int:
    return os.getpid()


def chatter(times: int) -> int:
    """Warn, as libraries do, more than fits into any pipe."""
    return sum(os.write(2, b"x" * 1024) for _ in range(times)) // 1024


def be_killed(number: signal.Signals) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), number)


def take_and_keep(size: object) -> None:
    assert isinstance(size, int)
    kept = bytearray(b"x") * size
    while kept:
        time.sleep(0.1)


def take_all_memory(_: None) -> None:
    allowed = 1 << 30
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    bytearray(2 * allowed)


def oom_score(_: None) -> int:
    return int(Path("/proc/self/oom_score_adj").read_text())


def refuse(text: str) -> None:
    raise StationError(text)


def time_out(_: None) -> None:
    raise TimeoutError("of its own")


def tell_and_hang(fifo: str) -> None:
    with open(fifo, "w") as file:  # noqa: PTH123
        file.write(str(os.getpid()))
    signal.pause()


def hang(_: None) -> None:
    signal.pause()


def nothing() -> None:
    """Warm up."""


def not_installed() -> None:
    raise ImportError("no qiskit here")


def broken() -> None:
    raise StationError("a broken library")


def lose_a_process(_: None) -> None:
    raise ProcessLookupError


def workers_alive() -> set[int]:
    """Return the worker processes of this one."""
    mine = Path("/proc").glob("[0-9]*/stat")
    return {pid for stat in mine if (pid := int(stat.parent.name)) and _is_mine(stat)}


def _is_mine(stat: Path) -> bool:
    try:
        parent = int(stat.read_text().rpartition(")")[2].split()[1])
        return parent == os.getpid() and b"to_process" in (stat.parent / "cmdline").read_bytes()
    except OSError:
        return False


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def wait_gone(pid: int) -> None:
    with anyio.fail_after(60):
        while is_alive(pid):  # noqa: ASYNC110
            await anyio.sleep(0.01)  # nobody tells when another's child is gone


async def test_a_call_runs_in_another_process_and_returns_what_it_made() -> None:
    workers = Workers(1)
    assert await workers.call(double, 21) == 42
    pid = await workers.call(own_pid, None)
    assert pid != os.getpid()
    assert await workers.call(own_pid, None) == pid
    assert workers.busy == 0


async def test_a_worker_that_the_loop_has_buried_already_has_died_like_others() -> None:
    with pytest.raises(StationError) as raised:
        await Workers(1).call(lose_a_process, None)
    assert raised.value.code is ErrorCode.WORKER_DIED


async def test_a_worker_whose_libraries_never_stop_warning_waits_for_nobody() -> None:
    with anyio.fail_after(60):
        assert await Workers(1).call(chatter, 2048) == 2048


async def test_an_error_of_a_call_comes_back() -> None:
    with pytest.raises(StationError, match="too bad"):
        await Workers(1).call(refuse, "too bad")


@pytest.mark.parametrize(
    ("die", "how"),
    [(be_killed, signal.SIGKILL), (be_killed, signal.SIGSEGV), (take_all_memory, None)],
)
async def test_a_worker_that_dies_costs_its_call_and_is_replaced(
    die: Callable[[object], None], how: object
) -> None:
    workers = Workers(1)
    pid = await workers.call(own_pid, None)
    with pytest.raises(StationError, match=f"died in {die.__name__}") as caught:
        await workers.call(die, how)
    assert caught.value.info.code is ErrorCode.WORKER_DIED
    assert await workers.call(double, 4) == 8
    assert await workers.call(own_pid, None) != pid


async def test_a_worker_is_what_the_kernel_ends_first_when_memory_runs_out() -> None:
    assert await Workers(1).call(oom_score, None) == max(500, oom_score(None))


async def _pid_told(fifo: str) -> int:
    return int(await to_thread.run_sync(_read, fifo))


def _read(fifo: str) -> str:
    with open(fifo) as file:  # noqa: PTH123
        return file.read()


async def test_a_call_that_is_cancelled_has_its_worker_ended(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    fifo = str(tmp_path_factory.mktemp("worker") / "pid")
    os.mkfifo(fifo)
    workers = Workers(1)
    told: list[int] = []
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(workers.call, tell_and_hang, fifo)
            told.append(await _pid_told(fifo))
            assert workers.busy == 1
            tasks.cancel_scope.cancel()
        await wait_gone(told[0])
        assert await workers.call(double, 1) == 2


async def test_a_call_that_is_cancelled_while_its_worker_starts_leaves_nobody_behind() -> None:
    workers = Workers(1)
    of_earlier_tests = workers_alive()
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(workers.call, double, 1)
            while workers_alive() <= of_earlier_tests:
                await checkpoint()
            tasks.cancel_scope.cancel()
    assert workers_alive() - of_earlier_tests == {await workers.call(own_pid, None)}


async def test_a_call_that_takes_too_long_has_its_worker_ended() -> None:
    workers = Workers(1)
    pid = await workers.call(own_pid, None)
    with pytest.raises(StationError, match="not done within") as caught:
        await workers.call(hang, None, 0.1)
    assert caught.value.info.code is ErrorCode.STAGE_TIMEOUT
    await wait_gone(pid)
    assert await workers.call(double, 1) == 2


async def test_a_timeout_of_the_function_itself_is_not_taken_for_its_deadline() -> None:
    with pytest.raises(TimeoutError, match="of its own"):
        await Workers(1).call(time_out, None, 60.0)


async def test_a_worker_that_takes_too_much_memory_is_ended_and_its_job_told_so() -> None:
    workers = Workers(1)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(workers.bound_memory, 64 * 2**20)
        pid = await workers.call(own_pid, None)
        with pytest.raises(StationError, match=r"more than 0.0625 GiB .* \[workers\] memory_gib"):
            with anyio.fail_after(60):
                await workers.call(take_and_keep, 100 * 2**20)
        await wait_gone(pid)
        assert await workers.call(double, 1) == 2
        assert await workers.call(own_pid, None) != pid
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("warm_up", [nothing, not_installed, broken])
async def test_warming_up_never_ends_the_daemon(warm_up: Callable[[], None]) -> None:
    workers = Workers(2)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(workers.keep_warm, warm_up)
            while workers.busy < 2:
                await checkpoint()
            while workers.busy:
                await checkpoint()
            assert await workers.call(double, 2) == 4
            tasks.cancel_scope.cancel()
