"""What an execution consists of: a part for each controller, and what it asks to be done."""

from __future__ import annotations

from enum import Enum
from typing import Final

from msgspec import Struct

from stationd.actors.ladder import Event
from stationd.proto.instruments_protocol import AtRest, Failed, Finished, Lost, OneCommand


class Standing(Enum):
    """How far one controller has come with the ticket, as far as the daemon knows."""

    UNSENT = "unsent"
    SENT = "sent"
    """Arm is on its way."""
    ARMED = "armed"
    STARTING = "starting"
    """Start is on its way."""
    RUNNING = "running"
    ENDED = "ended"
    """At rest, and all data is here."""
    UNKNOWN = "unknown"
    """The daemon has started anew and the controller has not said yet."""

    # Told apart at every report: the inherited hash is a function in Python.
    __hash__ = object.__hash__


UNSTARTED: Final = frozenset({Standing.SENT, Standing.ARMED})
"""Of a group: the ticket is there, or on its way, without a word to start."""


UNHEARD: Final = frozenset({Standing.SENT, Standing.UNKNOWN})
"""The controller has not said that it has the ticket."""


ENDED: Final = frozenset({Standing.ENDED})


AT_REST: Final = frozenset({Standing.ENDED, Standing.UNSENT})
"""Nothing is to be expected of the controller."""


class Part(Struct):
    """One controller's part of an execution."""

    standing: Standing = Standing.UNSENT
    received: int = 0
    """Blocks that have arrived, without holes."""
    end: Finished | Failed | AtRest | Lost | None = None
    """How the controller's part ended; its data may still be on the way."""


class Send(Struct, frozen=True):
    """Send a command to a controller."""

    controller: str
    command: OneCommand


class Tell(Struct, frozen=True):
    """Tell the job."""

    event: Event


class Returned(Struct, frozen=True):
    """The ticket has been taken back before anything began; it may be armed again."""


Output = Send | Tell | Returned
