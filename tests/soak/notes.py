"""What clients under soak write down, one line of JSON each, for the audit to read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from stationd.proto.job import JobId, TimelineEntry
from stationd.proto.status import JobExecutorStatus

Kind = Literal["null", "lasting", "circuits", "compile", "bad"]
"""``lasting`` jobs ask to be executed anew if their controller is lost; ``bad`` ones cannot run."""


class Told(Struct, frozen=True, array_like=True):
    """A fact, as a listener was told it."""

    job: JobId
    seq: int
    ordinal: int
    attempt: int
    status: JobExecutorStatus
    cancelling: bool


class Asked(Struct, frozen=True, tag=True):
    """A job is about to be submitted."""

    job: JobId
    kind: Kind


class Acknowledged(Struct, frozen=True, tag=True):
    """The station has acknowledged the job."""

    job: JobId


class Cancelled(Struct, frozen=True, tag=True):
    """The station has acknowledged a cancel."""

    job: JobId
    outcome: Literal["accepted", "already_over"]


class Retried(Struct, frozen=True, tag=True):
    """The station has answered a retry, after all that was heard of the job before."""

    job: JobId
    outcome: Literal["opened", "nothing_to_collect", "controller_unreachable", "refused"]


class Fetched(Struct, frozen=True, tag=True):
    """All results of a job that is READY were fetched."""

    job: JobId


class Heard(Struct, frozen=True, tag=True):
    """One job's story, from where the listener began to the job's end."""

    job: JobId
    listener: str
    story: tuple[Told, ...]


class Fed(Struct, frozen=True, tag=True):
    """The next facts that a listener of all jobs was told."""

    listener: str
    story: tuple[Told, ...]


Note = Asked | Acknowledged | Cancelled | Retried | Fetched | Heard | Fed

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Note] = msgspec.json.Decoder(Note)


class Notebook:
    """Takes notes; each is in the file when `write` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, note: Note) -> None:
        """Add a line."""
        self._file.write(_ENCODER.encode(note) + b"\n")


def read(path: Path) -> Iterator[Note]:
    """Yield the notes in a file."""
    with path.open("rb") as file:
        for line in file:
            yield _DECODER.decode(line)


def told(job: JobId, entry: TimelineEntry) -> Told:
    """Return a fact as it is noted."""
    return Told(job, entry.seq, entry.ordinal, entry.attempt, entry.status, entry.cancelling)
