"""How ZeroMQ's sockets are set, bound and connected: over a path or over a network.

Rule 1. Whatever waits is bounded: what a peer may send at once, what is queued for it, how long it
        may say nothing.
Rule 2. What is bound to a network knows its peers by their keys, and takes nobody else.
"""

from __future__ import annotations

import errno
import os
import random
import socket as plain_socket
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

import zmq

from stationd.proto.codec import MAX_FRAME_BYTES
from stationd.proto.error import StationUnreachable

if TYPE_CHECKING:
    from stationd.proto.curve import Credentials, KeyPair

MOST_QUEUED_MESSAGES: Final = 100_000
"""High-water mark per peer and direction; what exceeds it is refused, never silently dropped."""
LONGEST_IPC_PATH: Final = 107
"""Bytes that fit into a Unix socket's address."""
# What a peer on a network may have waiting: less than a local one, for there it is not ours.
_MOST_QUEUED_OVER_TCP: Final = 10_000
_HEARTBEAT_MS: Final = 1_000
# A connection that says nothing holds a descriptor for so long.
_HANDSHAKE_MS: Final = 2_000
# Connections that the kernel accepts ahead of us; more than ZeroMQ's 100, for a few silent
# strangers should not keep others waiting.
_BACKLOG: Final = 1_024
_CONNECT_MS: Final = 5_000
# A connection whose other end takes nothing, not even what the kernel sends again, is broken.
_TAKEN_WITHIN_MS: Final = 30_000
_GROUP_ONLY: Final = 0o660
ZAP_ENDPOINT: Final = "inproc://zeromq.zap.01"
"""Where ZeroMQ asks, within a context, whether somebody may connect."""
# Drawn for each socket: with a cap ZeroMQ adds no jitter of its own, and all clients of a station
# that comes back would knock at the same moments.
_FIRST_RECONNECT_MS: Final = (40, 60)
_LAST_RECONNECT_MS: Final = (400, 600)


@dataclass(frozen=True, slots=True)
class Guard:
    """Who may connect to a socket that is bound: whom the answers at `ZAP_ENDPOINT` let in.

    Nobody, if nothing answers there.
    """

    context: zmq.Context[zmq.Socket[bytes]]
    """The one in which the answers are given."""
    domain: str
    """What the answers call this socket."""
    station: KeyPair | None = None
    """What proves to clients which station this is; without, nothing is bound to a network."""


def shared_context() -> zmq.Context[zmq.Socket[bytes]]:
    """Return the context of this process, for sockets that need none of their own."""
    return cast("zmq.Context[zmq.Socket[bytes]]", zmq.Context.instance())


def configured(kind: int, context: zmq.Context[zmq.Socket[bytes]]) -> zmq.Socket[bytes]:
    """Return a plain socket with all the bounds that are the same everywhere."""
    socket = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
    first, longest = reconnect_pauses(random.Random())  # noqa: S311 - nobody gains by guessing it
    socket.setsockopt(zmq.RECONNECT_IVL, first)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, longest)
    socket.setsockopt(zmq.HANDSHAKE_IVL, _HANDSHAKE_MS)
    socket.setsockopt(zmq.CONNECT_TIMEOUT, _CONNECT_MS)
    socket.setsockopt(zmq.BACKLOG, _BACKLOG)
    if kind == zmq.ROUTER:
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        # Nobody takes over the address of somebody who is connected.
        socket.setsockopt(zmq.ROUTER_HANDOVER, 0)
    return socket


def _fit_transport(socket: zmq.Socket[bytes], endpoint: str) -> None:
    tcp = endpoint.startswith("tcp://")
    most = _MOST_QUEUED_OVER_TCP if tcp else MOST_QUEUED_MESSAGES
    socket.setsockopt(zmq.SNDHWM, most)
    socket.setsockopt(zmq.RCVHWM, most)
    # Between processes of one host the kernel tells at once that one has ended.
    socket.setsockopt(zmq.HEARTBEAT_IVL, _HEARTBEAT_MS if tcp else 0)
    socket.setsockopt(zmq.HEARTBEAT_TIMEOUT, 3 * _HEARTBEAT_MS)
    socket.setsockopt(zmq.HEARTBEAT_TTL, 3 * _HEARTBEAT_MS if tcp else 0)
    socket.setsockopt(zmq.TCP_MAXRT, _TAKEN_WITHIN_MS if tcp else 0)
    socket.setsockopt(zmq.IPV6, int(endpoint.startswith("tcp://[")))


