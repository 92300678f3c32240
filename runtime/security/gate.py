"""The gate: ZeroMQ asks here whether somebody may connect (ZAP, RFC 27).

Rule 1. An answer comes from memory at once: nobody can make the gate wait.
Rule 2. While there is no gate, or it does not answer, nobody gets in.
Rule 3. Strangers fill no log: it names some of them, and the rest are counted.
"""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio
import zmq
from anyio import to_thread
from zmq.utils import z85

from stationd.proto.curve import check_libzmq
from stationd.proto.socket import Socket
from stationd.proto.transport import ZAP_ENDPOINT, Guard, configured
from stationd.runtime.security.register import Knock, Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from stationd.proto.curve import KeyPair
    from stationd.runtime.security.access import Access
    from stationd.runtime.security.register import Domain

log = logging.getLogger(__name__)

MOST_STRANGERS: Final = 100
"""Those who were refused and whom the log names, until it is told to begin anew."""
_VERSION: Final = b"1.0"
_FRAMES: Final = 6
"""Version, number, domain, address, identity, mechanism; then what the mechanism has."""
_KEY_BYTES: Final = 32


class Gate:
    """Answers who may connect to the sockets that it guards.

    Args:
        access: Knows who may.
        station: The station's keys; None if it listens to no network.
        refused: Called with everybody who is not let in.

    Raises:
        HostError: This ZeroMQ may not face a network.
    """

    def __init__(
        self,
        access: Access,
        station: KeyPair | None = None,
        refused: Callable[[Refusal], None] | None = None,
    ) -> None:
        check_libzmq(zmq.zmq_version_info(), curve=zmq.has("curve"))
        self._access = access
        self._station = station
        self._refused = refused
        # One of its own: there can be but one gate in a context.
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = Socket(configured(zmq.REP, self._context))
        self._socket.bind_also(ZAP_ENDPOINT)
        self._strangers: set[Refusal] = set()
        self.refusals = 0
        """How often somebody was not let in."""

    def guard(self, domain: Domain) -> Guard:
        """Return what makes a socket ask here."""
        return Guard(self._context, domain, self._station)

    async def run(self) -> None:
        """Answer for ever."""
        while True:
            frames = await self._socket.receive()
            await self._socket.send(self.answer(frames))

    async def aclose(self) -> None:
        """Close the gate, once all sockets are closed that it guards."""
        self._socket.close()
        await to_thread.run_sync(self._context.term)

    def answer(self, frames: Sequence[bytes]) -> list[bytes]:
        """Return the answer to a question."""
        number = frames[1] if len(frames) > 1 else b""
        knock = knock_in(frames)
        if knock is None:
            return [_VERSION, number, b"500", b"not understood", b"", b""]
        answer = self._access.admit(knock)
        if isinstance(answer, Refusal):
            self._refuse(answer)
            return [_VERSION, number, b"400", b"refused", b"", b""]
        return [_VERSION, number, b"200", b"OK", answer.encode(), b""]

    def _refuse(self, refusal: Refusal) -> None:
        self.refusals += 1
        if self._refused is not None:
            self._refused(refusal)
        if refusal not in self._strangers and len(self._strangers) < MOST_STRANGERS:
            self._strangers.add(refusal)
            log.warning(
                "refused a connection to the %s socket from %s: %s",
                refusal.domain,
                refusal.address,
                refusal.why,
            )


@asynccontextmanager
async def open_gate(
    access: Access,
    station: KeyPair | None = None,
    refused: Callable[[Refusal], None] | None = None,
) -> AsyncGenerator[Gate]:
    """Answer at a gate while the context lasts; the sockets that it guards are closed before.

    The arguments are those of `Gate`.
    """
    gate = Gate(access, station, refused)
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gate.run)
            yield gate
            tasks.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await gate.aclose()


def knock_in(frames: Sequence[bytes]) -> Knock | None:
    """Return who wants to connect, or None if this is no question of ZAP's version 1.0."""
    if len(frames) < _FRAMES or frames[0] != _VERSION:
        return None
    domain, address, mechanism = (frames[index].decode("latin-1") for index in (2, 3, 5))
    if mechanism == "NULL":
        return Knock(domain, address)
    if mechanism == "CURVE" and len(frames) == _FRAMES + 1 and len(frames[-1]) == _KEY_BYTES:
        return Knock(domain, address, z85.encode(frames[-1]).decode())
    return None
