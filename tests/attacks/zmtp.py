"""ZeroMQ's handshake by hand, for those who do not want to behave."""

import socket
import struct

MORE, LONG, COMMAND = 1, 2, 4
_LONGEST_SHORT = 255
_GREETING_BYTES = 64


def greeting(mechanism: str = "NULL") -> bytes:
    """Return the first 64 bytes of a connection."""
    name = mechanism.encode().ljust(20, b"\0")
    return b"\xff" + b"\0" * 8 + b"\x7f" + b"\x03\x01" + name + b"\0" + b"\0" * 31


def frame(body: bytes, flags: int = 0) -> bytes:
    """Return a frame of a message."""
    if len(body) > _LONGEST_SHORT:
        return struct.pack(">BQ", flags | LONG, len(body)) + body
    return struct.pack(">BB", flags, len(body)) + body


def ready(kind: str = "DEALER") -> bytes:
    """Return what ends the handshake without security."""
    pairs = ((b"Socket-Type", kind.encode()), (b"Identity", b""))
    body = b"\x05READY" + b"".join(
        bytes([len(name)]) + name + struct.pack(">I", len(value)) + value for name, value in pairs
    )
    return frame(body, COMMAND)


def handshake(kind: str = "DEALER") -> bytes:
    """Return all that a client without security says first."""
    return greeting() + ready(kind)


def shaken(endpoint: str) -> socket.socket:
    """Return a plain socket whose handshake without security is over.

    What comes before it is over ends the connection.

    Raises:
        OSError: The other end wants none of it.
    """
    plain = connected(endpoint)
    try:
        plain.sendall(greeting())
        _receive(plain, _GREETING_BYTES)
        plain.sendall(ready())
        _, size = _receive(plain, 2)
        _receive(plain, size)
    except BaseException:
        plain.close()
        raise
    return plain


def _receive(plain: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        more = plain.recv(size - len(data))
        if not more:
            raise ConnectionResetError("the other end has hung up")
        data += more
    return data


def connected(endpoint: str) -> socket.socket:
    """Return a plain socket that is connected to a ZeroMQ endpoint."""
    scheme, _, address = endpoint.partition("://")
    if scheme == "ipc":
        plain = socket.socket(socket.AF_UNIX)
        plain.settimeout(10)
        plain.connect(address)
        return plain
    host, _, port = address.rpartition(":")
    return socket.create_connection((host, int(port)), timeout=10)
