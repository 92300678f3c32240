"""Commands on their way out: what is said to a controller in one turn of the loop is one frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from stationd.proto.codec import COMMANDS
from stationd.proto.instruments_protocol import COMMANDS_TAG, Command
from stationd.proto.socket import PeerGone, Socket

if TYPE_CHECKING:
    from collections.abc import Callable


class Outboxes:
    """What is to be sent in this turn of the loop, by the address that it goes to.

    Args:
        socket: The ROUTER that controllers are connected to.
        gone: Called with an address that nobody is at any more.
    """

    def __init__(self, socket: Socket, gone: Callable[[bytes], None]) -> None:
        self._socket = socket
        self._gone = gone
        self._commands: dict[bytes, list[bytes]] = {}
        self._filled = anyio.Event()
        self.held = False
        """Whoever adds to them sends them, too: nobody needs to be woken for that."""

    def put(self, identity: bytes, command: Command) -> None:
        """Send a command at the end of this turn, behind those that were put in before."""
        self._commands.setdefault(identity, []).append(COMMANDS.encode(command))
        if not self.held:
            self._filled.set()

    async def run(self) -> None:
        """Empty them for ever."""
        while True:
            await self._filled.wait()
            self._filled = anyio.Event()
            self.send()

    def send(self) -> None:
        """Send at once what is to be sent at the end of this turn of the loop."""
        outboxes, self._commands = self._commands, {}
        for identity, commands in outboxes.items():
            try:
                for frame in COMMANDS.joined(commands, COMMANDS_TAG):
                    self._socket.send_nowait([identity, frame])
            except PeerGone:
                self._gone(identity)
