"""The instruments protocol: commands of the daemon and reports of controllers.

Controllers dial in and say Hello; the daemon answers Welcome and commands from then on.
Commands are imperatives and carry a fence; reports are facts. Every tag and every field keeps
its place for ever: fields are only added at the end, with a default.

When a side has nothing else to say it sends its beat (Beat, Heartbeat), so that silence means
absence. A message about a ticket may be repeated by either side at any time, and must then be
harmless.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from stationd.proto.error import ErrorCode
from stationd.proto.job import Fence, Ticket
from stationd.proto.log_report import Logged
from stationd.proto.number import Natural, UnixTime
from stationd.proto.program import Capabilities, Work
from stationd.proto.reading import Read, Reading

PROTOCOL: Final = b"sti"
VERSION: Final = (1, 0)
MOST_IN_BATCH: Final = 1000
"""Messages that travel in one frame."""

# --- reports: controller to daemon -----------------------------------------------------------


class HeldTicket(Struct, frozen=True, array_like=True):
    """A ticket that a controller has accepted and whose end is not yet acknowledged."""

    ticket: Ticket
    state: Literal["armed", "running", "finished", "failed", "at_rest", "lost"]
    """``armed``: in line; ``lost``: was running when the controller died; the others as the
    reports of the same name."""
    blocks: Natural = 0
    """Blocks of data in the spool."""
    stopping: bool = False
    """It is ``running``, and an abort is under way."""


class Hello(Struct, frozen=True, array_like=True, tag=1):
    """A controller is here. Sent on every connection, until Welcome arrives."""

    name: str
    driver: str
    ledger: str
    """The ledger's own id, made with it; a new one means that all memory is gone."""
    fence: Fence | None
    """The newest seen."""
    forgotten: Natural
    """The watermark of Forget."""
    held: tuple[HeldTicket, ...]
    capabilities: Capabilities
    version: str
    """Of stationd."""
    pid: Natural
    newest_ticket: Natural = 0
    """The highest number that cannot be given to another ticket any more: it is held, or over."""
    versions: dict[str, str] = {}
    """Of what runs there: Python, libraries, packages, the driver's own."""


class Beat(Struct, frozen=True, array_like=True, tag=2):
    """The controller is still here."""


class Armed(Struct, frozen=True, array_like=True, tag=3):
    """The ticket is in the ledger and in line."""

    ticket: Ticket


class Started(Struct, frozen=True, array_like=True, tag=4):
    """The instrument is at work on the ticket."""

    ticket: Ticket
    time_unix_s: UnixTime


class Progressed(Struct, frozen=True, array_like=True, tag=5):
    """How far the execution has come. May be lost."""

    ticket: Ticket
    done: Natural
    total: Natural
    unit: str = ""


class Data(Struct, frozen=True, array_like=True, tag=6):
    """One block of raw data; its bytes are the frame that follows."""

    ticket: Ticket
    index: Natural
    """The block's number within the ticket, from 0, without holes."""
    name: str
    """A readout, or ``bits`` for a circuit's outcomes."""
    item: Natural
    offset: Natural
    """The first spot or shot in this block."""
    dtype: str
    shape: tuple[Natural, ...]
    """The first dimension counts spots or shots."""


class Finished(Struct, frozen=True, array_like=True, tag=7):
    """The execution ended by itself, the instrument is at rest, the data is in the spool."""

    ticket: Ticket
    blocks: Natural
    time_unix_s: UnixTime


class Failed(Struct, frozen=True, array_like=True, tag=8):
    """The ticket ended in an error and the instrument is at rest.

    What data there is, is in the spool. Also the answer to an Arm that the driver refuses; then
    nothing was executed.
    """

    ticket: Ticket
    blocks: Natural
    code: ErrorCode
    detail: str
    time_unix_s: UnixTime
    began: bool = False
    """Whether the instrument was at work on it; one that was may have done something."""


class AtRest(Struct, frozen=True, array_like=True, tag=9):
    """After Abort: the instrument is at rest. What data there is, is in the spool."""

    ticket: Ticket
    blocks: Natural
    time_unix_s: UnixTime
    began: bool = False
    """Whether the instrument was at work on it; one that was may have done something."""


class Revoked(Struct, frozen=True, array_like=True, tag=10):
    """The ticket has been taken out of the line and was not started. It may be armed again.

    Also the answer to the Revoke of a ticket that never came.
    """

    ticket: Ticket


class TooLate(Struct, frozen=True, array_like=True, tag=11):
    """The ticket cannot be revoked: it has been started, or is over."""

    ticket: Ticket


class Reached(Struct, frozen=True, array_like=True, tag=12):
    """A paced sweep has done its part at a spot."""

    ticket: Ticket
    spot: Natural
    phase: Literal["set", "read"]


class Lost(Struct, frozen=True, array_like=True, tag=13):
    """The ticket was accepted, and then the controller died while it was in line or at work."""

    ticket: Ticket
    blocks: Natural


class Refused(Struct, frozen=True, array_like=True, tag=14):
    """A command was not carried out: its fence is stale or foreign, or its ticket forgotten."""

    ticket: Ticket | None
    code: ErrorCode
    detail: str


OneReport = (
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
    | Logged
    | Reading
)


REPORTS_TAG: Final = 15


class Reports(Struct, frozen=True, array_like=True, tag=REPORTS_TAG):
    """Several reports, to be taken in this order. Hello and Data travel alone."""

    reports: Annotated[tuple[OneReport, ...], Meta(min_length=1, max_length=MOST_IN_BATCH)]


Report = OneReport | Reports

# --- commands: daemon to controller ----------------------------------------------------------


MOST_UNTAKEN_BYTES: Final = 16 * 1024 * 1024
"""Bulk data that a controller sends beyond what the daemon says it has taken: what is on its way
is held in memory. Further data stays in the spool, and is collected when the ticket has ended."""


class Welcome(Struct, frozen=True, array_like=True, tag=101):
    """The answer to Hello."""

    fence: Fence
    beat_interval: Annotated[float, Meta(gt=0, le=3600)]
    """Seconds. A side that has been silent for three of them is taken for absent."""
    version: str


class Heartbeat(Struct, frozen=True, array_like=True, tag=102):
    """The daemon is still here, and has taken so much data."""

    taken: int = -1
    """Bytes of bulk data since the newest Hello; below 0 if the daemon does not count them."""


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
    spot: Natural
    phase: Literal["set", "read"]
    through: Natural | None = None
    """Go on by yourself to the end of this spot, and say only then that you have; None to do
    this part alone."""


class Collect(Struct, frozen=True, array_like=True, tag=108):
    """Send blocks of a ticket again, from one on, some at a time, and then how it ended."""

    fence: Fence
    ticket: Ticket
    first: Natural


class Acknowledge(Struct, frozen=True, array_like=True, tag=109):
    """The end and the data of a ticket are durable at the daemon; drop them from the spool."""

    fence: Fence
    ticket: Ticket


class Forget(Struct, frozen=True, array_like=True, tag=110):
    """All tickets below a number are over for ever; refuse them."""

    fence: Fence
    up_to: Natural


class Shutdown(Struct, frozen=True, array_like=True, tag=111):
    """Bring the instrument to rest and end the controller's process."""

    fence: Fence


OneCommand = (
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
    | Read
)


COMMANDS_TAG: Final = 112


class Commands(Struct, frozen=True, array_like=True, tag=COMMANDS_TAG):
    """Several commands, to be carried out in this order."""

    commands: Annotated[tuple[OneCommand, ...], Meta(min_length=1, max_length=MOST_IN_BATCH)]


Command = OneCommand | Commands
