"""The public surface: exactly these names, cheap to import, seen by all tools."""

import subprocess
import sys

import pytest

import stationd
from stationd import aio, jobs

NAMES = [
    "Annotations",
    "Axis",
    "CalibrationChange",
    "CalibrationDiff",
    "CalibrationSet",
    "CalibrationSummary",
    "CircuitResult",
    "Circuits",
    "CompilationResultRef",
    "Compile",
    "CompileJobRef",
    "CompiledCircuit",
    "Conflict",
    "ErrorCode",
    "ErrorInfo",
    "ExecuteJobRef",
    "ExecutionResultRef",
    "Forbidden",
    "IncompleteJobItemRef",
    "Instruction",
    "InstrumentError",
    "InvalidJob",
    "JobError",
    "JobExecutorStatus",
    "JobNotFinished",
    "JobRef",
    "JobSearch",
    "JobStatus",
    "JobStatusEnum",
    "JobType",
    "JobView",
    "LimitReached",
    "MessageTooLarge",
    "MissingExtra",
    "NativeCircuit",
    "NativeProgram",
    "NoCalibrationSet",
    "NoUniqueMatch",
    "NullOutcome",
    "NullProgram",
    "Observation",
    "OpenQasm",
    "PeerError",
    "Problem",
    "Progress",
    "Project",
    "ProjectRef",
    "Property",
    "ProtocolViolation",
    "Qpy",
    "RemoteRetryStrategy",
    "RequestError",
    "ResultRef",
    "ScopeFilterEnum",
    "SortFilterEnum",
    "StationError",
    "StationRef",
    "StationUnreachable",
    "StatusEnum",
    "Sweep",
    "SweepData",
    "TimelineEntry",
    "TooManyRequests",
    "UnknownArtifact",
    "UnknownCalibrationSet",
    "UnknownJob",
    "UnknownProject",
    "UnsupportedVersion",
    "WaitTimeout",
    "ZeroMatches",
    "__version__",
    "aio",
    "connect",
    "jobs",
    "load",
    "save",
    "using_project",
    "using_properties",
]

CALLS = [
    "CompilationResultRef",
    "ExecutionResultRef",
    "JobSearch",
    "Listening",
    "ReadoutValue",
    "ResultRef",
    "cancel",
    "close",
    "compile",
    "compiled",
    "controllers",
    "delete",
    "describe_controller",
    "diff_calibrations",
    "download_result",
    "drain_target",
    "drop_reservation",
    "execute",
    "get",
    "get_all",
    "get_calibration",
    "get_input",
    "get_output",
    "get_readouts",
    "guards",
    "hold",
    "import_calibration",
    "list_calibrations",
    "listen_all",
    "listen_job_status",
    "lock_target",
    "logs",
    "move_before",
    "pause_target",
    "ping",
    "plan_maintenance",
    "projects",
    "provenance",
    "queue",
    "refresh",
    "release",
    "reprioritise",
    "reserve",
    "reset_controller",
    "results",
    "resume_target",
    "retry_submission",
    "save_result",
    "set_annotations",
    "set_settings",
    "start_compile_job",
    "start_execute_job",
    "status",
    "submit",
    "submit_many",
    "target_states",
    "targets",
    "unlock_target",
    "use_calibration",
    "using_project",
    "using_properties",
    "view",
    "wait_for",
    "wait_for_all",
    "wait_for_any",
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
