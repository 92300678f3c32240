"""Worker processes: what is slow, or reads what users wrote, happens there.

A worker that dies costs the call that it was at work on; it is replaced. A call that is
cancelled has its worker ended. When memory runs out a worker goes, and not the daemon.
"""

from __future__ import annotations

import logging
import math
import os
import signal
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar, cast

import anyio
from anyio import BrokenWorkerProcess, to_process

from stationd.proto.error import ErrorCode, ErrorInfo, StationError

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)

T = TypeVar("T")
Request = TypeVar("Request")

KEEP_WARM_SECONDS: Final = 120.0
"""Idle workers are let go after 300 s (anyio); a call now and then keeps them."""
_AT_ONCE: Final = cast("anyio.CapacityLimiter", nullcontext())
"""Calls are limited before; and a real limiter would let another take our worker meanwhile."""
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
        self._free = 0
        """How many workers are known to wait for a call; there may be more."""

    @property
    def busy(self) -> int:
        """How many calls are under way or wait for a worker."""
        statistics = self._limiter.statistics()
        return int(statistics.borrowed_tokens) + statistics.tasks_waiting

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
        try:
            async with self._limiter:
                await self._take_one()
                with anyio.move_on_after(seconds):
                    made = await to_process.run_sync(
                        _call, function, request, cancellable=True, limiter=_AT_ONCE
                    )
                    self._free += 1
                    return made
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
            raise StationError(
                ErrorInfo(
                    ErrorCode.WORKER_DIED,
                    f"the worker process died in {function.__name__}: the job may need more"
                    " memory than there is, or it makes a library crash",
                )
            ) from error

    async def _take_one(self) -> None:
        """See to it that a worker waits, and is ours if we call it at once.

        A start is never cut short: the process that it leaves would be nobody's, for ever.
        """
        if self._free:
            self._free -= 1
            return
        with anyio.CancelScope(shield=True):
            await to_process.run_sync(_offer_myself, limiter=_AT_ONCE)

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
    try:
        return function(request)
    except MemoryError:
        # As if the kernel had ended it: what is left may be in pieces, and another begins afresh.
        os._exit(1)


def _offer_myself() -> None:
    """Be what the kernel ends first when memory runs out, and not the daemon."""
    score = Path("/proc/self/oom_score_adj")
    # Whoever started the daemon may have offered all of it more than that, or not let it say so.
    with suppress(OSError):
        if int(score.read_text()) < _OOM_SCORE:
            score.write_text(str(_OOM_SCORE))


def _warm_up(warm_up: Callable[[], None]) -> None:
    warm_up()
