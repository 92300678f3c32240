"""What the processes of `PlatformQpu` have in common: open the platform, answer, let go of it."""

from __future__ import annotations

import signal
import sys
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Protocol

from stationd.actors.drivers.qpu_protocol import Unable, serve
from stationd.actors.raised import in_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from stationd.actors.drivers.qpu_protocol import Answer, Request


class Player(Protocol):
    """An open platform."""

    def answer(self, request: Request) -> Answer:
        """Carry out a request; what it raises is answered as `Unable`."""
        ...

    def close(self) -> None:
        """Let go of the instruments."""
        ...


def play(open_player: Callable[[], Player]) -> None:
    """Open a platform and serve the connection that the command line names first.

    A platform that cannot be opened answers every request with the reason.
    """
    connection = Connection(int(sys.argv[1]))
    try:
        player = open_player()
    except Exception as error:  # noqa: BLE001 - whatever a laboratory's own file raises is told
        reason = in_words(error)
        serve(connection, lambda _: Unable(reason))
        return
    # Ctrl+C at the terminal is for the controller, whatever the package has asked for.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        serve(connection, player.answer)
    finally:
        player.close()
