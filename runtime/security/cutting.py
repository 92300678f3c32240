"""Ending a connection that ZeroMQ would keep: it has no call for that.

ZeroMQ tells which descriptor a message came through. By the time that we look, the connection may
be over and the number another's, so it is looked at first: only a connection from the same
address to one of our ports is ended. Whoever was meant comes back and is refused at the gate; if
somebody else were hit, they would come back and be let in.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Final

import zmq

if TYPE_CHECKING:
    from collections.abc import Collection

_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)
_MAPPED: Final = "::ffff:"


def cut(sender: zmq.Frame | None, ports: Collection[int]) -> bool:
    """End the connection over a network that a message came through.

    Args:
        sender: The first frame of the message.
        ports: Those that the station listens at.

    Returns:
        Whether there was one.
    """
    if sender is None:
        return False
    try:
        descriptor, address = sender.get("__fd"), sender.get("Peer-Address")
    except zmq.ZMQError:
        return False
    if not isinstance(descriptor, str) or not isinstance(address, str):
        return False
    try:
        # A descriptor of our own: from here on it cannot become another's.
        with socket.socket(fileno=os.dup(int(descriptor))) as connection:
            if not _is_from(connection, address, ports):
                return False
            connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return False
    return True


def _is_from(connection: socket.socket, address: str, ports: Collection[int]) -> bool:
    return (
        connection.family in _FAMILIES
        and connection.getsockname()[1] in ports
        and str(connection.getpeername()[0]).removeprefix(_MAPPED) == address.removeprefix(_MAPPED)
    )
