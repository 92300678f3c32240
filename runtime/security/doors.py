"""The sockets that a daemon opens, all behind one gate.

Rule 1. Every socket that is bound asks the gate, those on paths too.
Rule 2. A path is guarded by its folder and its group besides: nobody else gets as far as the gate.
"""

from __future__ import annotations

import logging
import pwd
import stat
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import zmq
from anyio import to_thread

from stationd.proto.error import StationError
from stationd.proto.socket import Socket, bind
from stationd.runtime.security.access import Access
from stationd.runtime.security.gate import Gate, open_gate
from stationd.runtime.security.material import station_keys
from stationd.runtime.security.register import INSTRUMENTS, JOBS, Register, register_of
from stationd.runtime.settings.network import lonely_endpoints, without_operator

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator, Sequence

    from stationd.runtime.security.register import Domain, Refusal
    from stationd.runtime.settings import Settings

log = logging.getLogger(__name__)

_FOLDER_MODE: Final = 0o750
_TCP: Final = "tcp://"
_IPC: Final = "ipc://"


@dataclass(frozen=True, slots=True)
class Doors:
    """What a daemon listens at."""

    access: Access
    gate: Gate
    instruments: Socket
    api: Sequence[Socket]


@asynccontextmanager
async def open_doors(
    settings: Settings, refused: Callable[[Refusal], None] | None = None
) -> AsyncGenerator[Doors]:
    """Bind all sockets, and answer at the gate while the context lasts.

    Args:
        settings: Say where, and who may connect.
        refused: Called with everybody who is not let in.

    Raises:
        StationError: An endpoint cannot be bound, a key is missing, or ZeroMQ is too old.
    """
    access = Access(await to_thread.run_sync(read_register, settings))
    station = await to_thread.run_sync(station_keys, settings)
    if station is not None:
        log.info("the station's public key is %s", station.public)
    async with AsyncExitStack() as stack:
        gate = await stack.enter_async_context(open_gate(access, station, refused))
        sockets, ports = await to_thread.run_sync(_bind_all, settings, gate)
        for socket in sockets:
            stack.enter_context(socket)
        instruments, *api = sockets
        access.ports = ports
        yield Doors(access, gate, instruments, api)


def read_register(settings: Settings) -> Register:
    """Return whose keys there are, with the numbers of the Unix users; may block."""
    names = {one.user for one in settings.controllers.values() if one.user}
    return register_of(settings, {name: _uid_of(name) for name in names})


def warnings(settings: Settings) -> list[str]:
    """Return what lets in too many people or nobody, or nobody in charge; looks at folders."""
    endpoints = (*settings.api_endpoints, settings.instruments_endpoint)
    folders = {Path(each.removeprefix(_IPC)).parent for each in endpoints if each.startswith(_IPC)}
    open_folders = [warning for folder in sorted(folders) if (warning := _warning(folder))]
    return [*open_folders, *lonely_endpoints(settings), *without_operator(settings)]


def _uid_of(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        log.warning("there is no Unix user %r, whom [controllers.NAME] user names", name)
        return None


def _bind_all(settings: Settings, gate: Gate) -> tuple[list[Socket], frozenset[int]]:
    """Bind the instruments' socket and those of the API, in this order; return the ports too."""
    sockets: list[Socket] = []
    ports: set[int] = set()
    try:
        for domain, endpoints in _planned(settings):
            first, *others = endpoints
            _prepare(first)
            socket = bind(zmq.ROUTER, first, gate.guard(domain))
            sockets.append(socket)
            ports |= _port(socket)
            for endpoint in others:
                socket.bind_also(endpoint, gate.guard(domain))
                ports |= _port(socket)
    except StationError:
        for socket in sockets:
            socket.close()
        raise
    for warning in warnings(settings):
        log.warning("%s", warning)
    return sockets, frozenset(ports)


def _planned(settings: Settings) -> Iterator[tuple[Domain, Sequence[str]]]:
    yield INSTRUMENTS, (settings.instruments_endpoint, *settings.instruments.listen)
    for endpoint in settings.api_endpoints:
        yield JOBS, (endpoint,)


def _port(socket: Socket) -> set[int]:
    endpoint = socket.endpoint
    return {int(endpoint.rpartition(":")[2])} if endpoint.startswith(_TCP) else set()


def _prepare(endpoint: str) -> None:
    if endpoint.startswith(_IPC):
        _make_folder(Path(endpoint.removeprefix(_IPC)).parent)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise StationError(
            f"cannot make {folder} for the sockets: {error.strerror}; set station.runtime to a"
            " directory that this user may write to"
        ) from error


def _warning(folder: Path) -> str:
    try:
        mode = folder.stat().st_mode
    except OSError:
        return ""
    if mode & stat.S_IWOTH:
        return (
            f"everybody may write to {folder} (mode {stat.S_IMODE(mode):04o}), and put a socket of"
            " their own where the station's should be: keep the sockets in a folder of their own,"
            " with mode 0750 and the group of the users"
        )
    if mode & stat.S_IXOTH:
        return (
            f"everybody on this host may enter {folder} (mode {stat.S_IMODE(mode):04o}); only the"
            " sockets' own mode, 0660, keeps those out who are not of its group: chmod 0750 it"
        )
    return ""
