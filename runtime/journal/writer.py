"""The writer: a process of its own that stores what the daemon sends, in group commits.

Rule 1. A commit starts as soon as the last one has ended, and takes all that has come.
Rule 2. What has been read is committed before the process ends, even if the daemon is gone.
Rule 3. A commit that the disk has failed is tried again until it succeeds, and the daemon is told
        meanwhile. After a bug nothing more is tried: the daemon is told why, and ends.
Rule 4. Signals do not end the writer; only the end of its input does. A Ctrl-C or a SIGTERM
        that reaches all processes must not overtake the daemon's last writes.

A thread in the daemon would starve beside a busy event loop, for the interpreter lock.
"""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from stationd.proto.error import ErrorInfo, HostError, JournalFailed
from stationd.proto.job import JobId
from stationd.runtime.journal.ballast import Ballast
from stationd.runtime.journal.interface import Opening
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.persistence import Done, Persistence
from stationd.runtime.journal.pipe import ServingPipe
from stationd.runtime.journal.records import Record
from stationd.runtime.journal.storage import Storage
from stationd.runtime.journal.trouble import CommitFailed

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


class Trouble(Struct, frozen=True, array_like=True, tag=4):
    """The storage is in trouble, or in another one; nothing is lost."""

    reason: str


class Healed(Struct, frozen=True, array_like=True, tag=5):
    """The storage is as it should be again."""


class Migrating(Struct, frozen=True, array_like=True, tag=6):
    """The journal is being brought to a newer format, which may take a while."""

    old: int
    new: int


Report = Opened | Committed | Failed | Trouble | Healed | Migrating
"""What the writer sends."""

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Record])


def serve(pipe: ServingPipe, storage: Storage, ballast: Ballast) -> None:
    """Commit what comes until the input ends.

    Raises:
        JournalFailed: A commit failed for good, or what came is no list of records.
    """
    pipe.send(_ENCODER.encode(Opened(storage.opening)))
    persistence = Persistence(storage, ballast, partial(_tell, pipe), pipe.ended)
    persistence.look()
    while True:
        while persistence.trouble is not None and not pipe.readable(persistence.patience):
            persistence.look()
        payloads = pipe.receive(MOST_WRITES)
        if not payloads:
            return
        try:
            writes = [_DECODER.decode(payload) for payload in payloads]
        except ValueError as error:
            raise JournalFailed(f"cannot read what is to be written: {error}") from error
        for done in persistence.commit(writes):
            pipe.send(_ENCODER.encode(_committed(done, writes)))
            del writes[: len(done.commits)]


def _tell(pipe: ServingPipe, trouble: str | None) -> None:
    pipe.send(_ENCODER.encode(Healed() if trouble is None else Trouble(trouble)))


def _committed(done: Done, writes: Sequence[Sequence[Record]]) -> Committed:
    commits = done.commits
    known = {index: commit.known for index, commit in enumerate(commits) if commit.known}
    records = sum(map(len, writes[: len(commits)]))
    return Committed([commit.first_seq for commit in commits], known, records, done.seconds)


def main() -> int:
    """Serve the daemon; the arguments are the pipe's descriptor and the state directory."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    gc.disable()  # nothing here makes cycles, and looking for them costs a tenth of the speed
    pipe = ServingPipe(int(sys.argv[1]))
    state = Path(sys.argv[2])
    ballast = Ballast(state)
    try:
        with _opened(pipe, state / DATABASE, ballast) as storage:
            serve(pipe, storage, ballast)
    except HostError as error:
        pipe.send(_ENCODER.encode(Failed(error.info)))
        return 1
    return 0


def _opened(pipe: ServingPipe, path: Path, ballast: Ballast) -> Storage:
    def migrating(old: int, new: int) -> None:
        pipe.send(_ENCODER.encode(Migrating(old, new)))

    try:
        return Storage(path, migrating=migrating)
    except CommitFailed as error:
        if not (error.wants_room and ballast.drop()):
            raise
    return Storage(path, migrating=migrating)


if __name__ == "__main__":
    sys.exit(main())
