"""The journal's own protocol, spoken to a socket that reads it as journald does."""

import array
import fcntl
import os
import socket
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from stationd.actors.about import About
from stationd.actors.log_line import Line
from stationd.runtime.logs import journald
from stationd.runtime.logs.journald import Journald, datagram, is_journal

JOB = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"
LINE = Line(
    time_unix_s=0.0,
    level="ERROR",
    number=40,
    logger="lab",
    message="the source does not lock",
    file="/lab/source.py",
    row=7,
    function="lock",
    about=About(job=JOB, attempt=2, ticket=9, stage="compile", controller="qpu", code="x"),
)
FIELDS = {
    "MESSAGE": "the source does not lock",
    "PRIORITY": "3",
    "SYSLOG_IDENTIFIER": "stationd",
    "LOGGER": "lab",
    "CODE_FILE": "/lab/source.py",
    "CODE_LINE": "7",
    "CODE_FUNC": "lock",
    "STATIOND_JOB_ID": JOB,
    "STATIOND_ATTEMPT": "2",
    "STATIOND_TICKET": "9",
    "STATIOND_STAGE": "compile",
    "STATIOND_CONTROLLER": "qpu",
    "STATIOND_CODE": "x",
}
BIG = msgspec.structs.replace(LINE, message="x" * 1_000_000)


class Journal:
    """What journald does with a datagram."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.settimeout(60)

    def receive(self) -> dict[str, str]:
        space = socket.CMSG_SPACE(4)
        data, passed, _flags, _address = self.socket.recvmsg(1 << 20, space)
        for _level, _kind, descriptors in passed:
            (file,) = array.array("i", descriptors[:4])
            # journald takes no file that can change under its hands.
            assert fcntl.fcntl(file, fcntl.F_GET_SEALS) & fcntl.F_SEAL_WRITE
            data = os.pread(file, 1 << 24, 0)
            os.close(file)
        return fields(data)


def fields(data: bytes) -> dict[str, str]:
    """Read the protocol, as https://systemd.io/JOURNAL_NATIVE_PROTOCOL says."""
    found: dict[str, str] = {}
    while data:
        head, _, rest = data.partition(b"\n")
        name, is_short, value = head.partition(b"=")
        if not is_short:
            (length,) = struct.unpack_from("<Q", rest)
            value, rest = rest[8 : 8 + length], rest[8 + length :]
            assert rest[:1] == b"\n"
            rest = rest[1:]
        found[name.decode()] = value.decode()
        data = rest
    return found


@pytest.fixture
def path() -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        yield str(Path(folder) / "socket")


@pytest.fixture
def journal(path: str) -> Iterator[Journal]:
    journal = Journal(path)
    with journal.socket:
        yield journal


def test_a_line_arrives_with_all_its_fields(journal: Journal, path: str) -> None:
    assert Journald("stationd", path).write([LINE]) == 0
    assert journal.receive() == FIELDS


def test_a_traceback_is_part_of_the_message_and_makes_up_no_field() -> None:
    traced = msgspec.structs.replace(LINE, trace="Traceback:\nPRIORITY=0\nSTATIOND_JOB_ID=y")
    found = fields(datagram(traced, "stationd"))
    assert found == FIELDS | {
        "MESSAGE": f"{LINE.message}\n  Traceback:\n  PRIORITY=0\n  STATIOND_JOB_ID=y"
    }


def test_what_is_too_big_for_a_datagram_comes_as_a_file(journal: Journal, path: str) -> None:
    assert Journald("stationd", path).write([BIG, LINE]) == 0
    assert journal.receive()["MESSAGE"] == BIG.message
    assert journal.receive() == FIELDS


def test_what_is_too_big_is_cut_where_files_are_not_allowed(
    journal: Journal, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_name: str, _flags: int) -> int:
        raise PermissionError

    monkeypatch.setattr(os, "memfd_create", refused)
    assert Journald("stationd", path).write([BIG]) == 0
    assert journal.receive()["MESSAGE"] == "x" * 4000 + "..."


def test_a_journal_that_is_away_costs_its_lines(path: str) -> None:
    assert Journald("stationd", path).write([LINE, BIG]) == 2


def test_a_journal_that_does_not_read_costs_lines_and_no_more_than_a_bounded_wait(
    journal: Journal, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journald, "_PATIENCE_MS", 1)
    sender = Journald("stationd", path)
    # Until its queue is full; the kernel's is a few hundred datagrams at most.
    assert any(sender.write([LINE]) for _ in range(10_000))
    assert journal.receive() == FIELDS
    assert sender.write([LINE]) == 0


def test_only_the_very_stream_that_systemd_made_is_the_journal(tmp_path: Path) -> None:
    file = tmp_path / "stderr"
    with file.open("wb") as stream:
        status = file.stat()
        there = f"{status.st_dev}:{status.st_ino}"
        assert is_journal(stream.fileno(), {"JOURNAL_STREAM": there})
        assert not is_journal(stream.fileno(), {"JOURNAL_STREAM": "8:1"})
        assert not is_journal(stream.fileno(), {})
    assert not is_journal(-1, {"JOURNAL_STREAM": there})
