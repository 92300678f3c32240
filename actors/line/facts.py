"""What the line is told, what it asks for, and what it has remembered: plain values.

Records are made durable in order; reports wait until the records before them are; orders go to
the instrument's thread at once.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

from stationd.proto.instruments_protocol import Data, OneReport
from stationd.proto.job import Fence, JobId, Ticket
from stationd.proto.program import Work

# --- facts: what the instrument's thread and the ledger say ----------------------------------


class TicketFact(Struct, frozen=True, gc=False):
    """Something about the ticket with this number."""

    number: int


class Cleared(TicketFact, frozen=True, gc=False):
    """That the ticket may start is on disk."""

    place: int
    """Its place in line; one that it had before it was revoked does not count."""


class Withdrawn(TicketFact, frozen=True, gc=False):
    """The ticket came back unexecuted."""


class NotWithdrawn(TicketFact, frozen=True, gc=False):
    """The ticket has been begun with and cannot come back."""


class RunStarted(TicketFact, frozen=True, gc=False):
    """The driver's `run` is being called."""

    time_unix_s: float


class RunEnded(TicketFact, frozen=True, gc=False):
    """The driver's `run` has returned."""

    time_unix_s: float


class RunStopped(TicketFact, frozen=True, gc=False):
    """The driver's `run` has returned or raised after an abort."""

    time_unix_s: float


class RunRaised(TicketFact, frozen=True, gc=False):
    """The driver's `prepare` or `run` has raised."""

    detail: str
    time_unix_s: float


class BlockCame(TicketFact, frozen=True):
    """The driver has handed over a block of data."""

    name: str
    item: int
    offset: int
    dtype: str
    shape: tuple[int, ...]
    data: bytes


class ProgressMade(TicketFact, frozen=True, gc=False):
    """The driver has said how far it is."""

    done: int
    total: int
    unit: str


class SpotReached(TicketFact, frozen=True, gc=False):
    """A paced sweep has done its part at a spot."""

    spot: int
    phase: Literal["set", "read"]


Fact = (
    Cleared
    | Withdrawn
    | NotWithdrawn
    | RunStarted
    | RunEnded
    | RunStopped
    | RunRaised
    | BlockCame
    | ProgressMade
    | SpotReached
)

LAST: Final = (Withdrawn, RunEnded, RunStopped, RunRaised)
"""After one of these the instrument's thread says nothing more about the ticket."""

# --- orders: what the line asks of the instrument's thread -----------------------------------


class Release(Struct, frozen=True):
    """Execute the ticket when its turn comes."""

    number: int
    place: int
    work: Work
    job: JobId
    """For the log."""
    attempt: int = 1
    """For the log."""


class Withdraw(Struct, frozen=True, gc=False):
    """Give the ticket back, unless you have begun with it."""

    number: int


class Stop(Struct, frozen=True, gc=False):
    """Give the ticket back, or bring the instrument to rest."""

    number: int


class Step(Struct, frozen=True, gc=False):
    """Do the next part of a paced sweep."""

    number: int
    spot: int
    phase: Literal["set", "read"]
    through: int | None = None
    """The spot to the end of which it goes on by itself; None for this part alone."""


Order = Release | Withdraw | Stop | Step

# --- records: what the ledger keeps ----------------------------------------------------------


class TicketArmed(Struct, frozen=True):
    """A ticket has been accepted."""

    ticket: Ticket
    place: int
    work: bytes
    """msgpack."""
    cleared: bool
    """Whether it may start."""


class TicketCleared(Struct, frozen=True):
    """A ticket that was accepted before may start."""

    number: int


class TicketRevoked(Struct, frozen=True):
    """A ticket has left the line unexecuted."""

    number: int


class TicketEnded(Struct, frozen=True):
    """A ticket's execution is over."""

    ticket: Ticket
    end: bytes
    """The encoded report."""


class TicketOver(Struct, frozen=True):
    """Nothing of a ticket is needed any more but its number."""

    number: int
    blocks: int


class BlockSpooled(Struct, frozen=True):
    """A block of data."""

    number: int
    index: int
    header: bytes
    """The encoded `Data` report."""
    data: bytes


class FenceSeen(Struct, frozen=True):
    """A newer fence."""

    fence: Fence


class Forgotten(Struct, frozen=True):
    """The watermark has risen."""

    up_to: int


Record = (
    TicketArmed
    | TicketCleared
    | TicketRevoked
    | TicketEnded
    | TicketOver
    | BlockSpooled
    | FenceSeen
    | Forgotten
)

# --- what comes out of a step ----------------------------------------------------------------


class SpooledBlocks(Struct, frozen=True, gc=False):
    """In the place of reports: blocks of a ticket, from one on, some at a time."""

    number: int
    first: int


class Outcome:
    """What some commands and facts have led to.

    Attributes:
        records: To be made durable together, in order.
        reports: To be sent, in order, once these and all earlier records are durable.
        cleared: Facts to tell the line at that moment.
        data_bytes: Of the blocks of data among the records.
        live: To be sent at once: data and progress, which wait for no disk.
        orders: To be given to the instrument's thread at once.
    """

    __slots__ = ("cleared", "data_bytes", "live", "orders", "records", "reports")

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.reports: list[OneReport | SpooledBlocks] = []
        self.cleared: list[Cleared] = []
        self.data_bytes = 0
        self.live: list[OneReport | tuple[Data, bytes]] = []
        self.orders: list[Order] = []


# --- what the ledger holds when the controller starts ----------------------------------------


class HeldRow(Struct, frozen=True):
    """A ticket as the ledger knows it."""

    ticket: Ticket
    place: int
    work: bytes
    cleared: bool
    end: bytes | None
    blocks: int
    size_bytes: int
    """Of its blocks in the spool."""


class Memory(Struct, frozen=True):
    """All that the ledger knows."""

    ledger: str
    fence: Fence | None = None
    forgotten: int = 0
    over: frozenset[int] = frozenset()
    held: tuple[HeldRow, ...] = ()
    """In the order of their places."""
    last_started: int = 0
    """The place of the last ticket that the instrument's thread has begun with."""
    certain: bool = True
    """Whether `last_started` can be trusted: not after the machine itself went down."""
