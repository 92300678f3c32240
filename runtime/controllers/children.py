"""Controllers as child processes of the daemon.

Rule 1. A controller outlives the daemon that started it if that one is killed. The next daemon
        finds its lock taken, leaves it alone, and takes over only when the lock is free.
Rule 2. A controller that ends is started again, later each time, unless it ran for long.
Rule 3. Children are in sessions of their own: Ctrl-C at the terminal reaches the daemon alone.
"""

from __future__ import annotations

import fcntl
import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import anyio
from anyio import to_thread

if TYPE_CHECKING:
    from pathlib import Path

    from anyio.abc import Process

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 0.2
LONGEST_PAUSE: Final = 30.0
LONG_ENOUGH: Final = 60.0
"""A controller that ran for so many seconds is started again without a pause."""
ADOPTED_CHECK: Final = 1.0
"""Seconds between two looks at the lock of a controller that is not our child."""
_STOPPING_CHECK: Final = 0.05
STOP_TIMEOUT: Final = 5.0
"""Seconds that a controller gets after it was asked to end, and again after SIGTERM."""


class Child:
    """One controller that the daemon keeps running.

    Args:
        name: The controller's name.
        config: The configuration file that it reads.
        state: The directory of its ledger and lock.
    """

    def __init__(self, name: str, config: Path, state: Path) -> None:
        self.name = name
        self.restarts = 0
        """How often it was started because its process had ended."""
        self._command = [
            sys.executable,
            "-m",
            "stationd.runtime.cli",
            "controller",
            name,
            "--config",
            str(config),
        ]
        self._lock = state / "lock"
        self._process: Process | None = None
        self._starting = False
        self._stopping = False

    async def keep(self) -> None:
        """Keep the controller running, for ever or until `stop`."""
        pause = FIRST_PAUSE
        while not self._stopping:
            await self._until_free()
            if self._stopping:
                return
            started = anyio.current_time()
            try:
                ending = f"ended with code {await self._run()}"
            except OSError as error:
                # Of files or memory there may be too little now, and enough later.
                ending = f"could not be started ({error})"
            if self._stopping:
                return
            if anyio.current_time() - started > LONG_ENOUGH:
                pause = FIRST_PAUSE
            log.error(
                "controller %s %s; it is started again in %.1f s",
                self.name,
                ending,
                pause,
            )
            await anyio.sleep(pause)
            self.restarts += 1
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _until_free(self) -> None:
        told = False
        # Nobody tells when a lock gets free.
        while await to_thread.run_sync(_is_taken, self._lock):
            if not told:
                log.info(
                    "controller %s runs already (process %s), and goes on by the configuration"
                    " that it was started with",
                    self.name,
                    await to_thread.run_sync(_holder, self._lock),
                )
                told = True
            await anyio.sleep(ADOPTED_CHECK)

    async def withdraw(self) -> None:
        """End the controller in bounded time if this daemon has started it; others go on."""
        self._stopping = True
        with anyio.move_on_after(STOP_TIMEOUT):
            while self._starting:  # noqa: ASYNC110
                await anyio.sleep(_STOPPING_CHECK)
        if self._process is not None:
            await self.stop(asked=False)

    async def stop(self, *, asked: bool = True) -> None:
        """End the controller in bounded time.

        Args:
            asked: Whether it has been asked to end; one that is not connected cannot be.
        """
        self._stopping = True
        process = self._process
        if process is None:
            await self._wait_adopted()
            return
        if not asked and process.returncode is None:
            process.terminate()
        with anyio.move_on_after(STOP_TIMEOUT):
            await process.wait()
        await self._insist(process)

    async def _wait_adopted(self) -> None:
        """Wait for the end of a controller that an earlier daemon has started, if there is one."""
        with anyio.move_on_after(STOP_TIMEOUT) as patience:
            while await to_thread.run_sync(_is_taken, self._lock):  # noqa: ASYNC110
                await anyio.sleep(_STOPPING_CHECK)
        if patience.cancelled_caught:
            log.error("controller %s is not our child and has not ended", self.name)

    async def restart(self) -> None:
        """End the controller, which does not come to rest; `keep` starts it again."""
        process = self._process
        if process is None:
            log.error("controller %s is not our child: it has to be ended by hand", self.name)
            return
        await self._insist(process)

    async def _insist(self, process: Process) -> None:
        for insist in (process.terminate, process.kill):
            if process.returncode is not None:
                return
            log.warning("controller %s does not end by itself", self.name)
            insist()
            with anyio.move_on_after(STOP_TIMEOUT):
                await process.wait()

    async def _run(self) -> int:
        self._starting = True
        try:
            process = self._process = await anyio.open_process(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=None,
                stderr=None,
                start_new_session=True,
            )
        finally:
            self._starting = False
        if self._stopping:
            process.terminate()
        # Not `async with`: leaving it would end the controller with the daemon's task.
        code = await process.wait()
        self._process = None
        return code


def _is_taken(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        # Not there yet, or not for us: the controller itself will say what is wrong.
        return False
    return False


def _holder(lock: Path) -> str:
    try:
        return lock.read_text(encoding="ascii", errors="replace").strip() or "unknown"
    except OSError:
        return "unknown"
