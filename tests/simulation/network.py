"""An in-memory network behind the interface of `stationd.proto.socket.Socket`.

Rule 1. As with ZeroMQ, messages of one connection arrive in order or not at all; what is on its
        way when a connection breaks is lost, but for some that had come far enough.
Rule 2. A DEALER connects again by itself, under a new identity, and keeps what it has not sent.
Rule 3. While a link is partitioned nothing arrives; when it heals in time all does, late.
"""

import struct
from collections import deque
from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count

import anyio
import anyio.lowlevel
import zmq

from stationd.proto.socket import PeerGone, Socket
from tests.simulation.rights import Sender
from tests.simulation.trace import Trace

_EVENT = struct.Struct("<HI")
_MOST_IN_A_ROW = 64
_RECONNECT_SECONDS = (0.02, 0.3)
_LATENCY_SECONDS = (0.00002, 0.0008)
_NOTICED_AFTER = 1.5
"""Seconds until a partitioned connection is taken for broken."""


class SimulatedSocket(Socket):
    """What all simulated sockets share: an inbox."""

    def __init__(self) -> None:
        self._arrived: deque[list[bytes]] = deque()
        self._bell = anyio.Event()
        self._row = 0
        self.open = True

    @property
    def endpoint(self) -> str:
        return "tcp://simulated:1"

    async def receive(self) -> list[bytes]:
        self._row += 1
        if self._row > _MOST_IN_A_ROW:
            self._row = 0
            await anyio.lowlevel.checkpoint()
        while (parts := self.receive_nowait()) is None:
            self._bell = anyio.Event()
            await self._bell.wait()
        return parts

    def receive_nowait(self) -> list[bytes] | None:
        # A closed one is silent: its process is dead and only waits to be cancelled.
        return self._arrived.popleft() if self._arrived and self.open else None

    def arrive(self, parts: list[bytes]) -> None:
        if self.open:
            self._arrived.append(parts)
            self._bell.set()

    async def send(self, parts: Sequence[bytes]) -> None:
        self.send_nowait(parts)

    def close(self) -> None:
        self.open = False
        self._arrived.clear()
        self._bell.set()


class Monitor(SimulatedSocket):
    """Tells of a socket's connections."""

    def __init__(self, events: int) -> None:
        super().__init__()
        self._wanted = events

    def tell(self, event: int) -> None:
        if self._wanted & event:
            self.arrive([_EVENT.pack(event, 0), b"tcp://simulated:1"])


class Way:
    """One direction of a link."""

    def __init__(self, network: "Network", arrive: Callable[[list[bytes]], None]) -> None:
        self._network = network
        self._arrive = arrive
        self._last_due = 0.0
        self.flying: deque[list[bytes]] = deque()
        self.held = False

    def send(self, parts: list[bytes]) -> None:
        self.flying.append(parts)
        if not self.held:
            self._schedule()

    def hold(self) -> None:
        self.held = True

    def heal(self) -> None:
        self.held = False
        for _ in self.flying:
            self._schedule()

    def _schedule(self) -> None:
        network = self._network
        self._last_due = max(self._last_due, anyio.current_time() + network.latency())
        network.at(self._last_due, self._deliver)

    def _deliver(self) -> None:
        # One that was scheduled before a partition, or for a message that was lost.
        if self.flying and not self.held:
            self._arrive(self.flying.popleft())

    def cut(self) -> int:
        """Let some of what is on the way arrive, lose the rest, and return how much that is."""
        lucky = self._network.chance.randint(0, len(self.flying))
        for _ in range(lucky):
            self._arrive(self.flying.popleft())
        lost = len(self.flying)
        self.flying.clear()
        self.held = True
        return lost


