"""A ticket that a controller holds, and what the controller says and orders about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, cast

from stationd.actors.line import facts
from stationd.actors.line.facts import Fact, Outcome
from stationd.actors.line.ticket import TicketAction, TicketState
from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stationd.proto.job import Fence, Ticket
    from stationd.proto.program import Work

TicketCommand = (
    wire.Arm
    | wire.Start
    | wire.Revoke
    | wire.Abort
    | wire.Advance
    | wire.Collect
    | wire.Acknowledge
)
"""The commands that are about one ticket."""

Cause = TicketCommand | Fact | None
"""What a transition comes from; None if it follows from another ticket's."""

End = wire.Finished | wire.Failed | wire.AtRest | wire.Lost
"""How an execution can end."""

HeldState = Literal["armed", "running", "finished", "failed", "at_rest", "lost"]

HELD_AS: Final[Mapping[TicketState, HeldState]] = {
    TicketState.ARMED: "armed",
    TicketState.CLEARING: "armed",
    TicketState.CLEARED: "armed",
    TicketState.RELEASED: "armed",
    TicketState.RUNNING: "running",
    TicketState.STOPPING: "running",
    TicketState.FINISHED: "finished",
    TicketState.FAILED: "failed",
    TicketState.AT_REST: "at_rest",
    TicketState.LOST: "lost",
}
"""What Hello calls the states of tickets that are held."""

STATE_OF_END: Final[Mapping[type, TicketState]] = {
    wire.Finished: TicketState.FINISHED,
    wire.Failed: TicketState.FAILED,
    wire.AtRest: TicketState.AT_REST,
    wire.Lost: TicketState.LOST,
}


class Held:
    """A ticket and all that the controller keeps with it.

    Attributes:
        place: Its place in line; grows with every ticket that is armed.
        work: What to execute; None once that is over.
        blocks: Blocks of data so far.
        size_bytes: Of these blocks.
        began: Whether the instrument has begun with it in this life of the controller.
    """

    __slots__ = (
        "began",
        "blocks",
        "end",
        "place",
        "size_bytes",
        "started_unix_s",
        "state",
        "ticket",
        "work",
    )

    def __init__(self, ticket: Ticket, state: TicketState) -> None:
        self.ticket = ticket
        self.state = state
        self.place = 0
        self.work: Work | None = None
        self.blocks = 0
        self.size_bytes = 0
        self.started_unix_s = 0.0
        self.began = False
        self.end: End | None = None


def end_of(held: Held, cause: Cause, now_unix_s: float) -> End:
    """Return the report of how a ticket that has just come to its end ended."""
    time_unix_s = cause.time_unix_s if isinstance(cause, _TIMED) else now_unix_s
    began = held.began
    if held.state is TicketState.FINISHED:
        return wire.Finished(held.ticket, held.blocks, time_unix_s)
    if held.state is TicketState.FAILED and isinstance(cause, facts.RunRaised):
        code = ErrorCode.DRIVER_FAILED
        return wire.Failed(held.ticket, held.blocks, code, cause.detail, time_unix_s, began)
    return wire.AtRest(held.ticket, held.blocks, time_unix_s, began)


_TIMED: Final = (facts.RunEnded, facts.RunStopped, facts.RunRaised)

# --- reports ---------------------------------------------------------------------------------


def _report_armed(held: Held, _cause: Cause, outcome: Outcome) -> None:
    outcome.reports.append(wire.Armed(held.ticket))


def _report_started(held: Held, cause: Cause, outcome: Outcome) -> None:
    if isinstance(cause, facts.RunStarted):
        held.started_unix_s, held.began = cause.time_unix_s, True
    # Waits for no disk: that it may start is there already.
    outcome.live.append(wire.Started(held.ticket, held.started_unix_s))


def _report_revoked(held: Held, _cause: Cause, outcome: Outcome) -> None:
    outcome.reports.append(wire.Revoked(held.ticket))


def _report_too_late(held: Held, _cause: Cause, outcome: Outcome) -> None:
    outcome.reports.append(wire.TooLate(held.ticket))


def _report_full(held: Held, _cause: Cause, outcome: Outcome) -> None:
    detail = (
        "the controller's spool is full of data that the daemon has not acknowledged; nothing"
        " was executed: let the daemon collect it, or raise the controller's spool limit"
    )
    outcome.reports.append(wire.Failed(held.ticket, 0, ErrorCode.SPOOL_FULL, detail, 0.0))


def _report_progress(held: Held, cause: Cause, outcome: Outcome) -> None:
    made = cast("facts.ProgressMade", cause)
    outcome.live.append(wire.Progressed(held.ticket, made.done, made.total, made.unit))


def _report_reached(held: Held, cause: Cause, outcome: Outcome) -> None:
    reached = cast("facts.SpotReached", cause)
    outcome.live.append(wire.Reached(held.ticket, reached.spot, reached.phase))


