"""The state machine of a ticket at its controller: one table, and the function that reads it.

Rule 1. Everything that decides what follows on a command or a fact is in `TRANSITIONS`.
Rule 2. The table is total: a pair of state and input is in `TRANSITIONS`, in `IGNORED` with the
        reason, or is a bug that raises `UnexpectedEvent`. No command of the daemon raises,
        whatever the state, for any message may arrive twice or late.
Rule 3. Nothing leads from a state in which the ticket may have been executed back to one from
        which it can be executed. That is what makes a ticket run at most once.
Rule 4. What an action means is the line's business (`actors.line`); here it is a name.
"""

from __future__ import annotations

from enum import Enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from stationd.proto.error import UnexpectedEvent

if TYPE_CHECKING:
    from collections.abc import Mapping


class TicketState(Enum):
    """How far a ticket has come, in the order of its life."""

    UNKNOWN = "unknown"
    """Never heard of, or revoked: it may be armed."""
    ARMED = "armed"
    """In line, and not to be started yet."""
    CLEARING = "clearing"
    """In line; that it may start is on its way to the disk."""
    CLEARED = "cleared"
    """In line; it may start when those before it have."""
    RELEASED = "released"
    """The instrument's thread has it and may start it at any moment."""
    RUNNING = "running"
    """The instrument is at work on it."""
    STOPPING = "stopping"
    """An abort is under way."""
    FINISHED = "finished"
    """Ended by itself; kept until it is acknowledged, as the next three."""
    FAILED = "failed"
    """Ended in an error."""
    AT_REST = "at_rest"
    """Ended by an abort."""
    LOST = "lost"
    """The controller died while it may have been at work on it."""
    OVER = "over"
    """Acknowledged or forgotten: refused for ever."""

    # Members are one of a kind; Enum's own hash is Python code, and every step takes it.
    __hash__ = object.__hash__


class TicketInput(Enum):
    """What happens to a ticket: commands of the daemon, then facts of the controller."""

    ARM = "arm"
    ARM_AND_START = "arm and start"
    """An Arm that says to start as soon as the turn comes."""
    ARM_IN_VAIN = "arm in vain"
    """An Arm of an unknown ticket while the spool is full."""
    START = "start"
    REVOKE = "revoke"
    ABORT = "abort"
    ADVANCE = "advance"
    COLLECT = "collect"
    ACKNOWLEDGE = "acknowledge"
    FORGET = "forget"
    """The watermark has passed the ticket."""

    STORED = "stored"
    """That it may start is on disk."""
    TURN = "turn"
    """All before it in line have been given to the instrument's thread."""
    WITHDRAWN = "withdrawn"
    """The instrument's thread has given it back unexecuted."""
    NOT_WITHDRAWN = "not withdrawn"
    """The instrument's thread had begun with it already."""
    STARTED = "started"
    BLOCK = "block"
    """A block of data has come."""
    PROGRESS = "progress"
    REACHED = "reached"
    """A paced sweep has done its part at a spot."""
    ENDED = "ended"
    """`run` has returned."""
    STOPPED = "stopped"
    """`run` has returned or raised after an abort."""
    RAISED = "raised"
    """`prepare` or `run` has raised."""

    __hash__ = object.__hash__


class TicketAction(Enum):
    """What a transition asks for: records, reports, and orders to the instrument's thread."""

    RECORD_ARMED = "record armed"
    RECORD_CLEARED = "record cleared"
    RECORD_REVOKED = "record revoked"
    RECORD_END = "record end"
    RECORD_OVER = "record over"
    """The end and the data are dropped, and the number is remembered."""
    RECORD_BLOCK = "record block"

    REPORT_ARMED = "report armed"
    REPORT_STARTED = "report started"
    REPORT_REVOKED = "report revoked"
    REPORT_TOO_LATE = "report too late"
    REPORT_FULL = "report full"
    REPORT_PROGRESS = "report progress"
    REPORT_REACHED = "report reached"
    REPORT_DATA = "report data"
    REPORT_BLOCKS = "report blocks"
    """Those in the spool, from the one on that the daemon names."""
    REPORT_END = "report end"
    REFUSE_UNKNOWN = "refuse unknown"
    REFUSE_EARLY = "refuse early"
    REFUSE_OVER = "refuse over"

    RELEASE = "release"
    """Give it to the instrument's thread."""
    WITHDRAW = "withdraw"
    """Take it back from the instrument's thread, if that has not begun with it."""
    STOP = "stop"
    """Take it back, or abort it if that is too late."""
    ADVANCE = "advance"
    """Pass the daemon's word for the next step on."""

    __hash__ = object.__hash__


class Rule(NamedTuple):
    """One row of the table."""

    to: TicketState
    actions: tuple[TicketAction, ...]


S, On, A = TicketState, TicketInput, TicketAction


def _rule(to: TicketState, *actions: TicketAction) -> Rule:
    return Rule(to, actions)


