"""Worker processes: what is slow, or reads what users wrote, happens there.

A worker that dies costs the call that it was at work on; it is replaced. A call that is
cancelled has its worker ended, and so has one that takes more memory than it may. When memory
runs out all the same a worker goes, and not the daemon.
"""

from __future__ import annotations

import logging
import math
import os
import re
import signal
import sys
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final, TypeVar, cast

import anyio
from anyio import BrokenWorkerProcess, to_process, to_thread

from stationd.proto.error import ErrorCode, ErrorInfo, StationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

log = logging.getLogger(__name__)

T = TypeVar("T")
Request = TypeVar("Request")

KEEP_WARM_SECONDS: Final = 120.0
"""Idle workers are let go after 300 s (anyio); a call now and then keeps them."""
_AT_ONCE: Final = cast("anyio.CapacityLimiter", nullcontext())
"""Calls are limited before; and a real limiter would let another take our worker meanwhile."""
_LOOK_SECONDS: Final = 0.1
"""Between two looks at what workers take, while some are busy."""
_GIB: Final = 2**30
_OWN: Final = re.compile(r"^RssAnon:\s+(\d+) kB$", re.MULTILINE)
_OOM_SCORE: Final = 500
"""Added to what the kernel thinks a worker's memory is worth when it must end somebody: half of
all memory that there is."""


class Workers:
    """A pool of worker processes.

    Args:
        processes: How many calls run at the same time.
    """

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._limiter = anyio.CapacityLimiter(processes)
        self._pids: set[int] = set()
        self._memory_bytes = 0
        self._ended_for_memory = 0
        """Workers that were ended because of that and whose calls have not noticed yet."""
        self._free = 0
        """How many workers are known to wait for a call; there may be more."""
        self.called: Callable[[str, float, float, float], None] | None = None
        """Told of every call that returned: its function, when it was asked for, when it began and
        when it ended, Unix seconds."""

    @property
    def busy(self) -> int:
        """How many calls are under way or wait for a worker."""
        statistics = self._limiter.statistics()
        return int(statistics.borrowed_tokens) + statistics.tasks_waiting

    @property
    def processes(self) -> int:
        """How many calls run at the same time."""
        return self._processes

    async def call(
        self, function: Callable[[Request], T], request: Request, seconds: float = math.inf
    ) -> T:
        """Run a function of a module in a worker.

        Args:
            function: Importable by name.
            request: Its only argument.
            seconds: How long it may take, once a worker is free; then the worker is ended.

        Raises:
            StationError: The worker died (out of memory, a crash in native code), or took too
                long.
        """
        return (await self.timed(function, request, seconds))[0]

    async def timed(
        self, function: Callable[[Request], T], request: Request, seconds: float = math.inf
    ) -> tuple[T, float]:
        """Run a function of a module in a worker, and tell how long it took.

        Args:
            function: Importable by name.
            request: Its only argument.
            seconds: How long it may take, once a worker is free; then the worker is ended.

        Returns:
            What the function returned, and the seconds since a worker was free.

        Raises:
            StationError: As `call`.
        """
        asked = time.time()
        try:
            async with self._limiter:
                await self._take_one()
                began, started = time.time(), anyio.current_time()
                with anyio.move_on_after(seconds):
                    made = await to_process.run_sync(
                        _call, function, request, cancellable=True, limiter=_AT_ONCE
                    )
                    self._free += 1
                    if self.called is not None:
                        self.called(function.__name__, asked, began, time.time())
                    return made, anyio.current_time() - started
            raise StationError(
                ErrorInfo(
                    ErrorCode.STAGE_TIMEOUT,
                    f"{function.__name__} was not done within {seconds:g} s: give it less at a"
                    " time, or allow it more in [deadlines]",
                )
            )
        except (BrokenWorkerProcess, ProcessLookupError) as error:
            # The latter if the loop knows already that the worker is dead when anyio, which has
            # just found out, wants to make sure of it.
            raise StationError(self._how_it_died(function.__name__)) from error

    def _how_it_died(self, name: str) -> ErrorInfo:
        reason = "the job may need more memory than there is, or it makes a library crash"
        if self._ended_for_memory:
            self._ended_for_memory -= 1
            reason = (
                f"it took more than {self._memory_bytes / _GIB:g} GiB of memory, see [workers]"
                " memory_gib: make several jobs of it, or ask for more"
            )
        return ErrorInfo(ErrorCode.WORKER_DIED, f"the worker process died in {name}: {reason}")

    async def bound_memory(self, most_bytes: int) -> None:
        """End workers that take too much memory, for ever.

        Not by a limit of the kernel: what a compiler maps and never touches is many times what
        it needs.

        Args:
            most_bytes: What one may take for itself.
        """
        self._memory_bytes = most_bytes
        while True:
            await anyio.sleep(_LOOK_SECONDS)
            if self.busy:
                sizes = await to_thread.run_sync(_sizes, tuple(self._pids))
                self._end_the_greedy(sizes)

    def _end_the_greedy(self, sizes: Mapping[int, int]) -> None:
        for pid, size in sizes.items():
            if size > self._memory_bytes:
                self._ended_for_memory += 1
                log.warning("a worker took %.1f GiB of memory and is ended", size / _GIB)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if not 0 < size <= self._memory_bytes:
                self._pids.discard(pid)

    async def _take_one(self) -> None:
        """See to it that a worker waits, and is ours if we call it at once.

        A start is never cut short: the process that it leaves would be nobody's, for ever.
        """
        if self._free:
            self._free -= 1
            return
        with anyio.CancelScope(shield=True):
            self._pids.add(await to_process.run_sync(_offer_myself, limiter=_AT_ONCE))

    async def keep_warm(self, warm_up: Callable[[], None]) -> None:
        """Start all workers now, and keep them from being let go, for ever."""
        while True:
            async with anyio.create_task_group() as tasks:
                for _ in range(self._processes):
                    tasks.start_soon(self._warm, warm_up)
            await anyio.sleep(KEEP_WARM_SECONDS)

    async def _warm(self, warm_up: Callable[[], None]) -> None:
        try:
            await self.call(_warm_up, warm_up)
        except ImportError as error:
            log.warning("circuits cannot be compiled: %s; install stationd[qiskit]", error)
        except StationError as error:
            log.warning("a worker could not be warmed up: %s", error)


