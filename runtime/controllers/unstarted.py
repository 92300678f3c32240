"""Tickets whose turn has come and that do not begin: their controllers hang before `run`.

A driver's `prepare` opens connections and uploads, and may wait for ever, as `run` may. The
daemon hears nothing of it, so it looks now and then who is the first in each line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.actors.ladder import DeadlinePassed
from stationd.proto.error import ErrorCode, ErrorInfo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from stationd.actors.execution.execution import Execution
    from stationd.proto.job import JobId
    from stationd.runtime.live import LiveJob
    from stationd.runtime.timers import Timers

_LOOKS: Final = 4
"""How often a controller is looked at within the time that it is allowed."""


class Unstarted:
    """Ends jobs whose controllers do not begin with them.

    Args:
        timers: Calls back when it is time to look.
        allowed: Seconds without a sign, by controller; 0 for as long as it takes.
        at: Returns the executions that a controller takes part in, in the order of its line;
            none if it is not connected.
        tell: Told of a job whose time is over.
    """

    def __init__(
        self,
        timers: Timers,
        allowed: Mapping[str, float],
        at: Callable[[str], Iterable[tuple[LiveJob, Execution]]],
        tell: Callable[[LiveJob, DeadlinePassed], None],
    ) -> None:
        self._timers = timers
        self._allowed = {name: seconds for name, seconds in allowed.items() if seconds}
        self._at = at
        self._tell = tell
        # Who was the first in line at the last looks, and how many they were.
        self._first: dict[str, tuple[JobId, int]] = {}

    def watch(self) -> None:
        """Look from now on."""
        for name in self._allowed:
            self._set(name)

    def _set(self, controller: str) -> None:
        seconds = self._allowed[controller] / _LOOKS
        self._timers.set(("unstarted", controller), seconds, lambda: self._look(controller))

    def _look(self, controller: str) -> None:
        self._set(controller)
        live = first_due(controller, self._at(controller))
        if live is None:
            self._first.pop(controller, None)
            return
        job, looks = self._first.get(controller, (live.job.id, 0))
        looks = looks + 1 if job == live.job.id else 1
        self._first[controller] = live.job.id, looks
        # It may have become the first just before the first of these looks, or just after another.
        if looks == _LOOKS + 1:
            self._tell(live, DeadlinePassed(_error(controller, self._allowed[controller])))


def first_due(controller: str, line: Iterable[tuple[LiveJob, Execution]]) -> LiveJob | None:
    """Return the job that a controller should begin with now; None if it is at work, or waits.

    Args:
        controller: Its name.
        line: The executions that it takes part in, in the order of its line.
    """
    for live, execution in line:
        if not execution.has_ended(controller):
            return live if execution.due(controller) else None
    return None


def _error(controller: str, seconds: float) -> ErrorInfo:
    return ErrorInfo(
        ErrorCode.CONTROLLER_SILENT,
        f"controller {controller!r} did not begin with the job for {seconds:g} s, although it was"
        " its turn: its driver hangs where it prepares for a job, or where it ended another one",
    )
