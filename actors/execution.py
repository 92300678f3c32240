"""The daemon's side of a ticket: its controllers, from Arm to the last one at rest.

Rule 1. Pure: reports go in, commands and facts for the job come out; the caller sends them.
Rule 2. Every command may be sent again, so after a reconnect the question is only how far the
        controller has come; `reconnected` answers it from what the controller holds.
Rule 3. A ticket for one controller is armed with its start. Of several all are armed first, and
        then start in their order (`start_order`), the trigger master last; and they come to rest
        the other way round, unless one does not in time.
Rule 4. The job hears of the end once: when every controller is at rest or lost and every block
        of data has arrived.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from stationd.actors.ends import brought_to_rest, error_of, outcome
from stationd.actors.ladder import (
    CameToRest,
    ExecutionBegan,
    ExecutionFailed,
    LeftQueue,
)
from stationd.actors.pacing import Pacing
from stationd.actors.part import (
    AT_REST,
    ENDED,
    UNHEARD,
    UNSTARTED,
    Output,
    Part,
    Returned,
    Send,
    Standing,
    Tell,
)
from stationd.actors.start_order import start_groups
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.instruments_protocol import (
    Abort,
    Advance,
    Arm,
    Armed,
    AtRest,
    Collect,
    Failed,
    Finished,
    HeldTicket,
    Lost,
    Reached,
    Refused,
    Report,
    Revoke,
    Revoked,
    Start,
    Started,
    TooLate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationd.actors.stages.stretches import Covered
    from stationd.actors.start_order import Rank
    from stationd.proto.job import Fence, Ticket
    from stationd.proto.program import Work


_NO_RANKS: Final[Mapping[str, Rank]] = MappingProxyType({})


class Authority(Protocol):
    """Who commands."""

    @property
    def fence(self) -> Fence:
        """What goes on a command that is sent now."""
        ...


class Execution:
    """One ticket at its controllers.

    Args:
        ticket: The ticket.
        authority: Has the fence that goes on every command.
        works: The work by controller.
        ranks: In which order they start; all together if nothing is said.
        began: The job has been told already that the execution began.
    """

    def __init__(
        self,
        ticket: Ticket,
        authority: Authority,
        works: Mapping[str, Work],
        ranks: Mapping[str, Rank] = _NO_RANKS,
        *,
        began: bool = False,
    ) -> None:
        self.ticket = ticket
        self._ranks = ranks
        self.works = works
        self.parts = {name: Part() for name in works}
        self.began = began
        self._authority = authority
        self._aborting = False
        self._leaving = False
        self._returning = False
        # Asked to give the ticket back, without an answer yet.
        self._revoking: set[str] = set()
        # Given up before anything began.
        self._gone: set[str] = set()
        # Told to come to rest, since they have connected last.
        self._aborted: set[str] = set()
        self._hurrying = False
        self._error: ErrorInfo | None = None
        self._over = False
        self._pacing = Pacing(works)

    @property
    def _ending(self) -> bool:
        """Whether no controller should begin any more, and all come to rest."""
        return self._aborting or self._error is not None

    @property
    def ending(self) -> bool:
        """Whether it has begun, is over, or is being ended or taken back already."""
        taken_back = self._leaving or self._returning
        return self.began or self._over or self._ending or taken_back

    @property
    def over(self) -> bool:
        """Whether every controller is at rest or lost, and the job has been told."""
        return self._over

    @property
    def leaving(self) -> bool:
        """Whether the ticket is being taken back for good."""
        return self._leaving

    def has_ended(self, controller: str) -> bool:
        """Whether a controller's part is over, as far as the job is concerned."""
        return self.parts[controller].standing is Standing.ENDED

    def at_work(self, controller: str) -> bool:
        """Whether a controller should be making progress."""
        return self.parts[controller].standing is Standing.RUNNING and not self._ending

    def due(self, controller: str) -> bool:
        """Whether a controller may begin as soon as it is the ticket's turn there."""
        standing = self.parts[controller].standing
        cleared = Standing.STARTING if self._is_group else Standing.ARMED
        taken_back = self._leaving or self._returning
        return standing is cleared and not (self._ending or taken_back or self._over)

    # --- what the daemon wants ---------------------------------------------------------------

    def arm(self) -> list[Output]:
        """Send the ticket to its controllers."""
        return [self._arm(name) for name in self.parts]

    def recover(self, received: Mapping[str, int], covered: Covered | None = None) -> None:
        """Take up an execution that an earlier daemon began.

        Args:
            received: How many blocks of data are stored, by controller.
            covered: Which spots of a paced sweep these hold, by readout.
        """
        for name, part in self.parts.items():
            part.standing = Standing.UNKNOWN
            part.received = received.get(name, 0)
        self._pacing.resume(covered or {})

    def revoke(self) -> list[Output]:
        """Take the ticket back. The outcome is Returned, or that the execution began."""
        self._returning = True
        return [
            self._revoke(name)
            for name, part in self.parts.items()
            if part.standing is not Standing.UNSENT
        ]

    def leave(self) -> list[Output]:
        """Take the ticket back for good. The outcome is LeftQueue, or that it began."""
        self._leaving = True
        return self.revoke()

    def abort(self) -> list[Output]:
        """Bring all controllers to rest, in their order."""
        self._aborting = True
        return [*self._abort_next(), *self._finish()]

    @property
    def in_turn(self) -> bool:
        """Whether some controllers come to rest when others have."""
        return bool(self._ranks)

    def hurry(self) -> list[Output]:
        """Bring all to rest that are not, whatever their order: one has taken too long."""
        self._hurrying = True
        return [] if self._over or not self._ending else self._abort_next()

    def give_up(self, seconds: float) -> tuple[list[str], list[Output]]:
        """End the ticket although some controllers have not come to rest.

        Of one that has, what has not come of its data until now is given up.

        Args:
            seconds: How long they were given, for the job's record.

        Returns:
            Those controllers, and what follows.
        """
        if self._over:
            return [], []
        outputs: list[Output] = []
        for name, part in self.parts.items():
            if part.end is not None and part.standing is not Standing.ENDED:
                outputs += self._ended(name)
        stubborn = [name for name, part in self.parts.items() if part.standing not in AT_REST]
        if self._over or not stubborn:
            return [], outputs
        self._over = True
        names = ", ".join(repr(name) for name in stubborn)
        note = f"{names} did not come to rest within {seconds:g} s; partial data is kept"
        if self._error is not None:
            return stubborn, [*outputs, Tell(ExecutionFailed(self._error))]
        return stubborn, [*outputs, *self._begin(), Tell(CameToRest(note))]

    # --- what controllers report -------------------------------------------------------------

    def is_next_block(self, controller: str, index: int) -> bool:
        """Whether a block of data is new. It counts as arrived from now on.

        A block behind a hole is not taken; it will be collected when the controller's part
        has ended.
        """
        part = self.parts[controller]
        if index != part.received:
            return False
        part.received += 1
        return True

    def block_arrived(self, controller: str) -> list[Output]:
        """Go on after a block: it may have been the last one of a part that has ended."""
        part = self.parts[controller]
        if part.end is None or part.standing is Standing.ENDED:
            return []
        return self._ended(controller) if part.received >= part.end.blocks else []

    def report(self, controller: str, report: Report) -> list[Output]:
        """Take a controller's word and return what follows."""
        if self._over:
            return []
        match report:
            case Armed():
                return self._armed(controller)
            case Started():
                return self._started(controller)
            case Finished() | Failed() | AtRest() | Lost():
                return self._part_over(controller, report)
            case Revoked() if self.parts[controller].standing is not Standing.SENT:
                # Armed comes before Revoked, so a Revoked before it is of an earlier Arm.
                return self._revoked(controller)
            case Reached() | Refused() | TooLate():
                return self._answered(controller, report)
            case _:
                return []

    def _answered(self, controller: str, report: Reached | Refused | TooLate) -> list[Output]:
        match report:
            case Reached():
                return self._reached(controller, report)
            case Refused():
                return self._refused(controller, report)
            case TooLate():
                return self._too_late(controller)

    def _too_late(self, controller: str) -> list[Output]:
        self._revoking.discard(controller)
        unsaid = self.parts[controller].standing in {Standing.ARMED, Standing.STARTING}
        if not self._leaving or self._ending or not unsaid:
            # Started or the end is on its way, or was here.
            return []
        # It may be preparing, which may take for ever: an abort is bounded.
        return self.abort()

    def reconnected(
        self, controller: str, held: HeldTicket | None, *, same_ledger: bool
    ) -> list[Output]:
        """Settle how things stand with a controller that has said Hello.

        Args:
            controller: Its name.
            held: What it holds of the ticket; None if nothing.
            same_ledger: Whether it has the ledger that it had when the ticket was sent.
        """
        part = self.parts[controller]
        self._gone.discard(controller)
        self._revoking.discard(controller)
        self._aborted.discard(controller)
        if self._over or part.standing in AT_REST:
            return self._left_behind(controller, held)
        if held is None:
            return self._not_held(controller, same_ledger=same_ledger)
        match held.state:
            case "armed":
                return self._held_in_line(controller)
            case "running":
                return self._running(controller, stopping=held.stopping)
            case "lost":
                return self._part_over(controller, Lost(self.ticket, part.received))
            case "finished":
                # Told at once, so that it comes before what has begun after it.
                return [*self._begin(), self._collect(controller)]
            case "failed" | "at_rest":
                # A driver may refuse a ticket, or end it before it begins.
                return [self._collect(controller)]

    def absent(self, controller: str) -> list[Output]:
        """Give up a controller that has stayed away for longer than the grace time."""
        part = self.parts[controller]
        if self._over or part.standing in AT_REST:
            return []
        if not self.began and not self._ending and part.standing in UNSTARTED and self._is_group:
            # Armed without a start: it cannot have begun there.
            part.standing = Standing.UNSENT
            self._gone.add(controller)
            return [*self.revoke(), *self._returned()]
        return self._part_over(controller, Lost(self.ticket, part.received))

    # --- one controller ----------------------------------------------------------------------

    @property
    def _is_group(self) -> bool:
        return len(self.parts) > 1

    def _arm(self, controller: str) -> Send:
        self.parts[controller].standing = Standing.SENT
        work = self.works[controller]
        return Send(
            controller, Arm(self._authority.fence, self.ticket, work, start=not self._is_group)
        )

    def _revoke(self, controller: str) -> Send:
        self._revoking.add(controller)
        return Send(controller, Revoke(self._authority.fence, self.ticket))

    def _collect(self, controller: str) -> Send:
        received = self.parts[controller].received
        return Send(controller, Collect(self._authority.fence, self.ticket, received))

    def _armed(self, controller: str) -> list[Output]:
        part = self.parts[controller]
        if part.standing in UNHEARD:
            part.standing = Standing.ARMED
        return self._start_next()

    def _start_next(self) -> list[Output]:
        """Start what may start when all are armed: a group when those before it have started."""
        taken_back = self._leaving or self._returning or self._revoking
        if not self._is_group or taken_back or self._ending:
            return []
        waiting = {Standing.UNSENT, Standing.SENT, Standing.UNKNOWN}
        if any(part.standing in waiting for part in self.parts.values()):
            return []
        for members in start_groups(self.parts, self._ranks):
            standings = {self.parts[name].standing for name in members}
            if Standing.ARMED in standings:
                return [
                    self._start(name)
                    for name in members
                    if self.parts[name].standing is Standing.ARMED
                ]
            if Standing.STARTING in standings:
                break
        return []

    def _start(self, controller: str) -> Send:
        self.parts[controller].standing = Standing.STARTING
        return Send(controller, Start(self._authority.fence, self.ticket))

    def _started(self, controller: str) -> list[Output]:
        part = self.parts[controller]
        if part.standing is Standing.ENDED:
            return []
        part.standing = Standing.RUNNING
        self._revoking.discard(controller)
        outputs = self._begin()
        if self._ending:
            # It may not have been at work when it was told to come to rest.
            self._aborted.discard(controller)
            return [*outputs, *self._abort_next()]
        return [*outputs, *self._start_next(), *self._pace()]

    def _begin(self) -> list[Output]:
        """Take note that something has begun, and tell the job if it is the first to hear of."""
        outputs: list[Output] = []
        if not self.began:
            self.began = True
            outputs.append(Tell(ExecutionBegan()))
        if self._returning and not self._leaving:
            # It was too late to take the ticket back, so the others must take part after all.
            self._returning = False
            for name, part in self.parts.items():
                if name in self._gone:
                    outputs += self._part_over(name, Lost(self.ticket, part.received))
                elif part.standing is Standing.UNSENT and not self._ending:
                    outputs.append(self._arm(name))
        return outputs

    def _left_behind(self, controller: str, held: HeldTicket | None) -> list[Output]:
        """Take away what a controller still holds of a ticket that it was given up for."""
        if held is not None and held.state == "armed":
            return [Send(controller, Revoke(self._authority.fence, self.ticket))]
        if held is not None and held.state == "running":
            return [Send(controller, Abort(self._authority.fence, self.ticket))]
        return []

    def _held_in_line(self, controller: str) -> list[Output]:
        self.parts[controller].standing = Standing.ARMED
        if self._ending:
            return self._abort_next()
        if self._leaving or self._returning:
            return [self._revoke(controller)]
        again: list[Output] = [self._arm(controller)]
        return again

    def _again(self, controller: str) -> list[Output]:
        """Repeat the word that a controller at work may not have heard."""
        if self._ending or not self._pacing.awaits(controller):
            return []
        return self._call([controller])

    def _running(self, controller: str, *, stopping: bool) -> list[Output]:
        if self._ending or not stopping:
            return [*self._started(controller), *self._again(controller)]
        # An earlier daemon took the reason with it.
        self._error = brought_to_rest(controller)
        self.parts[controller].standing = Standing.RUNNING
        return [*self._begin(), *self._abort_next()]

    def _not_held(self, controller: str, *, same_ledger: bool) -> list[Output]:
        part = self.parts[controller]
        unknown = part.standing is Standing.UNKNOWN
        # Of a group another one may have begun, and this one have given the ticket back. But it
        # may have lost its ledger as well, and an earlier daemon have known: it is not sent again.
        began = part.standing is Standing.RUNNING or (unknown and self.began)
        if began or not same_ledger:
            # Of what was sent to another ledger nobody knows what became of it.
            return self._part_over(controller, Lost(self.ticket, part.received))
        # An Arm may have crossed this Hello, so what ends the ticket is the answer to a command
        # that stands behind the Arm in line.
        if self._ending:
            return self._abort_next()
        if self._leaving or self._returning:
            part.standing = Standing.ARMED
            return [self._revoke(controller)]
        return [self._arm(controller)]

    def _revoked(self, controller: str) -> list[Output]:
        part = self.parts[controller]
        self._revoking.discard(controller)
        if part.standing in {Standing.UNSENT, Standing.RUNNING, Standing.ENDED}:
            return []
        part.standing = Standing.UNSENT
        if self._ending:
            return [*self._abort_next(), *self._finish()]
        if self.began and not self._leaving:
            return [self._arm(controller)]
        return self._returned()

    def _returned(self) -> list[Output]:
        if self.began or any(part.standing is not Standing.UNSENT for part in self.parts.values()):
            return []
        self._over = True
        return [Tell(LeftQueue())] if self._leaving else [Returned()]

    def _refused(self, controller: str, refused: Refused) -> list[Output]:
        standing = self.parts[controller].standing
        if refused.code is ErrorCode.CONFLICT and standing not in AT_REST:
            # Over there and not here: it was executed for a daemon whose journal is gone.
            lost = Failed(self.ticket, 0, ErrorCode.INSTRUMENT_LOST, refused.detail, 0.0)
            return [*self._begin(), *self._part_over(controller, lost)]
        if standing not in {Standing.SENT, Standing.STARTING}:
            return []
        failed = Failed(self.ticket, 0, refused.code, refused.detail, 0.0)
        return self._part_over(controller, failed)

    # --- the end -----------------------------------------------------------------------------

    def _part_over(self, controller: str, end: Finished | Failed | AtRest | Lost) -> list[Output]:
        part = self.parts[controller]
        if part.standing is Standing.ENDED:
            return []
        outputs: list[Output] = []
        if isinstance(end, Lost | Finished) or end.began or end.blocks:
            # It was at work, even if it died or went away before it could say so.
            outputs += self._begin()
        part.end = end
        if not isinstance(end, Lost) and part.received < end.blocks:
            outputs.append(self._collect(controller))
            return [*outputs, *self._abort_next()] if self._ending else outputs
        return [*outputs, *self._ended(controller)]

    def _ended(self, controller: str) -> list[Output]:
        part = self.parts[controller]
        part.standing = Standing.ENDED
        called = self._pacing.leave(controller)
        self._revoking.discard(controller)
        outputs: list[Output] = []
        error = error_of(controller, part.end, expected=self._ending)
        if error is not None and self._error is None:
            self._error = error
        if self._ending:
            outputs += self._abort_next()
        else:
            # What it said of its last step may have been lost with a connection.
            outputs += self._call(called)
        return [*outputs, *(self._finish() or [*self._start_next(), *self._pace()])]

    def _finish(self) -> list[Output]:
        """Tell the job of the end, if it is there."""
        at_rest = AT_REST if self._ending else ENDED
        if self._over or any(part.standing not in at_rest for part in self.parts.values()):
            return []
        self._over = True
        ends = [part.end for part in self.parts.values()]
        return [Tell(outcome(ends, self._error, began=self.began))]

    def _abort_next(self) -> list[Output]:
        """Bring those to rest whose turn it is: all that started after them are at rest."""
        outputs: list[Output] = []
        for members in reversed(start_groups(self.parts, self._ranks)):
            restless = [name for name in members if self._is_restless(name)]
            outputs += [
                Send(name, Abort(self._authority.fence, self.ticket))
                for name in restless
                if name not in self._aborted
            ]
            self._aborted.update(restless)
            if restless and not self._hurrying:
                break
        return outputs

    def _is_restless(self, controller: str) -> bool:
        """Whether an instrument may be at work; one that has ended may still have data to send."""
        part = self.parts[controller]
        return part.end is None and part.standing not in AT_REST

    # --- pacing ------------------------------------------------------------------------------

    def _pace(self) -> list[Output]:
        """Begin with the first spot as soon as every controller stands ready."""
        if self._ending:
            return []
        for name, part in self.parts.items():
            # One that only applies settings must have applied them, so it must have ended. One
            # that had done all of its part before the daemon started again has ended as well.
            at_work = part.standing is Standing.RUNNING and self._pacing.paces(name)
            if not at_work and part.standing is not Standing.ENDED:
                return []
        return self._call(self._pacing.begin())

    def _reached(self, controller: str, reached: Reached) -> list[Output]:
        called = self._pacing.reached(controller, reached.spot, reached.phase)
        return [] if self._ending else self._call(called)

    def _call(self, controllers: Sequence[str]) -> list[Output]:
        spot, phase = self._pacing.spot, self._pacing.phase
        return [
            Send(name, Advance(self._authority.fence, self.ticket, spot, phase))
            for name in controllers
        ]
