"""The public surface: exactly these names, cheap to import, seen by all tools."""

import subprocess
import sys

import pytest

import stationd
from stationd import aio, jobs

NAMES = [
    "Axis",
    "CalibrationSet",
    "CalibrationSummary",
    "CircuitResult",
    "Circuits",
    "Compile",
    "CompiledCircuit",
    "Conflict",
    "ErrorCode",
    "ErrorInfo",
    "IncompleteJobItemRef",
    "InstrumentError",
    "InvalidJob",
    "JobError",
    "JobExecutorStatus",
    "JobNotFinished",
    "JobRef",
    "JobSearch",
    "JobStatus",
    "JobStatusEnum",
    "JobView",
    "MessageTooLarge",
    "NoCalibrationSet",
    "NoUniqueMatch",
    "NullOutcome",
    "NullProgram",
    "Observation",
    "OpenQasm",
    "PeerError",
    "Problem",
    "Progress",
    "ProtocolViolation",
    "RemoteRetryStrategy",
    "RequestError",
    "ResultRef",
    "StationError",
    "StationRef",
    "StationUnreachable",
    "StatusEnum",
    "Sweep",
    "SweepData",
    "TimelineEntry",
    "UnknownArtifact",
    "UnknownCalibrationSet",
    "UnknownJob",
    "UnsupportedVersion",
    "WaitTimeout",
    "ZeroMatches",
    "__version__",
    "aio",
    "connect",
    "jobs",
]

CALLS = [
    "JobSearch",
    "ResultRef",
    "cancel",
    "close",
    "controllers",
    "download_result",
    "drain_target",
    "drop_reservation",
    "get",
    "get_all",
    "get_calibration",
    "hold",
    "import_calibration",
    "list_calibrations",
    "listen_job_status",
    "move_before",
    "pause_target",
    "ping",
    "queue",
    "refresh",
    "release",
    "reprioritise",
    "reserve",
    "reset_controller",
    "results",
    "resume_target",
    "retry_submission",
    "status",
    "submit",
    "target_states",
    "targets",
    "use_calibration",
    "view",
    "wait_for",
    "why",
]


def test_the_package_exports_these_names() -> None:
    assert sorted(stationd.__all__) == sorted(NAMES)
    assert dir(stationd) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_found_and_kept(name: str) -> None:
    assert getattr(stationd, name) is getattr(stationd, name)


def test_the_jobs_api_is_these_functions() -> None:
    assert jobs.__all__ == aio.jobs.__all__ == CALLS
    assert all(hasattr(jobs, name) and hasattr(aio.jobs, name) for name in CALLS)
    assert aio.__all__ == ["connect", "jobs"]


def test_names_that_are_only_declared_cannot_drift() -> None:
    script = "from stationd import *; print(len(dir()))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
    assert int(done.stdout) >= len(NAMES)
