"""stationd: the daemon that runs jobs on a quantum computer's control host.

Everything here is looked up when it is asked for, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stationd import aio, jobs
    from stationd.client.endpoint import (
        connect,
    )
    from stationd.client.jobs import (
        JobSearch,
        ResultRef,
    )
    from stationd.client.references import (
        IncompleteJobItemRef,
        JobRef,
        JobStatus,
        StationRef,
    )
    from stationd.client.results import (
        CircuitResult,
        CompiledCircuit,
        NullOutcome,
        SweepData,
    )
    from stationd.proto.calibration import (
        CalibrationSet,
        CalibrationSummary,
        Observation,
    )
    from stationd.proto.error import (
        Conflict,
        ErrorCode,
        ErrorInfo,
        InstrumentError,
        InvalidJob,
        JobError,
        JobNotFinished,
        MessageTooLarge,
        NoCalibrationSet,
        NoUniqueMatch,
        PeerError,
        Problem,
        ProtocolViolation,
        RequestError,
        StationError,
        StationUnreachable,
        UnknownArtifact,
        UnknownCalibrationSet,
        UnknownJob,
        UnsupportedVersion,
        WaitTimeout,
        ZeroMatches,
    )
    from stationd.proto.job import (
        JobView,
        Progress,
        TimelineEntry,
    )
    from stationd.proto.program import (
        Axis,
        Circuits,
        Compile,
        NullProgram,
        OpenQasm,
        Sweep,
    )
    from stationd.proto.status import (
        JobExecutorStatus,
        JobStatusEnum,
        RemoteRetryStrategy,
        StatusEnum,
    )

__all__ = [
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

__version__: str

_HOMES = {
    "stationd.client.endpoint": ("connect",),
    "stationd.client.jobs": (
        "JobSearch",
        "ResultRef",
    ),
    "stationd.client.references": (
        "IncompleteJobItemRef",
        "JobRef",
        "JobStatus",
        "StationRef",
    ),
    "stationd.client.results": (
        "CircuitResult",
        "CompiledCircuit",
        "NullOutcome",
        "SweepData",
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
        "InstrumentError",
        "InvalidJob",
        "JobError",
        "JobNotFinished",
        "MessageTooLarge",
        "NoCalibrationSet",
        "NoUniqueMatch",
        "PeerError",
        "Problem",
        "ProtocolViolation",
        "RequestError",
        "StationError",
        "StationUnreachable",
        "UnknownArtifact",
        "UnknownCalibrationSet",
        "UnknownJob",
        "UnsupportedVersion",
        "WaitTimeout",
        "ZeroMatches",
    ),
    "stationd.proto.job": (
        "JobView",
        "Progress",
        "TimelineEntry",
    ),
    "stationd.proto.program": (
        "Axis",
        "Circuits",
        "Compile",
        "NullProgram",
        "OpenQasm",
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
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415 - costs more than all else here

        return version("stationd")
    if name in _MODULES:
        return importlib.import_module(f"stationd.{name}")
    if (home := _HOME.get(name)) is not None:
        return getattr(importlib.import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
