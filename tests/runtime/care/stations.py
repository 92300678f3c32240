"""Stations on disk, without a daemon: a journal with some jobs, results, a log, a configuration."""

import hashlib
from pathlib import Path
from uuid import UUID

from stationd.actors.stages.artifact import artifact_path
from stationd.proto.job import ArtifactRef, JobId, JobSpec
from stationd.proto.program import Capabilities, Circuits, Compile, NullProgram
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.care.backup import ARTIFACTS, Source
from stationd.runtime.journal.opening import DATABASE
from stationd.runtime.journal.records import (
    ControllerSeen,
    Fact,
    ItemEnded,
    JobStored,
    Record,
    TicketIssued,
)
from stationd.runtime.journal.storage import Storage

OVER, QUEUED, COMPILING, COMPILED_ONLY = 1, 2, 3, 4
"""The numbers of the jobs of `made`."""
RESULT = b"counts" * 100_000
NULL = NullProgram()


def job_id(number: int) -> JobId:
    return JobId(str(UUID(int=number)))


def stored(number: int, *, compiled_only: bool = False) -> JobStored:
    work = Compile(programs=(NULL,)) if compiled_only else Circuits(programs=(NULL,), n_shots=(1,))
    return JobStored(number, job_id(number), "qpu", JobSpec(work=work), 100.0 + number)


def fact(number: int, ordinal: int, status: S) -> Fact:
    """Make a fact of the first attempt."""
    return Fact(
        number, job_id(number), ordinal, 1, status, 200.0, cancelling=False, error=None, note=""
    )


RECORDS: list[Record] = [
    stored(OVER),
    TicketIssued(OVER, 1, 1),
    fact(OVER, 2, S.READY),
    ItemEnded(
        OVER,
        0,
        1,
        None,
        ArtifactRef(
            id=f"{job_id(OVER)}/1/0",
            size_bytes=len(RESULT),
            sha256=hashlib.sha256(RESULT).hexdigest(),
        ),
        None,
    ),
    stored(QUEUED),
    TicketIssued(QUEUED, 1, 2),
    fact(QUEUED, 2, S.PENDING_EXECUTION),
    stored(COMPILING),
    fact(COMPILING, 2, S.COMPILATION_STARTED),
    stored(COMPILED_ONLY, compiled_only=True),
    fact(COMPILED_ONLY, 2, S.COMPILATION_STARTED),
    ControllerSeen("nothing", "null", "the ledger", "0.1.0", 1.0, Capabilities()),
]


def store(state: Path, records: list[Record]) -> None:
    state.mkdir(exist_ok=True)
    with Storage(state / DATABASE) as storage:
        storage.commit([records])


def make_station(folder: Path) -> Source:
    """Make a station in an empty folder."""
    store(folder / "state", RECORDS)
    result = artifact_path(folder / "state" / ARTIFACTS, f"{job_id(OVER)}/1/0")
    result.parent.mkdir(parents=True)
    result.write_bytes(RESULT)
    (folder / "state" / "log" / "daemon").mkdir(parents=True)
    (folder / "state" / "log" / "daemon" / "2026-01-01.jsonl").write_text("{}\n")
    (folder / "conf.d").mkdir()
    files = (folder / "stationd.toml", folder / "conf.d" / "10-a.toml")
    for file in files:
        file.write_text("")
    return Source("lab", folder / "state", files)
