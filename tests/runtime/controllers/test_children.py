"""Controllers as children: kept running, and ended in bounded time."""

# pyright: reportPrivateUsage=false

import fcntl
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from stationd.runtime.controllers import children
from stationd.runtime.controllers.children import Child

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: sockets are in it."""
    folder = Path(tempfile.mkdtemp(prefix="kid"))
    (folder / "stationd.toml").write_text(
        f'[station]\nstate = "{folder}/s"\nruntime = "{folder}"\n'
        '[controllers.null]\ndriver = "null"\n'
    )
    yield folder
    shutil.rmtree(folder)


def child_in(folder: Path) -> Child:
    return Child("null", folder / "stationd.toml", folder / "s" / "controllers" / "null")


async def pid_of(child: Child, *, but: int = 0) -> int:
    """Wait until the child runs, anew if need be."""
    with anyio.fail_after(60):
        while child._process is None or child._process.pid == but:  # noqa: ASYNC110
            await anyio.sleep(0.01)
        return child._process.pid


async def test_a_controller_that_ends_is_started_again_and_ends_when_it_is_stopped(
    folder: Path,
) -> None:
    child = child_in(folder)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(child.keep)
        first = await pid_of(child)
        os.kill(first, signal.SIGKILL)
        second = await pid_of(child, but=first)
        assert second != first
        # It was not asked to end over the wire, as it is by the daemon.
        os.kill(second, signal.SIGTERM)
        with anyio.fail_after(60):
            await child.stop()
        with pytest.raises(ProcessLookupError):
            os.kill(second, 0)


async def test_a_controller_whose_lock_is_taken_is_left_alone(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[bool] = []

    def look(lock: Path) -> bool:
        looks.append(is_taken(lock))
        return looks[-1]

    is_taken = children._is_taken
    monkeypatch.setattr(children, "_is_taken", look)
    monkeypatch.setattr(children, "ADOPTED_CHECK", 0.001)
    state = folder / "s" / "controllers" / "null"
    state.mkdir(parents=True)
    lock = os.open(state / "lock", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    child = child_in(folder)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(child.keep)
        with anyio.fail_after(60):
            while len(looks) < 3:  # noqa: ASYNC110
                await anyio.sleep(0.001)
        assert all(looks)
        assert child._process is None
        os.close(lock)
        await pid_of(child)
        await child.restart()
        assert child._process is None or child._process.returncode is not None
        await child.stop()
        tasks.cancel_scope.cancel()


async def test_a_controller_that_this_daemon_has_started_ends_with_a_start_that_fails(
    folder: Path,
) -> None:
    child = child_in(folder)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(child.keep)
        with anyio.fail_after(60):
            # Nobody knows how far its own start has come.
            await anyio.wait_all_tasks_blocked()
            await child.withdraw()
        assert child._process is None or child._process.returncode is not None


async def test_a_controller_of_an_earlier_daemon_goes_on_and_is_told(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    state = folder / "s" / "controllers" / "null"
    state.mkdir(parents=True)
    lock = os.open(state / "lock", os.O_CREAT | os.O_RDWR)
    os.write(lock, b"4711")
    fcntl.flock(lock, fcntl.LOCK_EX)
    child = child_in(folder)
    with caplog.at_level("INFO"):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child.keep)
            with anyio.fail_after(60):
                while "controller null runs already (process 4711)" not in caplog.text:  # noqa: ASYNC110
                    await anyio.sleep(0.01)
                await child.withdraw()
            assert child._process is None
            tasks.cancel_scope.cancel()
    os.close(lock)


async def test_a_child_that_never_ran_is_stopped_at_once(folder: Path) -> None:
    child = child_in(folder)
    with anyio.fail_after(60):
        await child.stop()
        await child.keep()
    assert child._process is None


async def test_a_controller_that_cannot_be_started_now_is_started_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "FIRST_PAUSE", 0.001)
    child = child_in(folder)
    possible = child._command
    child._command = [str(folder / "not there"), *possible[1:]]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(child.keep)
        with anyio.fail_after(60):
            while child.restarts < 2:  # noqa: ASYNC110
                await anyio.sleep(0.001)
        child._command = possible
        os.kill(await pid_of(child), signal.SIGTERM)
        with anyio.fail_after(60):
            await child.stop()
