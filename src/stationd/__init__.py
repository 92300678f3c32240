"""stationd: the daemon that runs jobs on a quantum computer's control host.

Everything here is looked up when it is asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stationd import aio, jobs
    from stationd.client.blocking.jobs import (
        CompilationResultRef,
        ExecutionResultRef,
        JobSearch,
        ResultRef,
    )
    from stationd.client.blocking.reference_file import load, save
    from stationd.client.connection.endpoint import connect
    from stationd.client.projects.context import using_project, using_properties
    from stationd.client.projects.project_ref import ProjectRef
    from stationd.client.references.item import IncompleteJobItemRef
    from stationd.client.references.job import (
        Annotations,
        CompileJobRef,
        ExecuteJobRef,
        JobRef,
        JobStatus,
    )
    from stationd.client.results.outcome import (
        CircuitResult,
        CompiledCircuit,
        NullOutcome,
        SweepData,
    )
    from stationd.client.station.calibration_diff import CalibrationChange, CalibrationDiff
    from stationd.client.station.station import StationRef
    from stationd.proto.calibration import (
        CalibrationSet,
        CalibrationSummary,
        Observation,
    )
    from stationd.proto.error import (
        Conflict,
        ErrorCode,
        ErrorInfo,
        Forbidden,
        InstrumentError,
        InvalidJob,
        JobError,
        JobNotFinished,
        LimitReached,
        MessageTooLarge,
        MissingExtra,
        NoCalibrationSet,
        NoUniqueMatch,
        PeerError,
        Problem,
        ProtocolViolation,
        RequestError,
        StationError,
        StationUnreachable,
        TooManyRequests,
        UnknownArtifact,
        UnknownCalibrationSet,
        UnknownJob,
        UnknownProject,
        UnsupportedVersion,
        WaitTimeout,
        ZeroMatches,
    )
    from stationd.proto.job import (
        JobType,
        JobView,
        Progress,
        TimelineEntry,
    )
    from stationd.proto.program import (
        Axis,
        Circuits,
        Compile,
        Instruction,
        NativeCircuit,
        NativeProgram,
        NullProgram,
        OpenQasm,
        Qpy,
        Sweep,
    )
    from stationd.proto.project import (
        Project,
        Property,
    )
    from stationd.proto.search import (
        ScopeFilterEnum,
        SortFilterEnum,
    )
    from stationd.proto.status import (
        JobExecutorStatus,
        JobStatusEnum,
        RemoteRetryStrategy,
        StatusEnum,
    )

__all__ = [
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

__version__ = "0.1.0"
"""Written here alone: `pyproject.toml` takes it from here."""

_HOMES = {
    "stationd.client.connection.endpoint": ("connect",),
    "stationd.client.blocking.jobs": (
        "CompilationResultRef",
        "ExecutionResultRef",
        "JobSearch",
        "ResultRef",
    ),
    "stationd.client.references.item": ("IncompleteJobItemRef",),
    "stationd.client.references.job": (
        "Annotations",
        "CompileJobRef",
        "ExecuteJobRef",
        "JobRef",
        "JobStatus",
    ),
    "stationd.client.station.station": ("StationRef",),
    "stationd.client.results.outcome": (
        "CircuitResult",
        "CompiledCircuit",
        "NullOutcome",
        "SweepData",
    ),
    "stationd.client.projects.project_ref": ("ProjectRef",),
    "stationd.client.projects.context": (
        "using_project",
        "using_properties",
    ),
    "stationd.client.blocking.reference_file": (
        "load",
        "save",
    ),
    "stationd.proto.project": (
        "Project",
        "Property",
    ),
    "stationd.proto.search": (
        "ScopeFilterEnum",
        "SortFilterEnum",
    ),
    "stationd.client.station.calibration_diff": (
        "CalibrationChange",
        "CalibrationDiff",
    ),
    "stationd.proto.calibration": (
        "CalibrationSet",
        "CalibrationSummary",
        "Observation",
    ),
    "stationd.proto.error": (
        "Conflict",
        "ErrorCode",
        "ErrorInfo",
        "Forbidden",
        "InstrumentError",
        "InvalidJob",
        "JobError",
        "JobNotFinished",
        "LimitReached",
        "MessageTooLarge",
        "MissingExtra",
        "NoCalibrationSet",
        "NoUniqueMatch",
        "PeerError",
        "Problem",
        "ProtocolViolation",
        "RequestError",
        "StationError",
        "StationUnreachable",
        "TooManyRequests",
        "UnknownArtifact",
        "UnknownCalibrationSet",
        "UnknownJob",
        "UnknownProject",
        "UnsupportedVersion",
        "WaitTimeout",
        "ZeroMatches",
    ),
    "stationd.proto.job": (
        "JobType",
        "JobView",
        "Progress",
        "TimelineEntry",
    ),
    "stationd.proto.program": (
        "Axis",
        "Circuits",
        "Compile",
        "Instruction",
        "NativeCircuit",
        "NativeProgram",
        "NullProgram",
        "OpenQasm",
        "Qpy",
        "Sweep",
    ),
    "stationd.proto.status": (
        "JobExecutorStatus",
        "JobStatusEnum",
        "RemoteRetryStrategy",
        "StatusEnum",
    ),
}
"""Where the names live."""
_HOME = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = ("aio", "jobs")


def __getattr__(name: str) -> object:
    """Look a name up the first time that it is asked for, and keep it."""
    globals()[name] = found = _find(name)
    return found


def __dir__() -> list[str]:
    """Return the public names, for completion in notebooks."""
    return __all__


def _find(name: str) -> object:
    if name in _MODULES:
        return importlib.import_module(f"stationd.{name}")
    if (home := _HOME.get(name)) is not None:
        return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