_IN_LINE: Final = (S.ARMED, S.CLEARING, S.CLEARED)
_AT_WORK: Final = (S.RUNNING, S.STOPPING)
_KEPT: Final = (S.FINISHED, S.FAILED, S.AT_REST, S.LOST)

# fmt: off
TRANSITIONS: Final[Mapping[tuple[TicketState, TicketInput], Rule]] = MappingProxyType({
    # in state    on                   goes to            and asks for
    (S.UNKNOWN,   On.ARM):           _rule(S.ARMED,    A.RECORD_ARMED, A.REPORT_ARMED),
    (S.UNKNOWN,   On.ARM_AND_START): _rule(S.CLEARING, A.RECORD_ARMED, A.REPORT_ARMED),
    (S.UNKNOWN,   On.ARM_IN_VAIN):   _rule(S.UNKNOWN,  A.REPORT_FULL),
    (S.UNKNOWN,   On.START):         _rule(S.UNKNOWN,  A.REFUSE_UNKNOWN),
    (S.UNKNOWN,   On.REVOKE):        _rule(S.UNKNOWN,  A.REPORT_REVOKED),
    # An abort is for good: an Arm that comes after it must not bring the ticket to life.
    (S.UNKNOWN,   On.ABORT):         _rule(S.AT_REST,  A.RECORD_END, A.REPORT_END),
    (S.UNKNOWN,   On.ADVANCE):       _rule(S.UNKNOWN,  A.REFUSE_UNKNOWN),
    (S.UNKNOWN,   On.COLLECT):       _rule(S.UNKNOWN,  A.REFUSE_UNKNOWN),
    (S.UNKNOWN,   On.ACKNOWLEDGE):   _rule(S.OVER,     A.RECORD_OVER),

    **{(s, On.ARM):     _rule(s,         A.REPORT_ARMED)                     for s in _IN_LINE},
    **{(s, On.REVOKE):  _rule(S.UNKNOWN, A.RECORD_REVOKED, A.REPORT_REVOKED) for s in _IN_LINE},
    **{(s, On.ABORT):   _rule(S.AT_REST, A.RECORD_END, A.REPORT_END)         for s in _IN_LINE},
    **{(s, On.ADVANCE): _rule(s,         A.REFUSE_EARLY)                     for s in _IN_LINE},
    **{(s, On.COLLECT): _rule(s,         A.REPORT_ARMED)                     for s in _IN_LINE},
    **{(s, On.FORGET):  _rule(S.OVER,    A.RECORD_OVER)                      for s in _IN_LINE},

    (S.ARMED,     On.ARM_AND_START): _rule(S.CLEARING, A.RECORD_CLEARED, A.REPORT_ARMED),
    (S.ARMED,     On.START):         _rule(S.CLEARING, A.RECORD_CLEARED),
    (S.CLEARING,  On.ARM_AND_START): _rule(S.CLEARING, A.REPORT_ARMED),
    (S.CLEARING,  On.STORED):        _rule(S.CLEARED),
    (S.CLEARED,   On.ARM_AND_START): _rule(S.CLEARED,  A.REPORT_ARMED),
    (S.CLEARED,   On.TURN):          _rule(S.RELEASED, A.RELEASE),

    (S.RELEASED,  On.ARM):           _rule(S.RELEASED, A.REPORT_ARMED),
    (S.RELEASED,  On.ARM_AND_START): _rule(S.RELEASED, A.REPORT_ARMED),
    (S.RELEASED,  On.REVOKE):        _rule(S.RELEASED, A.WITHDRAW),
    (S.RELEASED,  On.ABORT):         _rule(S.STOPPING, A.STOP),
    (S.RELEASED,  On.ADVANCE):       _rule(S.RELEASED, A.ADVANCE),
    (S.RELEASED,  On.COLLECT):       _rule(S.RELEASED, A.REPORT_ARMED),
    (S.RELEASED,  On.WITHDRAWN):     _rule(S.UNKNOWN,  A.RECORD_REVOKED, A.REPORT_REVOKED),
    (S.RELEASED,  On.NOT_WITHDRAWN): _rule(S.RELEASED, A.REPORT_TOO_LATE),
    (S.RELEASED,  On.STARTED):       _rule(S.RUNNING,  A.REPORT_STARTED),
    (S.RELEASED,  On.STOPPED):       _rule(S.AT_REST,  A.RECORD_END, A.REPORT_END),
    (S.RELEASED,  On.RAISED):        _rule(S.FAILED,   A.RECORD_END, A.REPORT_END),

    (S.RUNNING,   On.ARM):           _rule(S.RUNNING,  A.REPORT_ARMED, A.REPORT_STARTED),
    (S.RUNNING,   On.ARM_AND_START): _rule(S.RUNNING,  A.REPORT_ARMED, A.REPORT_STARTED),
    (S.RUNNING,   On.START):         _rule(S.RUNNING,  A.REPORT_STARTED),
    (S.RUNNING,   On.ABORT):         _rule(S.STOPPING, A.STOP),
    (S.RUNNING,   On.ADVANCE):       _rule(S.RUNNING,  A.ADVANCE),
    (S.RUNNING,   On.ENDED):         _rule(S.FINISHED, A.RECORD_END, A.REPORT_END),
    (S.RUNNING,   On.STOPPED):       _rule(S.AT_REST,  A.RECORD_END, A.REPORT_END),
    (S.RUNNING,   On.RAISED):        _rule(S.FAILED,   A.RECORD_END, A.REPORT_END),

    (S.STOPPING,  On.ARM):           _rule(S.STOPPING, A.REPORT_ARMED),
    (S.STOPPING,  On.ARM_AND_START): _rule(S.STOPPING, A.REPORT_ARMED),
    (S.STOPPING,  On.STARTED):       _rule(S.STOPPING, A.REPORT_STARTED),
    (S.STOPPING,  On.WITHDRAWN):     _rule(S.AT_REST,  A.RECORD_END, A.REPORT_END),
    # Revoked and aborted in one breath.
    (S.STOPPING,  On.NOT_WITHDRAWN): _rule(S.STOPPING, A.REPORT_TOO_LATE),
    (S.STOPPING,  On.ENDED):         _rule(S.AT_REST,  A.RECORD_END, A.REPORT_END),
    (S.STOPPING,  On.STOPPED):       _rule(S.AT_REST,  A.RECORD_END, A.REPORT_END),
    (S.STOPPING,  On.RAISED):        _rule(S.AT_REST,  A.RECORD_END, A.REPORT_END),

    **{(s, On.REVOKE):   _rule(s, A.REPORT_TOO_LATE)             for s in _AT_WORK},
    **{(s, On.COLLECT):  _rule(s, A.REPORT_BLOCKS)               for s in _AT_WORK},
    **{(s, On.BLOCK):    _rule(s, A.RECORD_BLOCK, A.REPORT_DATA) for s in _AT_WORK},
    **{(s, On.PROGRESS): _rule(s, A.REPORT_PROGRESS)             for s in _AT_WORK},
    **{(s, On.REACHED):  _rule(s, A.REPORT_REACHED)              for s in _AT_WORK},

    **{(s, On.ARM):           _rule(s, A.REPORT_END)                  for s in _KEPT},
    **{(s, On.ARM_AND_START): _rule(s, A.REPORT_END)                  for s in _KEPT},
    **{(s, On.START):         _rule(s, A.REPORT_END)                  for s in _KEPT},
    **{(s, On.REVOKE):        _rule(s, A.REPORT_TOO_LATE)             for s in _KEPT},
    **{(s, On.ABORT):         _rule(s, A.REPORT_END)                  for s in _KEPT},
    **{(s, On.ADVANCE):       _rule(s, A.REPORT_END)                  for s in _KEPT},
    **{(s, On.COLLECT):       _rule(s, A.REPORT_BLOCKS, A.REPORT_END) for s in _KEPT},
    **{(s, On.ACKNOWLEDGE):   _rule(S.OVER, A.RECORD_OVER)            for s in _KEPT},
    **{(s, On.FORGET):        _rule(S.OVER, A.RECORD_OVER)            for s in _KEPT},

    **{(S.OVER, late):   _rule(S.OVER, A.REFUSE_OVER)
       for late in (On.ARM, On.ARM_AND_START, On.START, On.REVOKE, On.ABORT, On.ADVANCE,
                    On.COLLECT)},
})

