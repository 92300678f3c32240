"""How long jobs may take; the stages' own deadlines are kept where their work is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.actors.ladder import DeadlinePassed
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.queue.explanation import moment

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.proto.job import JobId
    from stationd.runtime.clock import Clock
    from stationd.runtime.journal.stored import Outline
    from stationd.runtime.live import LiveJob
    from stationd.runtime.timers import Timers


class Deadlines:
    """The deadlines of all jobs that are under way.

    Args:
        timers: Calls back when a job's time is over.
        clock: Tells how much of a job's time has passed already.
    """

    def __init__(self, timers: Timers, clock: Clock) -> None:
        self._timers = timers
        self._clock = clock

    def begin(self, live: LiveJob, passed: Callable[[LiveJob, DeadlinePassed], None]) -> None:
        """Call back when the job's attempt has taken longer, or waited longer, than it may."""
        deadline = live.spec.deadline
        if deadline is not None:
            left = deadline - self._clock.time()
            self._timers.set(("deadline", live.job.id), left, lambda: _late(live, passed))
        timeout = live.spec.timeout
        if timeout is None:
            return
        error = ErrorInfo(
            ErrorCode.JOB_TIMEOUT, f"the job was not over within its timeout of {timeout:g} s"
        )
        left = live.began_unix_s + timeout - self._clock.time()
        self._timers.set(live.job.id, left, lambda: passed(live, DeadlinePassed(error)))

    def expect(self, outline: Outline, passed: Callable[[JobId], None]) -> None:
        """Call back when the time of a job is over that has not been taken up until then."""
        if outline.timeout is not None:
            left = outline.began_unix_s + outline.timeout - self._clock.time()
            self._timers.set(outline.job, left, lambda: passed(outline.job))
        if outline.deadline is not None:
            left = outline.deadline - self._clock.time()
            self._timers.set(("deadline", outline.job), left, lambda: passed(outline.job))

    def end(self, live: LiveJob) -> None:
        """Forget the deadline of an attempt that is over."""
        if live.spec.timeout is not None:
            self._timers.cancel(live.job.id)
        if live.spec.deadline is not None:
            self._timers.cancel(("deadline", live.job.id))


def _late(live: LiveJob, passed: Callable[[LiveJob, DeadlinePassed], None]) -> None:
    """End a job that has not begun by its deadline; one that has is in time."""
    deadline = live.spec.deadline
    if deadline is not None and live.job.status < JobExecutorStatus.EXECUTION_STARTED:
        detail = f"the job had not begun by its deadline, {moment(deadline)}"
        passed(live, DeadlinePassed(ErrorInfo(ErrorCode.DEADLINE_PASSED, detail)))
