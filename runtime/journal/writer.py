"""The writer: a process of its own that stores what the daemon sends, in group commits.

Rule 1. A commit starts as soon as the last one has ended, and takes all that has come.
Rule 2. What has been read is committed before the process ends, even if the daemon is gone.
Rule 3. After a failed commit nothing more is tried: the daemon is told why, and decides.
Rule 4. Signals do not end the writer; only the end of its input does. A Ctrl-C or a SIGTERM
        that reaches all processes must not overtake the daemon's last writes.

A thread in the daemon would starve beside a busy event loop, for the interpreter lock.
"""

from __future__ import annotations

import gc
import signal
import sys
import time
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from stationd.proto.error import ErrorInfo, JournalFailed
from stationd.proto.job import JobId
from stationd.runtime.journal.interface import Commit, Opening
from stationd.runtime.journal.pipe import ServingPipe
from stationd.runtime.journal.records import Record
from stationd.runtime.journal.storage import DATABASE, Storage

MOST_WRITES: Final = 4096
"""Writes in one commit, about: a longer one would keep all of them waiting."""


class Opened(Struct, frozen=True, array_like=True, tag=1):
    """The journal is open."""

    opening: Opening


class Committed(Struct, frozen=True, array_like=True, tag=2):
    """The next writes are durable."""

    first_seqs: list[int]
    """One for each write, in order."""
    known: dict[int, dict[JobId, int]]
    """By the index into `first_seqs`; only of writes that had such jobs."""
    records: int
    seconds: float
    """That the commit took."""


class Failed(Struct, frozen=True, array_like=True, tag=3):
    """The writer ends; what was not answered is not stored."""

    error: ErrorInfo


Report = Opened | Committed | Failed
"""What the writer sends."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Record])


def serve(pipe: ServingPipe, storage: Storage) -> None:
    """Commit what comes until the input ends.

    Raises:
        JournalFailed: A commit failed, or what came is no list of records.
    """
    pipe.send(_ENCODER.encode(Opened(storage.opening)))
    while payloads := pipe.receive(MOST_WRITES):
        begun = time.perf_counter()
        try:
            writes = [_DECODER.decode(payload) for payload in payloads]
        except ValueError as error:
            raise JournalFailed(f"cannot read what is to be written: {error}") from error
        commits = storage.commit(writes)
        records = sum(map(len, writes))
        pipe.send(_ENCODER.encode(_committed(commits, records, time.perf_counter() - begun)))


def _committed(commits: list[Commit], records: int, seconds: float) -> Committed:
    known = {index: commit.known for index, commit in enumerate(commits) if commit.known}
    return Committed([commit.first_seq for commit in commits], known, records, seconds)


def main() -> int:
    """Serve the daemon; the arguments are the pipe's descriptor and the state directory."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    gc.disable()  # nothing here makes cycles, and looking for them costs a tenth of the speed
    pipe = ServingPipe(int(sys.argv[1]))
    try:
        with Storage(Path(sys.argv[2]) / DATABASE) as storage:
            serve(pipe, storage)
    except JournalFailed as error:
        pipe.send(_ENCODER.encode(Failed(error.info)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