class Link:
    """A connection between a DEALER and a ROUTER."""

    def __init__(self, network: "Network", dealer: "Dealer", router: "Router", name: str) -> None:
        self.name = name
        self.identity = network.new_identity()
        self.up = True
        self._network = network
        self.dealer = dealer
        self.router = router
        identity = self.identity
        self.to_router = Way(network, lambda parts: router.arrive([identity, *parts]))
        self.to_dealer = Way(network, dealer.arrive)
        router.links[identity] = self
        if dealer.user:
            router.senders[identity] = Sender(self, dealer.user)

    def send_to_dealer(self, parts: list[bytes]) -> None:
        if self.dealer.user:
            self._network.overhear(self.dealer.user, parts)
        self._send(self.to_dealer, parts, self.router.repeatable)

    def send_to_router(self, parts: list[bytes]) -> None:
        self._send(self.to_router, parts, self.dealer.repeatable)

    def _send(self, way: Way, parts: list[bytes], repeatable: Callable[[bytes], bool]) -> None:
        way.send(parts)
        network = self._network
        network.trace.message(self.name, parts[0])
        if network.chance.random() < network.duplicated and repeatable(parts[0]):
            network.trace.fault("duplicates")
            way.send(parts)

    def partition(self, seconds: float) -> None:
        """Let nothing through for a while; if that takes too long the connection breaks."""
        if self.to_router.held or not self.up:
            return
        self._network.trace.fault("partitions", self.name)
        self.to_router.hold()
        self.to_dealer.hold()
        end = self.heal if seconds < _NOTICED_AFTER else self.cut
        self._network.after(min(seconds, _NOTICED_AFTER), end)

    def heal(self) -> None:
        if self.up:
            self.to_router.heal()
            self.to_dealer.heal()

    def cut(self) -> None:
        """Break the connection; both sides notice, and the dealer connects again."""
        if not self.up:
            return
        self.up = False
        lost = self.to_router.cut() + self.to_dealer.cut()
        if lost:
            self._network.trace.faults["lost messages"] += lost
        self.router.links.pop(self.identity, None)
        self.dealer.disconnected()


def _never(_frame: bytes) -> bool:
    return False


def _anybody(_user: str) -> bool:
    return True


def _unheard(_user: str, _parts: list[bytes]) -> None:
    return


class Router(SimulatedSocket):
    """A bound ROUTER."""

    def __init__(
        self, repeatable: Callable[[bytes], bool] = _never, admits: Callable[[str], bool] = _anybody
    ) -> None:
        super().__init__()
        self.repeatable = repeatable
        self.admits = admits
        self.links: dict[bytes, Link] = {}
        self.senders: dict[bytes, Sender] = {}
        """Of connections of users, of those that are over too: what they sent may wait here."""
        self.bound = True

    def receive_nowait(self) -> list[bytes] | None:
        parts = super().receive_nowait()
        if parts is not None and self.senders:
            sender = self.senders.get(parts[0])
            self.sender = None if sender is None else sender.frame()
        return parts

    def send_nowait(self, parts: Sequence[bytes]) -> None:
        if not self.open:
            return
        identity, *frames = parts
        link = self.links.get(identity)
        if link is None:
            raise PeerGone
        link.send_to_dealer(frames)

    def unbind(self) -> None:
        """Lose all connections and get no more."""
        self.bound = False
        for link in list(self.links.values()):
            link.cut()

    def close(self) -> None:
        if self.open:
            super().close()
            self.unbind()


