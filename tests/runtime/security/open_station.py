"""A whole station in this process that is open to a network, with a journal in memory."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import anyio
import zmq

from stationd.proto.codec import REPLIES, REPORTS, REQUESTS
from stationd.proto.curve import Credentials, KeyPair, new_pair
from stationd.proto.instruments_protocol import OneReport
from stationd.proto.jobs_protocol import Reply, Request
from stationd.proto.socket import Socket
from stationd.proto.transport import configured, dial, shared_context
from stationd.runtime.assembly import assemble
from stationd.runtime.clock import SystemClock
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.metrics import Metrics
from stationd.runtime.security.doors import Doors, open_doors
from stationd.runtime.security.making import make_files
from stationd.runtime.settings import Settings, parse
from stationd.runtime.station import Ports, Station
from stationd.runtime.work.workers import Workers

ADA, BOB, MAX, ALPHA, BETA, STRANGER = (new_pair() for _ in range(6))
ROLES = {"ada": ("submitter", ADA), "bob": ("observer", BOB), "max": ("operator", MAX)}
LOST = int(zmq.EVENT_DISCONNECTED)
REFUSED = int(zmq.EVENT_HANDSHAKE_FAILED_AUTH)


@dataclass(frozen=True)
class Folder:
    """A short path, and the station's keys in it."""

    path: Path
    station: KeyPair

    def settings(self, *, without: str = "", roles: Mapping[str, str] | None = None) -> Settings:
        """Return the configuration.

        Args:
            without: The user or the controller whose keys are missing.
            roles: Other roles of users.
        """

        def keys(name: str, pair: KeyPair) -> list[str]:
            return [] if name == without else [pair.public]

        controllers = {"alpha": ALPHA, "beta": BETA}
        return parse(
            {
                "station": {"state": str(self.path), "runtime": f"{self.path}/run"},
                "api": {"endpoints": ["tcp://127.0.0.1:*"]},
                # Nothing beats by itself.
                "instruments": {"listen": ["tcp://127.0.0.1:*"], "beat_interval": 1000},
                "metrics": {"listen": ""},
                "workers": {"prewarm": False},
                "security": {"secret_key_file": f"{self.path}/station.secret"},
                "users": {
                    name: {"role": (roles or {}).get(name, role), "keys": keys(name, pair)}
                    for name, (role, pair) in ROLES.items()
                },
                "controllers": {
                    name: {"driver": "null", "start": False, "keys": keys(name, pair)}
                    for name, pair in controllers.items()
                },
                "targets": {"alpha": {"controller": "alpha"}},
            },
            "the.toml",
        )

    @classmethod
    def made(cls) -> "Folder":
        """Make one."""
        path = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
        return cls(path, make_files("station", path))

    def remove(self) -> None:
        """Remove it."""
        shutil.rmtree(self.path)


class Peer:
    """A client or a controller at the other end of the network.

    Args:
        endpoint: Where the station is.
        credentials: With which keys.
        identity: The address on the station's socket that it claims; none, as all of ours.
        events: What it wants to know of its connection.
    """

    def __init__(
        self,
        endpoint: str,
        credentials: Credentials | None,
        identity: bytes = b"",
        events: int = LOST | REFUSED,
    ) -> None:
        plain = configured(zmq.DEALER, shared_context())
        if identity:
            plain.setsockopt(zmq.ROUTING_ID, identity)
        self.socket = Socket(plain)
        self.monitor = self.socket.monitor(events)
        dial(plain, endpoint, credentials)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.monitor.close()
        self.socket.close()

    async def ask(self, request: Request) -> Reply:
        """Send a request and return what comes next."""
        await self.socket.send([REQUESTS.encode(request)])
        return await self.reply()

    async def reply(self) -> Reply:
        """Return what comes next."""
        return REPLIES.decode((await self.socket.receive())[0])

    async def report(self, report: OneReport) -> None:
        """Say what a controller says."""
        await self.socket.send([REPORTS.encode(report)])


@dataclass(frozen=True)
class OpenStation:
    """The station, its sockets, and ways to reach it."""

    station: Station
    doors: Doors
    folder: Folder

    def client(self, own: KeyPair, identity: bytes = b"") -> Peer:
        """Connect as a user."""
        return self._peer(self.doors.api[0], own, identity)

    def controller(self, own: KeyPair, identity: bytes = b"") -> Peer:
        """Connect as a controller."""
        return self._peer(self.doors.instruments, own, identity)

    def take(self, settings: Settings) -> None:
        """Go by another configuration, as a reload does."""
        for row in self.station.reloads:
            row.take(settings)

    def _peer(self, socket: Socket, own: KeyPair, identity: bytes) -> Peer:
        credentials = Credentials(self.folder.station.public, own)
        return Peer(socket.endpoint, credentials, identity)


@asynccontextmanager
async def open_station(folder: Folder) -> AsyncGenerator[OpenStation]:
    """Start one."""
    settings = folder.settings()
    metrics = Metrics(list(settings.controllers))
    with anyio.fail_after(60):
        async with (
            MemoryJournal() as journal,
            open_doors(settings) as doors,
            anyio.create_task_group() as tasks,
        ):
            ports = Ports(
                journal=journal,
                instruments=doors.instruments,
                api=doors.api,
                access=doors.access,
                clock=SystemClock(),
                workers=Workers(1),
            )
            station = await assemble(settings, ports, metrics, tasks)
            yield OpenStation(station, doors, folder)
            tasks.cancel_scope.cancel()
