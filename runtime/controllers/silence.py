"""Running jobs whose controllers give no sign of progress."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from stationd.actors.ladder import DeadlinePassed
from stationd.proto.error import ErrorCode, ErrorInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stationd.proto.job import JobId
    from stationd.runtime.timers import Timers


def _always(_controller: str) -> bool:
    return True


class Silence:
    """Ends jobs whose controllers are connected and yet do nothing.

    Args:
        timers: Calls back when it is time to look.
        allowed: Seconds without a sign, by controller; 0 for as long as it takes.
    """

    def __init__(self, timers: Timers, allowed: Mapping[str, float]) -> None:
        self._timers = timers
        self._allowed = {name: seconds for name, seconds in allowed.items() if seconds}
        self._signs: dict[tuple[JobId, str], float] = {}

    def began(
        self,
        job: JobId,
        controllers: Iterable[str],
        passed: Callable[[DeadlinePassed], None],
        is_awaited: Callable[[str], bool] = _always,
    ) -> None:
        """Listen from now on for signs from the controllers of a job.

        Args:
            job: The job.
            controllers: Their names.
            passed: Called when one has been silent for too long.
            is_awaited: Whether one is to say something; in a sweep it may wait for the others.
        """
        for controller in controllers:
            if (job, controller) in self._signs:
                self.sign(job, controller)
            elif controller in self._allowed:
                self._signs[job, controller] = anyio.current_time()
                self._look(job, controller, passed, is_awaited)

    def sign(self, job: JobId, controller: str) -> None:
        """Take note of data, progress or a step; or of a word, which is to be followed by one."""
        if self._signs and (job, controller) in self._signs:
            self._signs[job, controller] = anyio.current_time()

    def ended(self, job: JobId, controllers: Iterable[str]) -> None:
        """Listen no more."""
        if not self._signs:
            return
        for controller in controllers:
            if self._signs.pop((job, controller), None) is not None:
                self._timers.cancel(("silence", job, controller))

    def _look(
        self,
        job: JobId,
        controller: str,
        passed: Callable[[DeadlinePassed], None],
        is_awaited: Callable[[str], bool],
    ) -> None:
        # One timer a while, not one a sign: signs are many.
        seconds, now = self._allowed[controller], anyio.current_time()
        if not is_awaited(controller):
            self._signs[job, controller] = now
        left = self._signs[job, controller] + seconds - now
        if left > 0:
            self._timers.set(
                ("silence", job, controller),
                left,
                lambda: self._look(job, controller, passed, is_awaited),
            )
            return
        passed(
            DeadlinePassed(
                ErrorInfo(
                    ErrorCode.CONTROLLER_SILENT,
                    f"controller {controller!r} gave no sign of progress for {seconds:g} s",
                )
            )
        )