class Dealer(SimulatedSocket):
    """A DEALER that connects, again and again, by itself."""

    def __init__(
        self,
        network: "Network",
        address: str,
        name: str,
        monitor: Monitor,
        repeatable: Callable[[bytes], bool] = _never,
    ) -> None:
        super().__init__()
        self.repeatable = repeatable
        self.user = ""
        """Whose key it has; empty for none."""
        self._network = network
        self._address = address
        self._name = name
        self._monitor = monitor
        self._link: Link | None = None
        self._unsent: deque[list[bytes]] = deque()
        self._connect_soon()

    @property
    def link(self) -> Link | None:
        return self._link

    def send_nowait(self, parts: Sequence[bytes]) -> None:
        if not self.open:
            return
        if self._link is None:
            self._unsent.append(list(parts))
        else:
            self._link.send_to_router(list(parts))

    def disconnected(self) -> None:
        self._link = None
        if self.open:
            self._monitor.tell(zmq.EVENT_DISCONNECTED)
            self._connect_soon()

    def close(self) -> None:
        if self.open:
            super().close()
            if self._link is not None:
                self._link.cut()

    def _connect_soon(self) -> None:
        self._network.after(self._network.chance.uniform(*_RECONNECT_SECONDS), self._connect)

    def _connect(self) -> None:
        if not self.open or self._link is not None:
            return
        router = self._network.listener(self._address)
        if router is None:
            self._connect_soon()
            return
        if not router.admits(self.user):
            self._monitor.tell(zmq.EVENT_HANDSHAKE_FAILED_AUTH)
            return
        self._link = Link(self._network, self, router, self._name)
        self._monitor.tell(zmq.EVENT_HANDSHAKE_SUCCEEDED)
        while self._unsent:
            self._link.send_to_router(self._unsent.popleft())


class Network:
    """All links, and what is on its way.

    Args:
        trace: Counts the faults.
        duplicated: How often a message that may be repeated arrives twice.
        delayed: How often a message is held up.
    """

    def __init__(self, trace: Trace, *, duplicated: float, delayed: float) -> None:
        self.trace = trace
        self.chance = trace.chance("network")
        self.duplicated = duplicated
        self.delayed = delayed
        self.overhear: Callable[[str, list[bytes]], None] = _unheard
        """Called with all that users are sent."""
        self._routers: dict[str, list[Router]] = {}
        self._dealers: list[Dealer] = []
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count(1)
        self._sooner = anyio.Event()

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            self._sooner = anyio.Event()
            while self._due and self._due[0][0] <= anyio.current_time():
                heappop(self._due)[2]()
            if not self._due:
                await self._sooner.wait()
                continue
            with anyio.move_on_after(self._due[0][0] - anyio.current_time()):
                await self._sooner.wait()

    def at(self, when: float, call: Callable[[], None]) -> None:
        heappush(self._due, (when, next(self._numbers), call))
        if self._due[0][0] == when:
            self._sooner.set()

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self.at(anyio.current_time() + seconds, call)

    def latency(self) -> float:
        seconds = self.chance.uniform(*_LATENCY_SECONDS)
        if self.chance.random() < self.delayed:
            self.trace.fault("delays")
            seconds += self.chance.uniform(0.005, 0.4)
        return seconds

    def new_identity(self) -> bytes:
        return b"%05d" % next(self._numbers)

    def bind(
        self,
        address: str,
        repeatable: Callable[[bytes], bool] = _never,
        admits: Callable[[str], bool] = _anybody,
    ) -> Router:
        router = Router(repeatable, admits)
        self._routers.setdefault(address, []).append(router)
        return router

    def listener(self, address: str) -> Router | None:
        """Return who answers at an address: the newest, or now and then one that it replaces."""
        routers = [router for router in self._routers.get(address, ()) if router.bound]
        if not routers:
            return None
        return routers[-1] if self.chance.random() < 0.6 else self.chance.choice(routers)

    def connect(
        self,
        address: str,
        name: str,
        events: int,
        repeatable: Callable[[bytes], bool] = _never,
        user: str = "",
    ) -> tuple[Dealer, Monitor]:
        monitor = Monitor(events)
        dealer = Dealer(self, address, name, monitor, repeatable)
        dealer.user = user
        self._dealers = [one for one in self._dealers if one.open]
        self._dealers.append(dealer)
        return dealer, monitor

    def links(self) -> list[Link]:
        """Return what is connected, in the order in which it was made."""
        return [dealer.link for dealer in self._dealers if dealer.link is not None]
