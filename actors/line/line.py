"""All tickets that a controller holds, the next one first; and who may give orders about them.

Rule 1. Pure: commands and facts go in, an `Outcome` comes out; the caller writes the records,
        sends the reports once they are durable, and gives the orders to the instrument's thread.
Rule 2. Tickets are released to the instrument's thread in the order in which they were armed:
        one that may not start yet holds up those behind it.
Rule 3. A fence that is older than the newest seen, or of another station, commands nothing.
Rule 4. A ticket is known by its number. What is below the watermark, or was acknowledged, is over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import msgspec

from stationd.actors.line import facts
from stationd.actors.line.facts import Fact, HeldRow, Memory, Outcome
from stationd.actors.line.held import (
    HELD_AS,
    SAYINGS,
    STATE_OF_END,
    Cause,
    End,
    Held,
    TicketCommand,
    end_of,
    header_of,
    stale,
    taken,
)
from stationd.actors.line.ticket import TicketAction, TicketInput, TicketState, follow
from stationd.proto import instruments_protocol as wire
from stationd.proto.codec import REPORTS
from stationd.proto.error import ErrorCode
from stationd.proto.program import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stationd.proto.job import Fence, Ticket

_INPUTS: Final[Mapping[type, TicketInput]] = {
    wire.Start: TicketInput.START,
    wire.Revoke: TicketInput.REVOKE,
    wire.Abort: TicketInput.ABORT,
    wire.Advance: TicketInput.ADVANCE,
    wire.Collect: TicketInput.COLLECT,
    wire.Acknowledge: TicketInput.ACKNOWLEDGE,
    facts.Cleared: TicketInput.STORED,
    facts.Withdrawn: TicketInput.WITHDRAWN,
    facts.NotWithdrawn: TicketInput.NOT_WITHDRAWN,
    facts.RunStarted: TicketInput.STARTED,
    facts.RunEnded: TicketInput.ENDED,
    facts.RunStopped: TicketInput.STOPPED,
    facts.RunRaised: TicketInput.RAISED,
    facts.BlockCame: TicketInput.BLOCK,
    facts.ProgressMade: TicketInput.PROGRESS,
    facts.SpotReached: TicketInput.REACHED,
}
_IN_LINE: Final = frozenset({TicketState.ARMED, TicketState.CLEARING, TicketState.CLEARED})
_NOT_HELD: Final = frozenset({TicketState.UNKNOWN, TicketState.OVER})
_WORK: Final[msgspec.msgpack.Decoder[Work]] = msgspec.msgpack.Decoder(Work)
_ENCODE: Final = msgspec.msgpack.Encoder().encode


class Line:
    """The tickets of one controller.

    Args:
        memory: What the ledger holds. `recover` takes its tickets up.
        spool_limit: Bytes of unacknowledged data from which on new tickets are refused.
    """

    def __init__(self, memory: Memory, *, spool_limit: int) -> None:
        self.fence: Fence | None = memory.fence
        self.forgotten = memory.forgotten
        self.spooled_bytes = 0
        self._spool_limit = spool_limit
        self._over = set(memory.over)
        self._held: dict[int, Held] = {}
        # Those not yet released, in the order of their places.
        self._waiting: dict[int, Held] = {}
        self._last_place = memory.last_started
        self._remembering: Mapping[TicketAction, Callable[[Held, Cause, float, Outcome], None]] = {
            TicketAction.RECORD_ARMED: self._record_armed,
            TicketAction.RECORD_CLEARED: self._record_cleared,
            TicketAction.RECORD_REVOKED: self._record_revoked,
            TicketAction.RECORD_END: self._record_end,
            TicketAction.RECORD_OVER: self._record_over,
            TicketAction.RECORD_BLOCK: self._record_block,
        }

    def recover(self, memory: Memory) -> Outcome:
        """Take up what the ledger holds, once, before anything else.

        Tickets in line stay in line and wait for the daemon's word, even if they had it before.
        What may have been begun with is lost.
        """
        outcome = Outcome()
        for row in memory.held:
            held = self._take_up(row)
            begun = row.cleared and (not memory.certain or row.place <= memory.last_started)
            if held.end is None and begun:
                held.state = TicketState.LOST
                held.end = wire.Lost(row.ticket, row.blocks)
                outcome.records.append(facts.TicketEnded(row.ticket, REPORTS.encode(held.end)))
            elif held.end is None:
                held.work = _WORK.decode(row.work)
                self._waiting[row.ticket.number] = held
        return outcome

    def _take_up(self, row: HeldRow) -> Held:
        held = Held(row.ticket, TicketState.ARMED)
        held.place, held.blocks, held.size_bytes = row.place, row.blocks, row.size_bytes
        if row.end is not None:
            held.end = cast("End", REPORTS.decode(row.end))
            held.state = STATE_OF_END[type(held.end)]
        self._held[row.ticket.number] = held
        self._last_place = max(self._last_place, row.place)
        self.spooled_bytes += row.size_bytes
        return held

    # --- what the daemon says ----------------------------------------------------------------

    def accepts(self, fence: Fence, outcome: Outcome, ticket: Ticket | None = None) -> bool:
        """Check a command's authority; remember a newer fence, and refuse a stale or foreign one.

        Returns:
            Whether the command may be carried out.
        """
        newest = self.fence
        if fence == newest:
            return True
        if newest is not None and (fence.station != newest.station or fence.epoch < newest.epoch):
            detail = stale(fence, newest)
            outcome.reports.append(wire.Refused(ticket, ErrorCode.STALE_FENCE, detail))
            return False
        self.fence = fence
        outcome.records.append(facts.FenceSeen(fence))
        return True

    def command(self, command: TicketCommand, now_unix_s: float, outcome: Outcome) -> None:
        """Carry out a command about a ticket, and add what follows to `outcome`."""
        ticket = command.ticket
        if not self.accepts(command.fence, outcome, ticket):
            return
        held = self._find(ticket)
        if held.ticket != ticket:
            detail = taken(ticket, held.ticket)
            outcome.reports.append(wire.Refused(ticket, ErrorCode.CONFLICT, detail))
            return
        self._follow(held, self._input_of(command, held), command, now_unix_s, outcome)

    def forget(self, command: wire.Forget, outcome: Outcome) -> None:
        """Raise the watermark."""
        if not self.accepts(command.fence, outcome) or command.up_to <= self.forgotten:
            return
        for number in [number for number in self._held if number < command.up_to]:
            self._follow(self._held[number], TicketInput.FORGET, None, 0.0, outcome)
        self.forgotten = command.up_to
        self._over = {number for number in self._over if number >= command.up_to}
        outcome.records.append(facts.Forgotten(command.up_to))

    def held(self) -> tuple[wire.HeldTicket, ...]:
        """Return what the controller holds, as Hello says it, in the order of places."""
        return tuple(
            wire.HeldTicket(
                held.ticket, HELD_AS[held.state], held.blocks, held.state is TicketState.STOPPING
            )
            for held in sorted(self._held.values(), key=lambda held: held.place)
        )

    @property
    def newest_ticket(self) -> int:
        """The highest number that is held or over; 0 if there is none."""
        return max(self.forgotten - 1, max(self._over, default=0), max(self._held, default=0), 0)

    # --- what the instrument's thread and the ledger say -------------------------------------

    def fact(self, fact: Fact, now_unix_s: float, outcome: Outcome) -> None:
        """Take a fact in and add what follows to `outcome`.

        Raises:
            UnexpectedEvent: The fact has no meaning for its ticket as it stands.
        """
        held = self._held.get(fact.number)
        if isinstance(fact, facts.Cleared) and (held is None or held.place != fact.place):
            # Revoked, and perhaps armed again, before the disk had answered.
            return
        if held is None and isinstance(fact, facts.NotWithdrawn):
            # Asked for twice: it has come back with the first asking.
            return
        if held is None:
            # Nothing else that the thread says can be about a ticket that is not held: this raises.
            follow(TicketState.UNKNOWN, _INPUTS[type(fact)])
            return
        self._follow(held, _INPUTS[type(fact)], fact, now_unix_s, outcome)

    # --- one transition ----------------------------------------------------------------------

    def _find(self, ticket: Ticket) -> Held:
        held = self._held.get(ticket.number)
        if held is not None:
            return held
        over = ticket.number < self.forgotten or ticket.number in self._over
        return Held(ticket, TicketState.OVER if over else TicketState.UNKNOWN)

    def _input_of(self, command: TicketCommand, held: Held) -> TicketInput:
        if not isinstance(command, wire.Arm):
            return _INPUTS[type(command)]
        if held.state is TicketState.UNKNOWN and self.spooled_bytes >= self._spool_limit:
            return TicketInput.ARM_IN_VAIN
        return TicketInput.ARM_AND_START if command.start else TicketInput.ARM

    def _follow(
        self, held: Held, happened: TicketInput, cause: Cause, now_unix_s: float, outcome: Outcome
    ) -> None:
        rule = follow(held.state, happened)
        before, held.state = held.state, rule.to
        for action in rule.actions:
            saying = SAYINGS.get(action)
            if saying is not None:
                saying(held, cause, outcome)
            else:
                self._remembering[action](held, cause, now_unix_s, outcome)
        if before is not rule.to:
            self._settle(held)
            self._release(outcome)

    def _settle(self, held: Held) -> None:
        number = held.ticket.number
        if held.state in _IN_LINE:
            self._waiting[number] = held
        else:
            self._waiting.pop(number, None)
        if held.state in _NOT_HELD:
            self._held.pop(number, None)
            self.spooled_bytes -= held.size_bytes
        else:
            self._held[number] = held

    def _release(self, outcome: Outcome) -> None:
        while self._waiting:
            first = next(iter(self._waiting.values()))
            if first.state is not TicketState.CLEARED:
                return
            self._follow(first, TicketInput.TURN, None, 0.0, outcome)

    # --- what is remembered ------------------------------------------------------------------

    def _record_armed(self, held: Held, cause: Cause, _now: float, outcome: Outcome) -> None:
        arm = cast("wire.Arm", cause)
        self._last_place += 1
        held.place, held.work = self._last_place, arm.work
        work = _ENCODE(arm.work)
        outcome.records.append(facts.TicketArmed(held.ticket, held.place, work, arm.start))
        if arm.start:
            outcome.cleared.append(facts.Cleared(held.ticket.number, held.place))

    def _record_cleared(self, held: Held, _cause: Cause, _now: float, outcome: Outcome) -> None:
        outcome.records.append(facts.TicketCleared(held.ticket.number))
        outcome.cleared.append(facts.Cleared(held.ticket.number, held.place))

    def _record_revoked(self, held: Held, _cause: Cause, _now: float, outcome: Outcome) -> None:
        outcome.records.append(facts.TicketRevoked(held.ticket.number))

    def _record_end(self, held: Held, cause: Cause, now: float, outcome: Outcome) -> None:
        held.end, held.work = end_of(held, cause, now), None
        outcome.records.append(facts.TicketEnded(held.ticket, REPORTS.encode(held.end)))

    def _record_over(self, held: Held, _cause: Cause, _now: float, outcome: Outcome) -> None:
        self._over.add(held.ticket.number)
        outcome.records.append(facts.TicketOver(held.ticket.number, held.blocks))

    def _record_block(self, held: Held, cause: Cause, _now: float, outcome: Outcome) -> None:
        came = cast("facts.BlockCame", cause)
        header = REPORTS.encode(header_of(held, came, held.blocks))
        outcome.records.append(facts.BlockSpooled(came.number, held.blocks, header, came.data))
        outcome.data_bytes += len(came.data)
        held.blocks += 1
        held.size_bytes += len(came.data)
        self.spooled_bytes += len(came.data)
