"""What the controllers are used for, as far as the daemon can tell: in the moment it hears of it.

A controller says itself when it begins and ends with a ticket. Whether it is at work is what it
said last, also of tickets whose jobs are over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.proto.instruments_protocol import AtRest, Failed, Finished, Lost, Started
from stationd.runtime.metrics.utilisation import Use

if TYPE_CHECKING:
    from collections.abc import Iterable

    from stationd.proto.instruments_protocol import Hello, OneReport
    from stationd.runtime.controllers.quarantine import Quarantine
    from stationd.runtime.controllers.reach import Reach
    from stationd.runtime.metrics.utilisation import Utilisation
    from stationd.runtime.queue.queue import Queue

_TIMED_ENDS: Final = (Finished, Failed, AtRest)
# Written where it is asked, it would be made anew for every report.
_ENDS: Final = (*_TIMED_ENDS, Lost)


class Uses:
    """Tells what every controller is used for.

    Args:
        names: The configured controllers.
        queue: Knows what is in their lines, and what waits for them.
        quarantine: Knows which of them are not trusted.
        reach: Knows which of them are connected.
        utilisation: Is told.
    """

    def __init__(
        self,
        *,
        names: Iterable[str],
        queue: Queue,
        quarantine: Quarantine,
        reach: Reach,
        utilisation: Utilisation,
    ) -> None:
        self._names = dict.fromkeys(names)
        self._queue = queue
        self._quarantine = quarantine
        self._reach = reach
        self._utilisation = utilisation
        # The ticket that each controller said last that it is at work on.
        self._at_work: dict[str, int] = {}
        # When it ended the last one, by its own clock, if another one was in its line then.
        self._ended: dict[str, float] = {}
        self._put_off: dict[str, None] = {}
        utilisation.look = self.look

    def greeted(self, controller: str, hello: Hello) -> None:
        """Take note of what a controller is at work on when it connects."""
        self._ended.pop(controller, None)
        self._at_work.pop(controller, None)
        for held in hello.held:
            if held.state == "running":
                self._at_work[controller] = held.ticket.number

    def take(self, controller: str, report: OneReport) -> None:
        """Take note of a ticket that a controller begins with, or ends."""
        if isinstance(report, Started):
            self._at_work[controller] = report.ticket.number
            ended = self._ended.pop(controller, None)
            if ended is not None:
                gap = max(0.0, report.time_unix_s - ended)
                self._utilisation.gaps[controller].observe(gap)
        elif isinstance(report, _ENDS):
            if self._at_work.get(controller) != report.ticket.number:
                return
            del self._at_work[controller]
            # Its own place in the line is still taken.
            if isinstance(report, _TIMED_ENDS) and self._queue.line(controller) > 1:
                self._ended[controller] = report.time_unix_s

    def put_off(self, names: Iterable[str] | None = None) -> None:
        """Look at some controllers with the next `catch_up`; at all if not said."""
        self._put_off.update(self._names if names is None else dict.fromkeys(names))

    def catch_up(self) -> None:
        """Look at those controllers that have been put off."""
        put_off, self._put_off = self._put_off, {}
        self.look(put_off)

    def look(self, names: Iterable[str] | None = None) -> None:
        """Look at some controllers, of which something has changed; at all if not said."""
        for name in self._names if names is None else names:
            # An earlier daemon's jobs may need one that is not configured any more.
            if name in self._names:
                self._utilisation.note(name, self._use(name))

    def _use(self, controller: str) -> Use:
        if not self._reach.has(controller):
            return Use.ABSENT
        if controller in self._quarantine:
            return Use.QUARANTINED
        if controller in self._at_work:
            return Use.RUNNING
        if self._queue.line(controller):
            return Use.ARMED
        return Use.IDLE_WITH_WORK if self._queue.waiting(controller) else Use.IDLE_WITHOUT_WORK
