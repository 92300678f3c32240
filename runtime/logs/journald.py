"""Lines given to systemd's journal in its own protocol, with their fields.

Rule 1. A field is ``NAME=value`` if its value is one line, and else the name, the length of the
        value and the value: no text can make up a field of its own.
Rule 2. What is too big for a datagram goes as a sealed file in memory. Where that is not allowed,
        the line is cut.
Rule 3. Sending waits a bounded time; a journal that is away costs lines, which are counted.
"""

from __future__ import annotations

import array
import errno
import fcntl
import logging
import os
import select
import socket
import struct
from typing import TYPE_CHECKING, Final

import msgspec

from stationd.actors.about import fields

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from stationd.actors.log_line import Line

SOCKET: Final = "/run/systemd/journal/socket"
_LENGTH: Final = struct.Struct("<Q")
# syslog's, as journald counts.
_PRIORITIES: Final = (
    (logging.CRITICAL, 2),
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
)
_DEBUG: Final = 7
_TOO_BIG: Final = frozenset({errno.EMSGSIZE, errno.ENOBUFS})
_PATIENCE_MS: Final = 1_000
_CUT: Final = 4_000
"""Characters that are left of a message and its traceback if nothing more can be sent."""
_SEALS: Final = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL


def is_journal(descriptor: int, environment: Mapping[str, str]) -> bool:
    """Return whether systemd has connected a descriptor to its journal.

    Args:
        descriptor: Usually that of stderr.
        environment: The process's.
    """
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class Journald:
    """Sends lines to the journal.

    Args:
        identifier: What the journal calls us.
        path: Of its socket.
    """

    def __init__(self, identifier: str, path: str = SOCKET) -> None:
        self._identifier = identifier
        self._path = path

    def write(self, lines: Sequence[Line]) -> int:
        """Send lines; return how many of them were lost."""
        # A socket for each batch: one that is kept would have to be closed by somebody.
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with socket.socket(socket.AF_UNIX, kind) as out:
            try:
                out.connect(self._path)
            except OSError:
                return len(lines)
            return sum(not self._send_line(out, line) for line in lines)

    def _send_line(self, out: socket.socket, line: Line) -> bool:
        data = datagram(line, self._identifier)
        try:
            _send(out, data)
        except OSError as error:
            too_big = error.errno in _TOO_BIG
            return too_big and (_send_file(out, data) or self._send_cut(out, line))
        return True

    def _send_cut(self, out: socket.socket, line: Line) -> bool:
        cut = msgspec.structs.replace(
            line, message=f"{line.message[:_CUT]}...", trace=line.trace[-_CUT:]
        )
        try:
            _send(out, datagram(cut, self._identifier))
        except OSError:
            return False
        return True


def _send(out: socket.socket, data: bytes) -> None:
    try:
        out.send(data)
    except BlockingIOError:
        # The journal has a lot to do.
        poll = select.poll()
        poll.register(out, select.POLLOUT)
        poll.poll(_PATIENCE_MS)
        out.send(data)


def _send_file(out: socket.socket, data: bytes) -> bool:
    try:
        file = os.memfd_create("stationd-log", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except OSError:
        return False
    try:
        os.write(file, data)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
        out.sendmsg([], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [file]))])
    except OSError:
        return False
    finally:
        os.close(file)
    return True


def datagram(line: Line, identifier: str) -> bytes:
    """Return a line in the journal's own protocol; pure.

    Args:
        line: The line.
        identifier: For ``SYSLOG_IDENTIFIER``.
    """
    indented = "".join(f"\n  {row}" for row in line.trace.split("\n")) if line.trace else ""
    found: dict[str, str | int] = {
        "MESSAGE": line.message + indented,
        "PRIORITY": priority(line.number),
        "SYSLOG_IDENTIFIER": identifier,
        "LOGGER": line.logger,
        "CODE_FILE": line.file,
        "CODE_LINE": line.row,
        "CODE_FUNC": line.function,
    }
    for name, value in fields(line.about).items():
        found[_FIELDS[name]] = value
    return b"".join(_field(name, str(value)) for name, value in found.items() if value != "")


_FIELDS: Final = {
    "job": "STATIOND_JOB_ID",
    "attempt": "STATIOND_ATTEMPT",
    "ticket": "STATIOND_TICKET",
    "stage": "STATIOND_STAGE",
    "controller": "STATIOND_CONTROLLER",
    "code": "STATIOND_CODE",
}


def priority(level: int) -> int:
    """Return syslog's number for a level.

    >>> priority(logging.WARNING), priority(logging.DEBUG), priority(25)
    (4, 7, 6)
    """
    return next((number for least, number in _PRIORITIES if level >= least), _DEBUG)


def _field(name: str, value: str) -> bytes:
    data = value.encode("utf-8", "replace")
    if b"\n" not in data:
        return b"%s=%s\n" % (name.encode(), data)
    return b"%s\n%s%s\n" % (name.encode(), _LENGTH.pack(len(data)), data)
