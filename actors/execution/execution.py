"""The daemon's side of a ticket: its controllers, from Arm to the last one at rest.

Rule 1. Pure: reports go in, commands and facts for the job come out; the caller sends them.
Rule 2. Every command may be sent again, so after a reconnect the question is only how far the
        controller has come; `reconnecting` answers it from what the controller holds.
Rule 3. A ticket for one controller is armed with its start. Of several all are armed first, and
        then start in their order (`start_order`), the trigger master last; and they come to rest
        the other way round, unless one does not in time.
Rule 4. The job hears of the end once: when every controller is at rest or lost and every block
        of data has arrived.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stationd.actors.execution import course
from stationd.actors.execution.part import AT_REST, UNSTARTED, Output, Part, Standing, Tell
from stationd.actors.execution.reconnecting import reconnected
from stationd.actors.execution.state import NO_RANKS, Authority, ExecutionState
from stationd.actors.execution.turns import abort_next
from stationd.actors.ladder import CameToRest, ExecutionFailed
from stationd.proto.instruments_protocol import (
    Armed,
    AtRest,
    Failed,
    Finished,
    HeldTicket,
    Lost,
    Reached,
    Refused,
    Report,
    Revoked,
    Started,
    TooLate,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.actors.execution.start_order import Rank
    from stationd.actors.stages.stretches import Covered
    from stationd.proto.job import Ticket
    from stationd.proto.program import Work


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
        ranks: Mapping[str, Rank] = NO_RANKS,
        *,
        began: bool = False,
    ) -> None:
        self._state = ExecutionState(ticket, authority, works, ranks, began=began)

    @property
    def ticket(self) -> Ticket:
        """The ticket."""
        return self._state.ticket

    @property
    def works(self) -> Mapping[str, Work]:
        """The work by controller."""
        return self._state.works

    @property
    def parts(self) -> Mapping[str, Part]:
        """How far each controller is."""
        return self._state.parts

    @property
    def began(self) -> bool:
        """Whether the job has been told that the execution began."""
        return self._state.began

    @property
    def ending(self) -> bool:
        """Whether it has begun, is over, or is being ended or taken back already."""
        state = self._state
        return state.began or state.over or state.ending or state.taken_back

    @property
    def over(self) -> bool:
        """Whether every controller is at rest or lost, and the job has been told."""
        return self._state.over

    @property
    def leaving(self) -> bool:
        """Whether the ticket is being taken back for good."""
        return self._state.leaving

    def has_ended(self, controller: str) -> bool:
        """Whether a controller's part is over, as far as the job is concerned."""
        return self._state.parts[controller].standing is Standing.ENDED

    def at_work(self, controller: str) -> bool:
        """Whether a controller has begun and has not come to its end."""
        state = self._state
        return state.parts[controller].standing is Standing.RUNNING and not state.ending

    def is_awaited(self, controller: str) -> bool:
        """Whether a controller at work should be making progress: it has no word to wait for."""
        pacing = self._state.pacing
        return not pacing.paces(controller) or pacing.awaits(controller)

    def due(self, controller: str) -> bool:
        """Whether a controller may begin as soon as it is the ticket's turn there."""
        state = self._state
        standing = state.parts[controller].standing
        cleared = Standing.STARTING if state.is_group else Standing.ARMED
        return standing is cleared and not (state.ending or state.taken_back or state.over)

    # --- what the daemon wants ---------------------------------------------------------------

    def arm(self) -> list[Output]:
        """Send the ticket to its controllers."""
        state = self._state
        return [state.arm(name) for name in state.parts]

    def recover(self, received: Mapping[str, int], covered: Covered | None = None) -> None:
        """Take up an execution that an earlier daemon began.

        Args:
            received: How many blocks of data are stored, by controller.
            covered: Which spots of a paced sweep these hold, by readout.
        """
        state = self._state
        for name, part in state.parts.items():
            part.standing = Standing.UNKNOWN
            part.received = received.get(name, 0)
        state.pacing.resume(covered or {})

    def revoke(self) -> list[Output]:
        """Take the ticket back. The outcome is Returned, or that the execution began."""
        state = self._state
        state.returning = True
        return [
            state.revoke(name)
            for name, part in state.parts.items()
            if part.standing is not Standing.UNSENT
        ]

    def leave(self) -> list[Output]:
        """Take the ticket back for good. The outcome is LeftQueue, or that it began."""
        self._state.leaving = True
        return self.revoke()

    def abort(self) -> list[Output]:
        """Bring all controllers to rest, in their order."""
        return course.abort(self._state)

    @property
    def in_turn(self) -> bool:
        """Whether some controllers come to rest when others have."""
        return bool(self._state.ranks)

    def hurry(self) -> list[Output]:
        """Bring all to rest that are not, whatever their order: one has taken too long."""
        state = self._state
        state.hurrying = True
        return [] if state.over or not state.ending else abort_next(state)

    def give_up(self, seconds: float) -> tuple[list[str], list[Output]]:
        """End the ticket although some controllers have not come to rest.

        Of one that has, what has not come of its data until now is given up.

        Args:
            seconds: How long they were given, for the job's record.

        Returns:
            Those controllers, and what follows.
        """
        state = self._state
        if state.over:
            return [], []
        outputs: list[Output] = []
        for name, part in state.parts.items():
            if part.end is not None and part.standing is not Standing.ENDED:
                outputs += course.ended(state, name)
        stubborn = [name for name, part in state.parts.items() if part.standing not in AT_REST]
        if state.over or not stubborn:
            return [], outputs
        state.over = True
        names = ", ".join(repr(name) for name in stubborn)
        note = f"{names} did not come to rest within {seconds:g} s; partial data is kept"
        if state.error is not None:
            return stubborn, [*outputs, Tell(ExecutionFailed(state.error))]
        return stubborn, [*outputs, *course.begin(state), Tell(CameToRest(note))]

    # --- what controllers report -------------------------------------------------------------

    def is_next_block(self, controller: str, index: int) -> bool:
        """Whether a block of data is new. It counts as arrived from now on.

        A block behind a hole is not taken; it will be collected when the controller's part
        has ended.
        """
        part = self._state.parts[controller]
        if index != part.received:
            return False
        part.received += 1
        return True

    def block_arrived(self, controller: str) -> list[Output]:
        """Go on after a block: it may have been the last one of a part that has ended."""
        return course.block_arrived(self._state, controller)

    def report(self, controller: str, report: Report) -> list[Output]:
        """Take a controller's word and return what follows."""
        state = self._state
        if state.over:
            return []
        match report:
            case Armed():
                return course.armed(state, controller)
            case Started():
                return course.started(state, controller)
            case Finished() | Failed() | AtRest() | Lost():
                return course.part_over(state, controller, report)
            case Revoked() if state.parts[controller].standing is not Standing.SENT:
                # Armed comes before Revoked, so a Revoked before it is of an earlier Arm.
                return course.revoked(state, controller)
            case Reached() | Refused() | TooLate():
                return self._answered(controller, report)
            case _:
                return []

    def _answered(self, controller: str, report: Reached | Refused | TooLate) -> list[Output]:
        state = self._state
        match report:
            case Reached():
                return course.reached(state, controller, report)
            case Refused():
                return course.refused(state, controller, report)
            case TooLate():
                return course.too_late(state, controller)

    def reconnected(
        self, controller: str, held: HeldTicket | None, *, same_ledger: bool
    ) -> list[Output]:
        """Settle how things stand with a controller that has said Hello.

        Args:
            controller: Its name.
            held: What it holds of the ticket; None if nothing.
            same_ledger: Whether it has the ledger that it had when the ticket was sent.
        """
        return reconnected(self._state, controller, held, same_ledger=same_ledger)

    def absent(self, controller: str) -> list[Output]:
        """Give up a controller that has stayed away for longer than the grace time."""
        state = self._state
        part = state.parts[controller]
        if state.over or part.standing in AT_REST:
            return []
        if not state.began and not state.ending and part.standing in UNSTARTED and state.is_group:
            # Armed without a start: it cannot have begun there.
            part.standing = Standing.UNSENT
            state.gone.add(controller)
            return [*self.revoke(), *course.returned(state)]
        return course.part_over(state, controller, Lost(state.ticket, part.received))