def _call(function: Callable[[Request], T], request: Request) -> T:
    # Ctrl-C goes to the whole terminal group; the daemon decides what becomes of its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Where the daemon is no script anyio leaves none, and libraries look for it.
    sys.modules.setdefault("__main__", ModuleType("__main__"))
    try:
        return function(request)
    except MemoryError:
        # As if the kernel had ended it: what is left may be in pieces, and another begins afresh.
        os._exit(1)


def _sizes(pids: Iterable[int]) -> dict[int, int]:
    return {pid: own_bytes(pid) for pid in pids}


def own_bytes(pid: int) -> int:
    """Return what memory a process has for itself; 0 if it is gone. Reads a file."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = _OWN.search(status)
    return 0 if found is None else int(found[1]) * 1024


def _offer_myself() -> int:
    """Be what the kernel ends first when memory runs out, and not the daemon; return who I am."""
    _say_nothing()
    score = Path("/proc/self/oom_score_adj")
    # Whoever started the daemon may have offered all of it more than that, or not let it say so.
    with suppress(OSError):
        if int(score.read_text()) < _OOM_SCORE:
            score.write_text(str(_OOM_SCORE))
    return os.getpid()


def _say_nothing() -> None:
    """Let go of the pipe that is our stderr: nobody reads it, and when it is full we would wait."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _warm_up(warm_up: Callable[[], None]) -> None:
    warm_up()
