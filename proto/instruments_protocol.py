"""The instruments protocol: commands of the daemon and reports of controllers.

Controllers dial in and say Hello; the daemon answers Welcome and commands from then on.
Commands are imperatives and carry a fence; reports are facts. Every tag and every field keeps
its place for ever: fields are only added at the end, with a default.

Both sides send Beat when they have nothing else to say, so that silence means absence. A
message about a ticket may be repeated by either side at any time, and must then be harmless.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from stationd.proto.error import ErrorCode
from stationd.proto.job import Fence, Ticket
from stationd.proto.program import Capabilities, Work

PROTOCOL = b"sti"
VERSION = (1, 0)

# --- reports: controller to daemon -----------------------------------------------------------


class HeldTicket(Struct, frozen=True, array_like=True):
    """A ticket that a controller has accepted and whose end is not yet acknowledged."""

    ticket: Ticket
    state: Literal["armed", "running", "finished", "failed", "at_rest", "lost"]
    """``armed``: in line; ``lost``: was running when the controller died; the others as the
    reports of the same name."""
    blocks: int = 0
    """Blocks of data in the spool."""


class Hello(Struct, frozen=True, array_like=True, tag=1):
    """A controller is here. Sent on every connection, until Welcome arrives."""

    name: str
    driver: str
    ledger: str
    """The ledger's own id, made with it; a new one means that all memory is gone."""
    fence: Fence | None
    """The newest seen."""
    forgotten: int
    """The watermark of Forget."""
    held: tuple[HeldTicket, ...]
    capabilities: Capabilities
    version: str
    """Of stationd."""
    pid: int


class Beat(Struct, frozen=True, array_like=True, tag=2):
    """I am still here. Sent by both sides."""


class Armed(Struct, frozen=True, array_like=True, tag=3):
    """The ticket is in the ledger and in line."""

    ticket: Ticket


class Started(Struct, frozen=True, array_like=True, tag=4):
    """The instrument is at work on the ticket."""

    ticket: Ticket
    time_unix_s: float


class Progressed(Struct, frozen=True, array_like=True, tag=5):
    """How far the execution has come. May be lost."""

    ticket: Ticket
    done: int
    total: int
    unit: str = ""


class Data(Struct, frozen=True, array_like=True, tag=6):
    """One block of raw data; its bytes are the frame that follows."""

    ticket: Ticket
    index: int
    """The block's number within the ticket, from 0, without holes."""
    name: str
    """A readout, or ``bits`` for a circuit's outcomes."""
    item: int
    offset: int
    """The first spot or shot in this block."""
    dtype: str
    shape: tuple[int, ...]
    """The first dimension counts spots or shots."""


class Finished(Struct, frozen=True, array_like=True, tag=7):
    """The execution ended by itself, the instrument is at rest, the data is in the spool."""

    ticket: Ticket
    blocks: int
    time_unix_s: float


class Failed(Struct, frozen=True, array_like=True, tag=8):
    """The ticket ended in an error and the instrument is at rest. What data there is, is in
    the spool. Also the answer to an Arm that the driver refuses (nothing was executed)."""

    ticket: Ticket
    blocks: int
    code: ErrorCode
    detail: str
    time_unix_s: float


class AtRest(Struct, frozen=True, array_like=True, tag=9):
    """After Abort: the instrument is at rest. What data there is, is in the spool."""

    ticket: Ticket
    blocks: int
    time_unix_s: float


class Revoked(Struct, frozen=True, array_like=True, tag=10):
    """The ticket has been taken out of the line and was not started. Also the answer to the
    Revoke of a ticket that never came. It may be armed again."""

    ticket: Ticket


class TooLate(Struct, frozen=True, array_like=True, tag=11):
    """The ticket cannot be revoked: it has been started, or is over."""

    ticket: Ticket


class Reached(Struct, frozen=True, array_like=True, tag=12):
    """A paced sweep has done its part at a spot."""

    ticket: Ticket
    spot: int
    phase: Literal["set", "read"]


class Lost(Struct, frozen=True, array_like=True, tag=13):
    """The ticket was accepted, and then the controller died while it was in line or at work."""

    ticket: Ticket
    blocks: int


class Refused(Struct, frozen=True, array_like=True, tag=14):
    """A command was not carried out: its fence is stale or foreign, or its ticket forgotten."""

    ticket: Ticket | None
    code: ErrorCode
    detail: str


Report = (
    Hello
    | Beat
    | Armed
    | Started
    | Progressed
    | Data
    | Finished
    | Failed
    | AtRest
    | Revoked
    | TooLate
    | Reached
    | Lost
    | Refused
)

# --- commands: daemon to controller ----------------------------------------------------------


class Welcome(Struct, frozen=True, array_like=True, tag=101):
    """The answer to Hello."""

    fence: Fence
    beat_interval: float
    """Seconds. A side that has been silent for three of them is taken for absent."""
    version: str


class Heartbeat(Struct, frozen=True, array_like=True, tag=102):
    """I am still here."""


class Arm(Struct, frozen=True, array_like=True, tag=103):
    """Put a ticket in line, durably, and make it ready to start."""

    fence: Fence
    ticket: Ticket
    work: Work
    start: bool
    """Start it as soon as its turn comes, without another word."""


class Start(Struct, frozen=True, array_like=True, tag=104):
    """Start an armed ticket when its turn comes."""

    fence: Fence
    ticket: Ticket


class Revoke(Struct, frozen=True, array_like=True, tag=105):
    """Take a ticket out of the line, unless it has been started."""

    fence: Fence
    ticket: Ticket


class Abort(Struct, frozen=True, array_like=True, tag=106):
    """Bring the instrument to rest if it is at work on the ticket; revoke it if in line."""

    fence: Fence
    ticket: Ticket


class Advance(Struct, frozen=True, array_like=True, tag=107):
    """Paced sweeps: do the next part at a spot."""

    fence: Fence
    ticket: Ticket
    spot: int
    phase: Literal["set", "read"]


class Collect(Struct, frozen=True, array_like=True, tag=108):
    """Send the blocks of a ticket again, from one on, and then how it ended."""

    fence: Fence
    ticket: Ticket
    first: int


class Acknowledge(Struct, frozen=True, array_like=True, tag=109):
    """The end and the data of a ticket are durable at the daemon; drop them from the spool."""

    fence: Fence
    ticket: Ticket


class Forget(Struct, frozen=True, array_like=True, tag=110):
    """All tickets below a number are over for ever; refuse them."""

    fence: Fence
    up_to: int


class Shutdown(Struct, frozen=True, array_like=True, tag=111):
    """Bring the instrument to rest and end the controller's process."""

    fence: Fence


Command = (
    Welcome
    | Heartbeat
    | Arm
    | Start
    | Revoke
    | Abort
    | Advance
    | Collect
    | Acknowledge
    | Forget
    | Shutdown
)
