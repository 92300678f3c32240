"""The one connection that all calls of an event loop share."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Final

from anyio.lowlevel import RunVar

from stationd.client.connection import endpoint
from stationd.client.connection.connection import Connection
from stationd.client.connection.stations import address_of

if TYPE_CHECKING:
    from collections.abc import Generator

_CONNECTIONS: Final[RunVar[dict[endpoint.Choice, Connection]]] = RunVar("stationd_connections")
_OWN: Final[ContextVar[Connection | None]] = ContextVar("stationd_connection", default=None)


def connection() -> Connection:
    """Return this event loop's connection to the current station; open it if need be.

    Raises:
        RequestError: The endpoint that the environment names is not one.
    """
    own = _OWN.get()
    if own is not None:
        return own
    wanted = endpoint.current()
    connections = _connections()
    found = connections.get(wanted)
    if found is None or found.closed:
        find = None if wanted.is_local else partial(address_of, wanted)
        found = connections[wanted] = Connection(wanted.station, find=find)
    return found


@contextmanager
def using(own: Connection) -> Generator[None]:
    """Let all calls of this task go over a connection of its own, which the caller closes."""
    token = _OWN.set(own)
    try:
        yield
    finally:
        _OWN.reset(token)


async def close() -> None:
    """Close what this event loop has open. Later calls open it again."""
    connections = _connections()
    while connections:
        _, opened = connections.popitem()
        await opened.aclose()


def _connections() -> dict[endpoint.Choice, Connection]:
    try:
        return _CONNECTIONS.get()
    except LookupError:
        connections: dict[endpoint.Choice, Connection] = {}
        _CONNECTIONS.set(connections)
        return connections
