"""Paths, NUL and megabytes where names and ids belong: an answer each, and no file that is new."""

# pyright: reportPrivateUsage=false

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from stationd.proto.calibration import Observation
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobFilter, JobId
from stationd.proto.jobs_protocol import (
    Cancel,
    Failure,
    Fetch,
    Get,
    GetCalibration,
    ImportCalibration,
    List,
    ListCalibrations,
    Listen,
    NewJob,
    Reply,
    Request,
    ResetController,
    Retry,
    Submit,
    SubmitMany,
    SubmittedMany,
    UseCalibration,
)
from stationd.proto.project_requests import (
    ChangeProject,
    CreateProject,
    Delete,
    GetInput,
    ListProjects,
)
from stationd.proto.queue_requests import Hold, ListQueue, Move, Reserve, SetTarget, Unreserve, Why
from stationd.proto.result_requests import Peek
from stationd.proto.station_requests import ReadLog
from stationd.runtime.api.client_text import LONGEST_ERROR
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import a_bench, job_id, null_spec

pytestmark = pytest.mark.anyio

NAMES = [
    "../../../../../../etc/passwd",
    "/etc/passwd",
    "..",
    "a\0b",
    "%2e%2e%2f",
    f"{job_id(1)}/../../x",
    "\u202egpj.exe",
    "'; DROP TABLE jobs; --",
    "x" * 300_000,
]
SET = "5c0ffee0-1234-4abc-8def-0123456789ab"
SEEN = (Observation(path="a.b", value=1.0),)

AS_ID: dict[str, Callable[[str], Request]] = {
    "Get": lambda name: Get(1, JobId(name)),
    "Peek": lambda name: Peek(1, JobId(name)),
    "Cancel": lambda name: Cancel(1, JobId(name)),
    "Retry": lambda name: Retry(1, JobId(name), 1),
    "ReadLog": lambda name: ReadLog(1, JobId(name)),
    "GetInput": lambda name: GetInput(1, JobId(name)),
    "Hold": lambda name: Hold(1, JobId(name)),
    "Move": lambda name: Move(1, JobId(name), JobId(name)),
    "Why": lambda name: Why(1, JobId(name)),
    "Listen": lambda name: Listen(1, (JobId(name),), None, 1),
    "Fetch": lambda name: Fetch(1, name),
    "Submit": lambda name: Submit(1, JobId(name), null_spec()),
    "SubmitMany": lambda name: SubmitMany(1, (NewJob(JobId(name), null_spec()),)),
    "Submit, for a target": lambda name: Submit(1, job_id(9), null_spec(name)),
    "Submit, in a project": lambda name: Submit(
        1, job_id(9), msgspec.structs.replace(null_spec(), project=name)
    ),
    "ImportCalibration": lambda name: ImportCalibration(1, name, "q", SEEN),
    "ImportCalibration, of a target": lambda name: ImportCalibration(1, SET, name, SEEN),
    "GetCalibration": lambda name: GetCalibration(1, name),
    "UseCalibration": lambda name: UseCalibration(1, name),
    "ResetController": lambda name: ResetController(1, name),
    "SetTarget": lambda name: SetTarget(1, name, "paused"),
    "CreateProject": lambda name: CreateProject(1, name, "p"),
    "ChangeProject": lambda name: ChangeProject(1, name, "d"),
    "Reserve": lambda name: Reserve(1, name, "a", "", 0.0, 1e12),
    "Reserve, a target": lambda name: Reserve(1, SET, name, "", 0.0, 1e12),
}
"""What must be refused."""
AS_TEXT: dict[str, Callable[[str], Request]] = {
    "Delete": lambda name: Delete(1, JobId(name)),
    "Unreserve": lambda name: Unreserve(1, name),
    "List": lambda name: List(1, JobFilter(name_like=name)),
    "ListProjects": lambda name: ListProjects(1, name),
    "ListQueue": lambda name: ListQueue(1, name),
    "ListCalibrations": lambda name: ListCalibrations(1, name),
}
"""What may be answered: nothing is there."""


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


def refusal(reply: Reply) -> ErrorInfo | None:
    if isinstance(reply, SubmittedMany):
        return reply.answers[0].error
    return reply.error if isinstance(reply, Failure) else None


async def test_what_is_no_id_and_no_name_is_refused_and_makes_no_file() -> None:
    async with a_bench() as bench:
        before = files(bench.station.settings.state)
        for kind, make in AS_ID.items():
            for name in NAMES:
                reply = await asked(bench, make(name))
                error = refusal(reply)
                assert error is not None, (kind, name[:40], reply)
                assert error.code is not ErrorCode.INTERNAL_ERROR, (kind, name[:40], error)
                assert len(error.detail) <= LONGEST_ERROR + 3, (kind, name[:40])
        assert files(bench.station.settings.state) == before


async def test_what_is_only_looked_for_is_not_there() -> None:
    async with a_bench() as bench:
        before = files(bench.station.settings.state)
        for kind, make in AS_TEXT.items():
            for name in NAMES:
                reply = await asked(bench, make(name))
                if isinstance(reply, Failure):
                    assert reply.error.code is not ErrorCode.INTERNAL_ERROR, (kind, name[:40])
        assert files(bench.station.settings.state) == before
