"""Telling systemd how things stand (sd_notify); nothing happens when systemd does not ask.

The protocol is a datagram of ``NAME=value`` lines to the socket in ``$NOTIFY_SOCKET``, see
sd_notify(3).
"""

from __future__ import annotations

import os
import socket


def notify(*lines: str) -> None:
    """Send lines such as ``READY=1`` or ``STATUS=...``.

    A supervisor that does not listen any more is no reason to stop, so errors are ignored.
    """
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        # An abstract socket: its name starts with a NUL byte.
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel:
        try:
            channel.sendto("\n".join(lines).encode(), address)
        except OSError:
            return
