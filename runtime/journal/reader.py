"""The reader: a process of its own that answers questions about what is committed.

Rule 1. It never writes and never checkpoints: two connections that do can corrupt a WAL in
        SQLite before 3.51.3.
Rule 2. Every question is a read transaction of its own, begun when the question is read. So an
        answer holds everything that was durable when the question was asked.
Rule 3. A question that cannot be answered costs itself.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from stationd.proto.error import ErrorCode, ErrorInfo, RequestError
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.pipe import ServingPipe
from stationd.runtime.journal.queries.compiled import CompiledArtifact, CompiledItems
from stationd.runtime.journal.queries.data import (
    Artifact,
    BlockCounts,
    Blocks,
    Calibration,
    Calibrations,
    Controllers,
    CoveredSpots,
    DefaultCalibration,
    Executed,
    Projects,
    ProjectSize,
    QueueNotes,
    ResultSizes,
    Versions,
    Work,
)
from stationd.runtime.journal.queries.jobs import (
    Facts,
    Outlines,
    Stored,
    Unfinished,
    View,
)
from stationd.runtime.journal.queries.query import Query
from stationd.runtime.journal.queries.search import Count, ExpiredJobs, ExpiredOfProject, Views

Question = (
    Stored
    | View
    | Views
    | Facts
    | Unfinished
    | Outlines
    | Work
    | Executed
    | Blocks
    | BlockCounts
    | CoveredSpots
    | Artifact
    | CompiledItems
    | CompiledArtifact
    | Calibration
    | DefaultCalibration
    | Calibrations
    | Controllers
    | QueueNotes
    | Count
    | ExpiredJobs
    | ExpiredOfProject
    | ProjectSize
    | ResultSizes
    | Projects
    | Versions
)
"""All that the reader answers."""


class Asked(Struct, frozen=True, array_like=True):
    """A question and its number."""

    number: int
    question: Question


class Answered(Struct, frozen=True, array_like=True):
    """The answer to a question."""

    number: int
    payload: Raw
    """The answer, as the question's decoder reads it; empty if there is an error."""
    error: ErrorInfo | None = None


_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(Asked)
_NOTHING: Final = _ENCODER.encode(None)


def connect(path: Path) -> sqlite3.Connection:
    """Open a journal for questions."""
    database = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
    )
    try:
        database.execute("PRAGMA query_only = ON")
        database.execute("PRAGMA cache_size = -65536")
    except BaseException:
        # A file that is no database is seen here first.
        database.close()
        raise
    return database


def answer(database: sqlite3.Connection, question: Query[Any]) -> bytes:
    """Return the encoded answer to a question."""
    database.execute("BEGIN")
    try:
        return _ENCODER.encode(question.answer(database))
    finally:
        database.execute("ROLLBACK")


def serve(pipe: ServingPipe, path: Path) -> None:
    """Answer questions, one after another, until the input ends."""
    payloads = pipe.receive(1)
    if not payloads:
        return
    with closing(connect(path)) as database:
        while payloads:
            for payload in payloads:
                pipe.send(_ENCODER.encode(_reply(database, _DECODER.decode(payload))))
            payloads = pipe.receive(1)


def _reply(database: sqlite3.Connection, asked: Asked) -> Answered:
    try:
        return Answered(asked.number, Raw(answer(database, asked.question)))
    except RequestError as error:
        info = error.info
    except OverflowError as error:
        info = ErrorInfo(ErrorCode.INVALID_REQUEST, f"cannot ask the journal: {error}")
    except (sqlite3.Error, ValueError, LookupError) as error:
        # ValueError and LookupError: what is stored is not what this version stores.
        info = ErrorInfo(ErrorCode.JOURNAL_FAILED, f"cannot read the journal: {error}")
    return Answered(asked.number, Raw(_NOTHING), info)


def main() -> None:
    """Serve the daemon; the arguments are the pipe's descriptor and the state directory."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the end of the input ends us
    serve(ServingPipe(int(sys.argv[1])), Path(sys.argv[2]) / DATABASE)


if __name__ == "__main__":
    main()
