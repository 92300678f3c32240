"""The bus to the controllers: who is there, and what travels.

Rule 1. A controller is known by the name in its Hello, and must be in the configuration. Until
        the daemon knows its own tickets again after a start, no Hello is answered.
Rule 2. Silence for three beats means absence. What was sent to an absent controller is lost;
        its next Hello settles how things stand.
Rule 3. A frame that makes no sense is counted and dropped.
Rule 4. What is sent to a controller in one turn of the loop travels in one frame, in its order
        (`outboxes`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import anyio

from stationd import __version__
from stationd.proto.codec import reports_in
from stationd.proto.error import JournalFailed, PeerError
from stationd.proto.instruments_protocol import (
    MOST_UNTAKEN_BYTES,
    Beat,
    Command,
    Data,
    Heartbeat,
    Hello,
    OneReport,
    Refused,
    Welcome,
)
from stationd.proto.log_report import Logged
from stationd.proto.reading import Reading
from stationd.runtime.controllers.outboxes import Outboxes
from stationd.runtime.controllers.peer import Peer, seen_in
from stationd.runtime.controllers.running_now import RunningNow
from stationd.runtime.controllers.strangers import Strangers
from stationd.runtime.giving_way import give_way
from stationd.runtime.journal.records import ControllerSeen
from stationd.runtime.security.access import means_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import zmq

    from stationd.proto.program import Capabilities
    from stationd.proto.socket import Socket
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.logs.story import Story
    from stationd.runtime.metrics import Metrics
    from stationd.runtime.security.access import Access

log = logging.getLogger(__name__)

MISSED_BEATS: Final = 3
_MOST_IN_A_TURN: Final = 64
"""Reports that are taken before others have their turn: a millisecond or two. A controller with
short jobs sends hundreds in one frame; what answers them leaves after each turn, and every frame
wakes three threads over there."""


def _unheard(*_: object) -> None:
    """Nobody listens."""


class InstrumentBus:
    """The daemon's end of the instruments protocol.

    Args:
        socket: A bound ROUTER.
        names: The configured controllers.
        access: Knows who may speak for which of them.
        authority: What this daemon may command with.
        journal: Where what controllers say of themselves is stored.
        metrics: Count who is there, and frames that make no sense.
        clock: Tells when somebody said something last.
        beat_interval: Seconds between heartbeats.
        grace: Seconds that an absent controller has to come back.
        story: Keeps what controllers log of jobs; None to let it go.
    """

    def __init__(
        self,
        *,
        socket: Socket,
        names: Sequence[str],
        access: Access,
        authority: Authority,
        journal: Journal,
        metrics: Metrics,
        clock: Clock,
        beat_interval: float,
        grace: float,
        story: Story | None = None,
    ) -> None:
        self.peers = {name: Peer(name) for name in names}
        self._socket = socket
        self._access = access
        access.watch(self._part_from_revoked)
        self._authority = authority
        self._journal = journal
        self._metrics = metrics
        self._clock = clock
        self._beat_interval = beat_interval
        self._grace = grace
        self._story = story
        self.overheard: Callable[[str, OneReport], None] | None = None
        """Told of every report, before it is passed on."""
        self.reading: Callable[[str, Reading], None] = _unheard
        """Told of readings that belong to no ticket."""
        self.greeted: Callable[[str], None] = _unheard
        """Told of controllers that have connected, and are known."""
        self._by_identity: dict[bytes, Peer] = {}
        self._running_now = RunningNow(journal, clock)
        self._strangers = Strangers()
        self.edition = 1
        """Grows when a controller says something new of what it offers."""
        self.outboxes = Outboxes(socket, self._vanished)
        """What it says."""
        self._arrived = anyio.Event()
        self._last_look = clock.monotonic()

    @property
    def looked_at(self) -> float:
        """When it has looked after the controllers last, in the clock's seconds."""
        return self._last_look

    @property
    def epoch(self) -> int:
        """The station's, as every command has it."""
        return self._authority.fence.epoch

    def remember(self, seen: Sequence[ControllerSeen]) -> None:
        """Take over what the journal knows of controllers from before this start."""
        for record in seen:
            peer = self.peers.get(record.name)
            if peer is not None:
                peer.recall(record)

    def offers(self) -> Mapping[str, Capabilities | None]:
        """Return what each configured controller offers; None if it never said."""
        return {name: peer.capabilities for name, peer in self.peers.items()}

    async def wait_described(self, names: Sequence[str], timeout: float) -> list[str]:
        """Wait until controllers have said what they offer; return those that have not.

        Args:
            names: Configured controllers.
            timeout: Seconds.
        """
        with anyio.move_on_after(timeout):
            while any(self.peers[name].capabilities is None for name in names):
                await self._arrived.wait()
        return [name for name in names if self.peers[name].capabilities is None]

    def heard_unix_s(self, controller: str) -> float | None:
        """Return when a controller said something last, Unix seconds; None if it never did."""
        since = self.peers[controller].spoke
        return None if since is None else self._clock.time() - (self._clock.monotonic() - since)

    def connected(self) -> list[str]:
        """Return the names of the controllers that are connected."""
        return [name for name, peer in self.peers.items() if peer.identity is not None]

    def has(self, controller: str) -> bool:
        """Return whether a controller is connected."""
        return self.peers[controller].identity is not None

    def send(self, controller: str, command: Command) -> None:
        """Send a command; it is lost if the controller is not connected."""
        identity = self.peers[controller].identity
        if identity is not None:
            self.outboxes.put(identity, command)

    async def run(self, instruments: Instruments) -> None:
        """Serve for ever."""
        self._socket.remember_senders()
        self._socket.emptied = self._journal.send_now
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._beat, instruments)
            tasks.start_soon(self.outboxes.run)
            while True:
                identity, *frames = await self._socket.receive()
                sender = self._socket.sender
                await self._take(identity, frames, instruments, sender)

    async def _take(
        self,
        identity: bytes,
        frames: list[bytes],
        instruments: Instruments,
        sender: zmq.Frame | None,
    ) -> None:
        try:
            reports = reports_in(frames[0])
        except (PeerError, IndexError) as error:
            self._metrics.bad_frame("instruments")
            log.warning("dropped a frame on the instruments socket: %s", error)
            return
        if isinstance(reports[0], Hello):
            try:
                await self._hello(identity, reports[0], instruments, sender)
            except Exception as error:  # noqa: BLE001 - see _contain
                self._contain(error, reports[0])
            return
        peer = self._by_identity.get(identity)
        if peer is None or means_of(sender) != peer.means:
            # From before our start, or from an absent one: its Hello is on its way. Or somebody
            # has taken the address of one that is gone: they are known as somebody else.
            return
        peer.heard = peer.spoke = self._clock.monotonic()
        self._take_some(peer, reports[:_MOST_IN_A_TURN], frames, instruments)
        for start in range(_MOST_IN_A_TURN, len(reports), _MOST_IN_A_TURN):
            await give_way()
            if self._by_identity.get(identity) is not peer:
                return
            self._take_some(peer, reports[start : start + _MOST_IN_A_TURN], frames, instruments)

    def _take_some(
        self,
        peer: Peer,
        reports: Sequence[OneReport],
        frames: list[bytes],
        instruments: Instruments,
    ) -> None:
        """Take reports in one turn of the loop."""
        self.outboxes.held = True
        try:
            with instruments.together():
                for report in reports:
                    try:
                        self._pass_on(peer, report, frames, instruments)
                    except Exception as error:  # noqa: BLE001 - see _contain
                        self._contain(error, report)
        finally:
            self.outboxes.held = False
            self.outboxes.send()

    def _contain(self, error: Exception, report: OneReport) -> None:
        """Go on: what one controller says must not take the others with it."""
        if isinstance(error, JournalFailed):
            raise error
        name = type(report).__name__
        log.error("failed to take a %s: please report this bug", name, exc_info=error)
        self._metrics.unexpected_event()

    def _pass_on(
        self, peer: Peer, report: OneReport, frames: list[bytes], instruments: Instruments
    ) -> None:
        if self.overheard is not None:
            self.overheard(peer.name, report)
        match report:
            case Beat() | Hello():
                pass
            case Data():
                self._take_data(peer, report, frames, instruments)
            case Refused():
                instruments.refused(peer.name, report)
            case Reading():
                self.reading(peer.name, report)
            case Logged():
                if self._story is not None:
                    self._story.take_report(peer.name, report)
            case _:
                instruments.report(peer.name, report)

    def _take_data(
        self, peer: Peer, header: Data, frames: list[bytes], instruments: Instruments
    ) -> None:
        if len(frames) == 1:
            self._metrics.bad_frame("instruments")
            return
        instruments.data(peer.name, header, frames[1])
        self._count(peer, len(frames[1]))

    def _count(self, peer: Peer, size_bytes: int) -> None:
        """Count what has come, and say so before its controller has to wait for that."""
        peer.taken += size_bytes
        if peer.taken - peer.told >= MOST_UNTAKEN_BYTES // 4 and peer.identity is not None:
            self._say_here(peer, peer.identity)

    def _say_here(self, peer: Peer, identity: bytes) -> None:
        peer.told = peer.taken
        self.outboxes.put(identity, Heartbeat(peer.taken))

    async def _hello(
        self, identity: bytes, hello: Hello, instruments: Instruments, sender: zmq.Frame | None
    ) -> None:
        peer = self.peers.get(hello.name)
        if peer is None:
            self._strangers.unknown(hello.name, self.peers)
            return
        means = means_of(sender)
        if not self._access.may_be(means, peer.name):
            self._strangers.impostor(peer.name, means or "")
            return
        judgement = self._authority.judge(hello)
        if judgement == "foreign":
            # It says on its side too who it is that answers.
            self.outboxes.put(identity, self._welcome())
            self._strangers.foreign(hello, self._authority.fence)
        if judgement != "welcome":
            peer.heard = self._clock.monotonic()
            return
        same_ledger = peer.ledger in {"", hello.ledger}
        known = peer.identity == identity
        if peer.identity is not None and not known:
            self._by_identity.pop(peer.identity, None)
        peer.connect(identity, means, sender, self._clock.monotonic())
        self._by_identity[identity] = peer
        self._describe(peer, hello)
        if same_ledger:
            self._remember(peer, hello)
        self._running_now.note(peer.name, hello.versions)
        self.outboxes.put(identity, self._welcome())
        self._metrics.controller_up(peer.name, up=True)
        level = logging.DEBUG if known else logging.INFO  # it says Hello until it is answered
        log.log(level, "controller %s connected (%s, pid %d)", peer.name, hello.driver, hello.pid)
        await instruments.hello(peer.name, hello, same_ledger=same_ledger)
        if not same_ledger:
            # What follows from it has been written before: a daemon that knows of the new ledger
            # knows what the old one has taken with it.
            self._remember(peer, hello)
        self.greeted(peer.name)

    def _welcome(self) -> Welcome:
        return Welcome(self._authority.fence, self._beat_interval, __version__)

    def _describe(self, peer: Peer, hello: Hello) -> None:
        """Take in what a controller offers."""
        peer.describe(hello)
        self.edition += peer.changed
        self._arrived.set()
        self._arrived = anyio.Event()

    def _remember(self, peer: Peer, hello: Hello) -> None:
        """Store what a controller says of itself, if that is new."""
        if not peer.changed and peer.ledger == hello.ledger:
            return
        peer.ledger = hello.ledger
        self._journal.write([seen_in(hello, self._clock.time())], lambda _commit: None)

    def _vanished(self, identity: bytes) -> None:
        """Take note that nobody is at an address any more."""
        peer = self._by_identity.pop(identity, None)
        if peer is not None:
            self._lost(peer)

    def _part_from_revoked(self) -> None:
        """Hear no more from those who may not speak for their controllers any more."""
        for peer in self.peers.values():
            if peer.identity is not None and not self._access.may_be(peer.means, peer.name):
                log.warning("the key of controller %s is revoked", peer.name)
                self._by_identity.pop(peer.identity, None)
                self._access.cut(peer.sender)
                self._lost(peer)

    def _lost(self, peer: Peer) -> None:
        peer.identity = None
        self._metrics.controller_up(peer.name, up=False)
        log.warning("controller %s is not connected any more", peer.name)

    async def _beat(self, instruments: Instruments) -> None:
        self._last_look = self._clock.monotonic()
        for peer in self.peers.values():
            peer.heard = self._last_look
        while True:
            await anyio.sleep(self._beat_interval)
            self.look_around(instruments)

    def look_around(self, instruments: Instruments) -> None:
        """Send heartbeats, and notice who is silent and who has been away for too long.

        Called once in every beat interval.
        """
        now = self._clock.monotonic()
        late = now - self._last_look > (MISSED_BEATS - 1) * self._beat_interval
        self._last_look = now
        for peer in self.peers.values():
            if late:
                # We were stopped, not they: give them the time that we have slept.
                peer.heard = now
            self._check(peer, now, instruments)

    def _check(self, peer: Peer, now: float, instruments: Instruments) -> None:
        silent = now - peer.heard
        if peer.identity is not None:
            if silent <= MISSED_BEATS * self._beat_interval:
                self._say_here(peer, peer.identity)
                return
            self._by_identity.pop(peer.identity, None)
            self._lost(peer)
        if silent > self._grace and not peer.given_up:
            peer.given_up = True
            instruments.absent(peer.name)
