"""What the daemon knows of a ticket at its controllers, and what it tells them of it. Pure."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

from stationd.actors.execution.pacing import Pacing
from stationd.actors.execution.part import AT_REST, Output, Part, Send, Standing
from stationd.proto.instruments_protocol import Abort, Advance, Arm, Collect, Revoke, Start

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationd.actors.execution.paced_word import PacedWord
    from stationd.actors.execution.start_order import Rank
    from stationd.proto.error import ErrorInfo
    from stationd.proto.job import Fence, Ticket
    from stationd.proto.program import Work

NO_RANKS: Final[Mapping[str, Rank]] = MappingProxyType({})
"""All start together."""


class Authority(Protocol):
    """Who commands."""

    @property
    def fence(self) -> Fence:
        """What goes on a command that is sent now."""
        ...


class ExecutionState:
    """How far a ticket's controllers have come, and what is wanted of them.

    Args:
        ticket: The ticket.
        authority: Has the fence that goes on every command.
        works: The work by controller.
        ranks: In which order they start.
        began: The job has been told already that the execution began.

    Attributes:
        parts: How far each controller is.
        began: The job has been told that the execution began.
        aborting: All are to come to rest.
        leaving: The ticket is being taken back for good.
        returning: It is being taken back, for good or for now.
        revoking: Who was asked to give it back, and has not answered.
        gone: Who was given up before anything began.
        aborted: Who was told to come to rest since it connected last.
        hurrying: They are to come to rest whatever their order.
        error: The first thing that went wrong.
        over: Every controller is at rest or lost, and the job has been told.
        pacing: Where a sweep over several controllers stands.
    """

    def __init__(
        self,
        ticket: Ticket,
        authority: Authority,
        works: Mapping[str, Work],
        ranks: Mapping[str, Rank],
        *,
        began: bool,
    ) -> None:
        self.ticket = ticket
        self.works = works
        self.ranks = ranks
        self.parts = {name: Part() for name in works}
        self.began = began
        self.aborting = False
        self.leaving = False
        self.returning = False
        self.revoking: set[str] = set()
        self.gone: set[str] = set()
        self.aborted: set[str] = set()
        self.hurrying = False
        self.error: ErrorInfo | None = None
        self.over = False
        self.pacing = Pacing(works)
        self._authority = authority

    @property
    def is_group(self) -> bool:
        """Whether there are several controllers."""
        return len(self.parts) > 1

    @property
    def ending(self) -> bool:
        """Whether no controller should begin any more, and all come to rest."""
        return self.aborting or self.error is not None

    @property
    def taken_back(self) -> bool:
        """Whether the ticket is being taken back, for good or for now."""
        return self.leaving or self.returning

    def is_restless(self, controller: str) -> bool:
        """Whether an instrument may be at work; one that has ended may still have data to send."""
        part = self.parts[controller]
        return part.end is None and part.standing not in AT_REST

    # --- words to controllers ----------------------------------------------------------------

    def arm(self, controller: str) -> Send:
        """Send the ticket to a controller."""
        self.parts[controller].standing = Standing.SENT
        work, fence = self.works[controller], self._authority.fence
        return Send(controller, Arm(fence, self.ticket, work, start=not self.is_group))

    def start(self, controller: str) -> Send:
        """Let a controller of a group begin."""
        self.parts[controller].standing = Standing.STARTING
        return Send(controller, Start(self._authority.fence, self.ticket))

    def revoke(self, controller: str) -> Send:
        """Ask a controller to give the ticket back."""
        self.revoking.add(controller)
        return self.take_away(controller)

    def take_away(self, controller: str) -> Send:
        """Ask for the ticket back whose answer nobody waits for."""
        return Send(controller, Revoke(self._authority.fence, self.ticket))

    def abort(self, controller: str) -> Send:
        """Bring a controller to rest."""
        return Send(controller, Abort(self._authority.fence, self.ticket))

    def collect(self, controller: str) -> Send:
        """Ask for the data that has not arrived, and for the end."""
        received = self.parts[controller].received
        return Send(controller, Collect(self._authority.fence, self.ticket, received))

    def call(self, words: Sequence[PacedWord]) -> list[Output]:
        """Give controllers the word for steps of a sweep."""
        fence, ticket = self._authority.fence, self.ticket
        return [
            Send(word.controller, Advance(fence, ticket, word.spot, word.phase, word.through))
            for word in words
        ]