IGNORED: Final[Mapping[tuple[TicketState, TicketInput], str]] = MappingProxyType({
    **{(s, On.START): "it may start already"
       for s in (S.CLEARING, S.CLEARED, S.RELEASED)},
    (S.STOPPING, On.START): "an abort overtook it",
    (S.STOPPING, On.ABORT): "the instrument is being brought to rest, and AtRest will answer both",
    (S.STOPPING, On.ADVANCE): "no further step will be done, and AtRest says so",
    **{(s, On.ACKNOWLEDGE): "there is no end yet that the daemon could have stored"
       for s in (*_IN_LINE, S.RELEASED, *_AT_WORK)},
    **{(s, On.FORGET): "the instrument may be at work on it: its end is kept"
       for s in (S.RELEASED, *_AT_WORK)},
    **{(s, On.STORED): "it was revoked or aborted before the disk had answered"
       for s in (S.UNKNOWN, *_KEPT, S.OVER)},
    (S.OVER, On.ACKNOWLEDGE): "the daemon says it again",
})
# fmt: on


def follow(state: TicketState, happened: TicketInput) -> Rule:
    """Return where an input leads from a state, and what it asks for.

    Raises:
        UnexpectedEvent: The input has no meaning in this state.
    """
    rule = TRANSITIONS.get((state, happened))
    if rule is not None:
        return rule
    if (state, happened) in IGNORED:
        return Rule(state, ())
    raise UnexpectedEvent(f"{happened.value!r} has no meaning for a ticket that is {state.value}")