def _report_data(held: Held, cause: Cause, outcome: Outcome) -> None:
    came = cast("facts.BlockCame", cause)
    # Waits for no disk: whoever hears of the end will see what is missing and collect it.
    outcome.live.append((header_of(held, came, held.blocks - 1), came.data))


def _report_blocks(held: Held, cause: Cause, outcome: Outcome) -> None:
    first = cast("wire.Collect", cause).first
    outcome.reports.append(facts.SpooledBlocks(held.ticket.number, first))


def _report_end(held: Held, _cause: Cause, outcome: Outcome) -> None:
    outcome.reports.append(cast("End", held.end))


def header_of(held: Held, came: facts.BlockCame, index: int) -> wire.Data:
    """Return the report that goes before a block's bytes."""
    return wire.Data(held.ticket, index, came.name, came.item, came.offset, came.dtype, came.shape)


# --- refusals --------------------------------------------------------------------------------


def _refuse_unknown(held: Held, cause: Cause, outcome: Outcome) -> None:
    detail = (
        f"{type(cause).__name__} of ticket {held.ticket.number}, which this controller does not"
        " hold: arm it first"
    )
    outcome.reports.append(wire.Refused(held.ticket, ErrorCode.UNKNOWN_JOB, detail))


def _refuse_early(held: Held, cause: Cause, outcome: Outcome) -> None:
    detail = f"{type(cause).__name__} of ticket {held.ticket.number}, which has not been started"
    outcome.reports.append(wire.Refused(held.ticket, ErrorCode.INVALID_REQUEST, detail))


def _refuse_over(held: Held, cause: Cause, outcome: Outcome) -> None:
    detail = (
        f"{type(cause).__name__} of ticket {held.ticket.number}, which is over: it was"
        " acknowledged or forgotten, and will not be executed again"
    )
    outcome.reports.append(wire.Refused(held.ticket, ErrorCode.CONFLICT, detail))


def stale(fence: Fence, newest: Fence) -> str:
    """Say why a fence commands nothing, naming both."""
    theirs = f"station {fence.station!r}, epoch {fence.epoch}"
    ours = f"station {newest.station!r}, epoch {newest.epoch}"
    if fence.station != newest.station:
        return (
            f"the command is of {theirs}, and this controller belongs to {ours}: to give it to"
            " another station, remove its state directory"
        )
    return f"the command is of {theirs}, which {ours} has superseded"


def taken(asked: Ticket, held: Ticket) -> str:
    """Say that a ticket's number is in use for another job."""
    return (
        f"ticket {asked.number} is held for attempt {held.attempt} of job {held.job}, not for"
        f" attempt {asked.attempt} of job {asked.job}: use a number above all that were used"
    )


# --- orders ----------------------------------------------------------------------------------


def _release(held: Held, _cause: Cause, outcome: Outcome) -> None:
    work = cast("Work", held.work)
    ticket = held.ticket
    outcome.orders.append(
        facts.Release(ticket.number, held.place, work, ticket.job, ticket.attempt)
    )


def _withdraw(held: Held, _cause: Cause, outcome: Outcome) -> None:
    outcome.orders.append(facts.Withdraw(held.ticket.number))


def _stop(held: Held, _cause: Cause, outcome: Outcome) -> None:
    outcome.orders.append(facts.Stop(held.ticket.number))


def _advance(held: Held, cause: Cause, outcome: Outcome) -> None:
    word = cast("wire.Advance", cause)
    outcome.orders.append(facts.Step(held.ticket.number, word.spot, word.phase, word.through))


SAYINGS: Final[Mapping[TicketAction, Callable[[Held, Cause, Outcome], None]]] = {
    TicketAction.REPORT_ARMED: _report_armed,
    TicketAction.REPORT_STARTED: _report_started,
    TicketAction.REPORT_REVOKED: _report_revoked,
    TicketAction.REPORT_TOO_LATE: _report_too_late,
    TicketAction.REPORT_FULL: _report_full,
    TicketAction.REPORT_PROGRESS: _report_progress,
    TicketAction.REPORT_REACHED: _report_reached,
    TicketAction.REPORT_DATA: _report_data,
    TicketAction.REPORT_BLOCKS: _report_blocks,
    TicketAction.REPORT_END: _report_end,
    TicketAction.REFUSE_UNKNOWN: _refuse_unknown,
    TicketAction.REFUSE_EARLY: _refuse_early,
    TicketAction.REFUSE_OVER: _refuse_over,
    TicketAction.RELEASE: _release,
    TicketAction.WITHDRAW: _withdraw,
    TicketAction.STOP: _stop,
    TicketAction.ADVANCE: _advance,
}
"""The actions that change nothing that the controller remembers."""