def listen(socket: zmq.Socket[bytes], endpoint: str, guard: Guard | None) -> None:
    """Let a socket listen at an endpoint, too.

    Raises:
        StationUnreachable: The endpoint cannot be bound; the message says why.
    """
    local = endpoint.startswith("ipc://")
    if local:
        _check_path_is_free(endpoint)
    # What is set now holds for this endpoint alone: ZeroMQ hands a copy to whoever connects to it.
    _fit_transport(socket, endpoint)
    if guard is not None:
        _guard(socket, endpoint, guard)
    try:
        socket.bind(endpoint)
        if local and guard is not None:
            os.chmod(endpoint.removeprefix("ipc://"), _GROUP_ONLY)  # noqa: PTH101 - as lstat below
    except zmq.ZMQError as error:
        raise StationUnreachable(f"cannot bind {endpoint}: {_reason(error, endpoint)}") from error
    except OSError as error:
        raise StationUnreachable(f"cannot guard {endpoint}: {error.strerror}") from error


def _guard(socket: zmq.Socket[bytes], endpoint: str, guard: Guard) -> None:
    socket.setsockopt_string(zmq.ZAP_DOMAIN, guard.domain)
    # Without this a CURVE server with nobody to ask lets everybody in.
    socket.setsockopt(zmq.ZAP_ENFORCE_DOMAIN, 1)
    if endpoint.startswith("ipc://"):
        socket.setsockopt(zmq.CURVE_SERVER, 0)
    elif guard.station is None:
        raise StationUnreachable(
            f"cannot bind {endpoint}: over a network stations are known by their keys, and this"
            " one has none"
        )
    else:
        socket.setsockopt(zmq.CURVE_SERVER, 1)
        socket.setsockopt_string(zmq.CURVE_SECRETKEY, guard.station.secret)


def dial(socket: zmq.Socket[bytes], endpoint: str, credentials: Credentials | None) -> None:
    """Let a socket connect to an endpoint.

    Raises:
        StationUnreachable: The endpoint is malformed.
    """
    if endpoint.startswith("ipc://"):
        _check_path_is_short(endpoint)
    _fit_transport(socket, endpoint)
    if credentials is not None:
        socket.setsockopt_string(zmq.CURVE_SERVERKEY, credentials.station)
        socket.setsockopt_string(zmq.CURVE_PUBLICKEY, credentials.own.public)
        socket.setsockopt_string(zmq.CURVE_SECRETKEY, credentials.own.secret)
    try:
        socket.connect(endpoint)
    except zmq.ZMQError as error:
        reason = _reason(error, endpoint)
        raise StationUnreachable(f"cannot connect to {endpoint}: {reason}") from error


def _check_path_is_short(endpoint: str) -> None:
    length = len(os.fsencode(endpoint.removeprefix("ipc://")))
    if length > LONGEST_IPC_PATH:
        raise StationUnreachable(
            f"the path of {endpoint} is {length} bytes long, at most {LONGEST_IPC_PATH} fit into"
            " a socket's address: choose a shorter folder"
        )


def _check_path_is_free(endpoint: str) -> None:
    _check_path_is_short(endpoint)
    path = endpoint.removeprefix("ipc://")
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return  # nothing there; what else may be wrong, bind says
    if not stat.S_ISSOCK(mode):
        raise StationUnreachable(f"cannot bind {endpoint}: {path} is not a socket: move it away")
    with plain_socket.socket(plain_socket.AF_UNIX) as probe:
        probe.settimeout(0)
        if probe.connect_ex(path) not in _NOBODY_LISTENS:
            raise StationUnreachable(
                f"cannot bind {endpoint}: another process listens there; stop it or choose"
                " another path"
            )


_NOBODY_LISTENS: Final = (errno.ECONNREFUSED, errno.ENOENT)


def _reason(error: zmq.ZMQError, endpoint: str) -> str:
    """Return in words what is wrong with an endpoint, and what to do about it."""
    scheme, _, address = endpoint.partition("://")
    match error.errno:
        case errno.ENOENT if scheme == "ipc":
            return f"the folder {Path(address).parent} does not exist: create it"
        case errno.EINVAL | errno.EPROTONOSUPPORT:
            return "expected tcp://HOST:PORT or ipc:///PATH"
        case errno.ENODEV:
            return "no interface of this host has that name or address"
        case errno.EADDRINUSE:
            return "another process listens there; stop it or choose another port"
        case _:
            return os.strerror(error.errno or 0)


def reconnect_pauses(chance: random.Random) -> tuple[int, int]:
    """Draw the pause before a socket's first try to connect again, and its longest, in ms.

    ZeroMQ doubles the pause with every try until it is the longest.
    """
    return chance.randint(*_FIRST_RECONNECT_MS), chance.randint(*_LAST_RECONNECT_MS)
