"""What controllers hold of jobs that are over: results that a retry may still collect.

A controller that was given up may come back with a result that nobody has seen. It keeps it,
and the daemon does not acknowledge it, until a retry has collected it, or another attempt has
begun, or too many have come after it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import msgspec

from stationd.actors.retry import Knowledge
from stationd.proto.error import ErrorCode
from stationd.proto.instruments_protocol import Abort, Acknowledge, Collect, Finished, Lost
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.records import BlockStored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from stationd.proto.instruments_protocol import AtRest, Command, Data, Failed
    from stationd.proto.job import JobId, Ticket
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.data_room import DataRoom
    from stationd.runtime.journal.interface import Journal

MOST_KEPT: Final = 16
"""Results that one controller keeps for retries; then the oldest goes."""


class Collection:
    """The data of one ticket on its way from its controllers."""

    def __init__(self, number: int, received: dict[str, int]) -> None:
        self.number = number
        """The job's."""
        self.received = received
        """Blocks that have arrived without holes, by controller."""
        self.missing = dict.fromkeys(received, True)
        """Whether a controller has not sent everything yet."""
        self.moved = anyio.Event()

    def move(self) -> None:
        """Wake whoever waits for it."""
        self.moved.set()
        self.moved = anyio.Event()


class Leftovers:
    """Tickets of jobs that are over, as far as controllers still hold them.

    Args:
        journal: Knows what became of the jobs.
        room: Takes their data.
        authority: What this daemon may command with.
        send: Sends a command to a controller.
        connected: Returns the controllers that are connected.
    """

    def __init__(
        self,
        journal: Journal,
        room: DataRoom,
        authority: Authority,
        send: Callable[[str, Command], None],
        connected: Callable[[], Sequence[str]],
    ) -> None:
        self._journal = journal
        self._room = room
        self._authority = authority
        self._send = send
        self._connected = connected
        self._kept: dict[JobId, dict[str, Ticket]] = {}
        self._at_work: dict[JobId, dict[str, Ticket]] = {}
        self._collections: dict[int, Collection] = {}
        self._settled: set[str] = set()
        self._changed = anyio.Event()

    # --- what controllers say ----------------------------------------------------------------

    def greeted(self, controller: str) -> None:
        """Forget what a controller held: it is just saying what it holds."""
        self._settled.discard(controller)
        for held in (self._kept, self._at_work):
            for tickets in held.values():
                tickets.pop(controller, None)

    def settled(self, controller: str) -> None:
        """Take note that all that a controller holds is known."""
        self._settled.add(controller)
        self._change()

    def gone(self, controller: str) -> None:
        """Take note that a controller is not connected any more."""
        self._settled.discard(controller)
        self._change()

    def runs(self, controller: str, ticket: Ticket) -> None:
        """Take note that a controller is still at work on a job that is over; it is aborted."""
        self._at_work.setdefault(ticket.job, {})[controller] = ticket

    def busy(self, controller: str) -> bool:
        """Whether a controller is still at work on a job that is over."""
        at_work = self._at_work
        return bool(at_work) and any(controller in tickets for tickets in at_work.values())

    def at_rest(self, controller: str, ticket: Ticket) -> None:
        """Take note that a controller is not at work on a ticket any more, or an operator's word.

        The end of another attempt says nothing of this one: it may have ended in the line.
        """
        at_work = self._at_work.get(ticket.job, {})
        if controller in at_work and at_work[controller].number == ticket.number:
            del at_work[controller]
            self._change()

    def trust(self, controller: str) -> None:
        """Forget what a controller is at work on: an operator says that it is at rest."""
        for tickets in list(self._at_work.values()):
            if controller in tickets:
                self.at_rest(controller, tickets[controller])

    async def keep(self, controller: str, ticket: Ticket) -> bool:
        """Let a controller keep a result if a retry could make use of it; tell whether it does."""
        job = await self._journal.stored(ticket.job)
        if (
            job is None
            or job.status is not JobExecutorStatus.FAILED
            or job.error is None
            or job.error.code is not ErrorCode.INSTRUMENT_LOST
            or job.attempt != ticket.attempt
        ):
            return False
        kept = [job for job, tickets in self._kept.items() if controller in tickets]
        if len(kept) >= MOST_KEPT:
            self._acknowledge(controller, self._kept[kept[0]].pop(controller))
        self._kept.setdefault(ticket.job, {})[controller] = ticket
        return True

    def make_room(self, controller: str) -> None:
        """Let a controller drop all that it keeps: it has no room for what runs now."""
        for tickets in self._kept.values():
            ticket = tickets.pop(controller, None)
            if ticket is not None:
                self._acknowledge(controller, ticket)
        self._change()

    def ended(self, controller: str, end: Finished | Failed | AtRest | Lost) -> bool:
        """Take the end of a ticket whose job is over; tell whether its controller keeps it."""
        self.at_rest(controller, end.ticket)
        collection = self._collections.get(end.ticket.number)
        if collection is not None and controller in collection.received:
            collection.missing[controller] = collection.received[controller] < end.blocks
            collection.move()
            if collection.missing[controller] and not isinstance(end, Lost):
                self._room.when_free(partial(self._collect, controller, end.ticket))
        return controller in self._kept.get(end.ticket.job, {})

    def data(self, controller: str, header: Data, payload: bytes) -> None:
        """Store a block of data if it is being collected."""
        ticket = header.ticket
        collection = self._collections.get(ticket.number)
        if collection is None or collection.received.get(controller) != header.index:
            return
        collection.move()
        if self._room.full:
            return
        collection.received[controller] += 1
        encoded = msgspec.msgpack.encode(header)
        block = BlockStored(
            collection.number, ticket.attempt, controller, header.index, encoded, payload
        )
        self._room.store(block)

    # --- what a retry asks -------------------------------------------------------------------

    def numbers(self) -> Iterator[int]:
        """Yield the numbers of the tickets that controllers must not forget."""
        return (ticket.number for held in self._kept.values() for ticket in held.values())

    async def known(self, job: JobId, controllers: Sequence[str], patience: float) -> Knowledge:
        """Ask the controllers of a job that was lost.

        Args:
            job: The job.
            controllers: Those that it was executed by.
            patience: Seconds to wait for those that are away.
        """
        with anyio.move_on_after(patience):
            while not self._are_there(controllers):
                await self._changed.wait()
        if not self._are_there(controllers):
            return Knowledge.UNREACHABLE
        kept = self._kept.get(job, {})
        if controllers and all(controller in kept for controller in controllers):
            return Knowledge.RESULT_EXISTS
        if kept or self._at_work.get(job):
            return Knowledge.NO_RESULT
        return Knowledge.FORGOTTEN

    async def bring_to_rest(self, job: JobId, patience: float) -> bool:
        """Abort what is still at work on a job that is over; tell whether it came to rest."""
        for controller, ticket in self._at_work.get(job, {}).items():
            self._send(controller, Abort(self._authority.fence, ticket))
        with anyio.move_on_after(patience):
            while self._at_work.get(job):
                await self._changed.wait()
        return not self._at_work.get(job)

    async def collect(self, job: JobId, number: int, patience: float) -> bool:
        """Fetch the data that controllers keep of a job into the journal.

        Args:
            job: The job.
            number: Its number.
            patience: Seconds to wait for a next piece of it.

        Returns:
            Whether everything is there.
        """
        tickets = dict(self._kept.get(job, {}))
        if not tickets:
            return False
        ticket = next(iter(tickets.values()))
        stored = await self._journal.block_counts(number, ticket.attempt)
        received = {controller: stored.get(controller, 0) for controller in tickets}
        collection = self._collections[ticket.number] = Collection(number, received)
        try:
            for controller in tickets:
                self._room.when_free(partial(self._collect, controller, ticket))
            while any(collection.missing.values()):
                moved = collection.moved
                with anyio.move_on_after(patience) as scope:
                    await moved.wait()
                if scope.cancelled_caught:
                    return False
        finally:
            del self._collections[ticket.number]
        return True

    def _collect(self, controller: str, ticket: Ticket) -> None:
        collection = self._collections.get(ticket.number)
        if collection is not None:
            first = collection.received[controller]
            self._send(controller, Collect(self._authority.fence, ticket, first))

    def release(self, job: JobId) -> None:
        """Let the controllers drop what they keep of a job: another attempt has begun."""
        for controller, ticket in self._kept.pop(job, {}).items():
            self._acknowledge(controller, ticket)

    def _are_there(self, controllers: Sequence[str]) -> bool:
        return self._settled.intersection(self._connected()).issuperset(controllers)

    def _acknowledge(self, controller: str, ticket: Ticket) -> None:
        self._send(controller, Acknowledge(self._authority.fence, ticket))

    def _change(self) -> None:
        self._kept = {job: held for job, held in self._kept.items() if held}
        self._at_work = {job: held for job, held in self._at_work.items() if held}
        self._changed.set()
        self._changed = anyio.Event()
