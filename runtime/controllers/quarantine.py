"""Controllers that did not come to rest: they keep their claim and get no other work.

Rule 1. An abort is bounded. When its time is over the job ends, and says so; the controllers
        that are still at work on its ticket are in quarantine.
Rule 2. Only the end of that very ticket lifts a quarantine, or an operator who has looked.
Rule 3. A child of the daemon is ended and started anew: its ledger then says that the ticket is
        lost, which is an end too. Everything else goes on meanwhile.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from stationd.proto.job import JobId, Ticket
    from stationd.runtime.timers import Timers

log = logging.getLogger(__name__)


class Quarantine:
    """Which controllers are not trusted, and the bounds of aborts.

    Args:
        timers: Calls back when an abort has taken too long.
        abort_timeout: Seconds that controllers have to come to rest.
        escalate: Ends the process of a controller, if that is ours to end.
    """

    def __init__(
        self, timers: Timers, abort_timeout: float, escalate: Callable[[str], None]
    ) -> None:
        self.abort_timeout = abort_timeout
        self._timers = timers
        self._escalate = escalate
        self._tickets: dict[str, Ticket] = {}
        self._bounded: set[Hashable] = set()

    def __contains__(self, controller: str) -> bool:
        return controller in self._tickets

    def ticket(self, controller: str) -> Ticket | None:
        """Return the ticket that a controller did not come to rest from."""
        return self._tickets.get(controller)

    def job(self, controller: str) -> JobId | None:
        """Return the job that a controller did not come to rest from."""
        ticket = self.ticket(controller)
        return None if ticket is None else ticket.job

    def bound(
        self, key: Hashable, overdue: Callable[[], None], halfway: Callable[[], None] | None = None
    ) -> None:
        """Call back when an abort has taken too long, and halfway there; its first word counts."""
        if key not in self._bounded:
            self._bounded.add(key)
            self._timers.set(("abort", key), self.abort_timeout, overdue)
            if halfway is not None:
                self._timers.set(("halfway", key), self.abort_timeout / 2, halfway)

    def settled(self, key: Hashable) -> None:
        """Forget a bound: what was aborted is at rest."""
        if key in self._bounded:
            self._bounded.discard(key)
            self._timers.cancel(("abort", key))
            self._timers.cancel(("halfway", key))

    def put(self, controller: str, ticket: Ticket) -> None:
        """Trust a controller no more until the ticket has ended there."""
        self._tickets[controller] = ticket
        log.error(
            "controller %s did not come to rest within %g s from job %s: it is in quarantine",
            controller,
            self.abort_timeout,
            ticket.job,
        )
        self._escalate(controller)

    def lift(self, controller: str, number: int) -> None:
        """Trust a controller again if it was this ticket that it did not come to rest from."""
        ticket = self._tickets.get(controller)
        if ticket is not None and ticket.number == number:
            self.reset(controller)

    def reset(self, controller: str) -> None:
        """Trust a controller again."""
        if self._tickets.pop(controller, None) is not None:
            log.warning("controller %s is trusted again", controller)
