"""What controllers say of tickets, taken to the executions that it is about."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import msgspec

from stationd.proto.error import ErrorCode
from stationd.proto.instruments_protocol import (
    Acknowledge,
    Armed,
    AtRest,
    Data,
    Failed,
    Finished,
    Lost,
    Progressed,
    Reached,
    Refused,
    Revoked,
    Started,
    TooLate,
)
from stationd.proto.job import Progress
from stationd.proto.program import Sweep
from stationd.runtime.journal.records import BlockStored

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.proto.job import Ticket
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.data_room import DataRoom
    from stationd.runtime.controllers.executions import Executions
    from stationd.runtime.controllers.leftovers import Leftovers
    from stationd.runtime.controllers.pace import Pace
    from stationd.runtime.controllers.quarantine import Quarantine
    from stationd.runtime.controllers.reach import Reach
    from stationd.runtime.controllers.silence import Silence
    from stationd.runtime.controllers.under_way import Jobs
    from stationd.runtime.controllers.uses import Uses
    from stationd.runtime.feed import Feed
    from stationd.runtime.queue.shares import Shares

log = logging.getLogger(__name__)

SMALL_BYTES: Final = 64 * 1024
"""Raw data up to this size is kept in memory as well as in the journal."""

TicketReport = (
    Armed | Started | Progressed | Finished | Failed | AtRest | Revoked | TooLate | Reached | Lost
)
# Written where it is asked, the union would be made anew for every report.
_ENDS: Final = (Finished, Failed, AtRest, Lost)
_STEPS: Final = (Armed, Reached)
"""They change nothing of what a controller is used for."""


class Reports:
    """Takes reports in.

    Args:
        jobs: Knows those that have not been taken up yet.
        room: Where raw data goes.
        feed: Where progress goes.
        executions: What most reports are about.
        leftovers: What the others are about.
        quarantine: Controllers that did not come to rest.
        silence: Listens for signs of progress.
        pace: Learns how long tickets take.
        uses: Learns what the controllers are used for.
        shares: Are charged for it.
        reach: The way to the controllers.
        authority: What this daemon may command with.
        freed: Called when a controller is trusted again.
    """

    def __init__(
        self,
        *,
        jobs: Jobs,
        room: DataRoom,
        feed: Feed,
        executions: Executions,
        leftovers: Leftovers,
        quarantine: Quarantine,
        silence: Silence,
        pace: Pace,
        uses: Uses,
        shares: Shares,
        reach: Reach,
        authority: Authority,
        freed: Callable[[], None],
    ) -> None:
        self._jobs = jobs
        self._room = room
        self._feed = feed
        self._executions = executions
        self._leftovers = leftovers
        self._quarantine = quarantine
        self._silence = silence
        self._pace = pace
        self._uses = uses
        self._shares = shares
        self._reach = reach
        self._authority = authority
        self._freed = freed

    def take(self, controller: str, report: TicketReport) -> None:
        """Take a controller's word about a ticket."""
        if isinstance(report, _STEPS):
            self._take_step(controller, report)
            return
        self._uses.take(controller, report)
        live = self._executions.tickets.get(report.ticket.number)
        execution = None if live is None else self._executions.get(live.job.id)
        ended = isinstance(report, _ENDS)
        if ended and (controller in self._quarantine or self._leftovers.busy(controller)):
            self._came_to_rest(controller, report.ticket)
        if live is None or execution is None or controller not in execution.parts:
            if isinstance(report, _ENDS):
                self._take_end_of_leftover(controller, report)
            return
        self._silence.sign(live.job.id, controller)
        if isinstance(report, Progressed):
            sweep = live.spec.work
            live.progress = Progress(
                done=report.done,
                total=report.total,
                unit=report.unit,
                # What is counted may be something else than spots.
                shape=sweep.shape
                if isinstance(sweep, Sweep) and sweep.spots == report.total
                else (),
            )
            self._feed.progress(live.job.id, live.progress, creator=live.spec.creator)
            return
        if isinstance(report, Failed) and report.code is ErrorCode.SPOOL_FULL:
            self._leftovers.make_room(controller)
        seconds = self._pace.measure(live.job.id, controller, report)
        if seconds is not None:
            self._shares.charge(live.spec.project, seconds)
        self._executions.act(live, execution, execution.report(controller, report))
        self._executions.listen(live, execution, controller)

    def _take_step(self, controller: str, report: Reached | Armed) -> None:
        """Let a ticket go on, or a sweep: the shortest way, for its controllers wait meanwhile."""
        live = self._executions.tickets.get(report.ticket.number)
        execution = None if live is None else self._executions.get(live.job.id)
        if live is None or execution is None or controller not in execution.parts:
            return
        self._silence.sign(live.job.id, controller)
        outputs = execution.report(controller, report)
        if outputs:
            self._executions.act(live, execution, outputs)

    def _came_to_rest(self, controller: str, ticket: Ticket) -> None:
        """Give a controller work again if it was this ticket that kept it from others."""
        self._quarantine.settled((ticket.number, controller))
        self._quarantine.lift(controller, ticket.number)
        self._leftovers.at_rest(controller, ticket)
        self._freed()

    def _take_end_of_leftover(
        self, controller: str, report: Finished | Failed | AtRest | Lost
    ) -> None:
        kept = self._leftovers.ended(controller, report)
        if not kept and not self._jobs.awaits(report.ticket.job):
            self._reach.send(controller, Acknowledge(self._authority.fence, report.ticket))

    def take_refused(self, controller: str, refused: Refused) -> None:
        """Take note that a controller did not do what it was told."""
        log.warning("controller %s refused: %s", controller, refused.detail)
        ticket = refused.ticket
        if ticket is not None and refused.code is ErrorCode.CONFLICT:
            # It is over there, so it is at rest.
            self._came_to_rest(controller, ticket)
        number = None if ticket is None else ticket.number
        live = None if number is None else self._executions.tickets.get(number)
        execution = None if live is None else self._executions.get(live.job.id)
        if live is not None and execution is not None and controller in execution.parts:
            self._executions.act(live, execution, execution.report(controller, refused))

    def take_data(self, controller: str, header: Data, payload: bytes) -> None:
        """Store a block of raw data."""
        live = self._executions.tickets.get(header.ticket.number)
        execution = None if live is None else self._executions.get(live.job.id)
        if live is None or execution is None or controller not in execution.parts:
            self._leftovers.data(controller, header, payload)
            return
        self._silence.sign(live.job.id, controller)
        if self._room.full or not execution.is_next_block(controller, header.index):
            return
        encoded = msgspec.msgpack.encode(header)
        attempt = header.ticket.attempt
        block = BlockStored(live.job.number, attempt, controller, header.index, encoded, payload)
        self._room.store(block)
        live.blocks_bytes += len(payload)
        if live.blocks is not None:
            if live.blocks_bytes <= SMALL_BYTES:
                live.blocks.append((controller, header, payload))
            else:
                live.blocks = None
        self._executions.act(live, execution, execution.block_arrived(controller))
