"""Part of the jobs protocol: calibration sets.

The rules of `proto.jobs_protocol` hold here too.
"""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.calibration import CalibrationSet, CalibrationSummary, Observation, ValidFor
from stationd.proto.number import Natural, UnixTime
from stationd.proto.program import Name

# --- requests ---------------------------------------------------------------------------------


class ImportCalibration(Struct, frozen=True, array_like=True, tag=10):
    """Store a calibration set. Answered by Calibration."""

    request: Natural
    id: Name
    """A UUID made by the client."""
    target: Name
    observations: tuple[Observation, ...]
    name: str = ""
    use: bool = False
    """Make it the target's default as well."""
    expires_unix_s: UnixTime | None = None
    """When it is fresh no longer."""
    valid_for: ValidFor | None = None
    """Or for how many seconds it is, from when it is stored; None for as long as the station's
    configuration says."""


class ListCalibrations(Struct, frozen=True, array_like=True, tag=11):
    """Show the stored calibration sets, the newest first. Answered by Calibrations."""

    request: Natural
    target: str = ""
    """Empty for all targets."""


class GetCalibration(Struct, frozen=True, array_like=True, tag=12):
    """Show a calibration set whole. Answered by Calibration."""

    request: Natural
    id: str


class UseCalibration(Struct, frozen=True, array_like=True, tag=13):
    """Make a calibration set its target's default. Answered by Calibration."""

    request: Natural
    id: str


# --- replies ----------------------------------------------------------------------------------


class Calibration(Struct, frozen=True, array_like=True, tag=111):
    """A calibration set, whole."""

    request: int
    set: CalibrationSet
    default: bool


class Calibrations(Struct, frozen=True, array_like=True, tag=112):
    """The stored calibration sets."""

    request: int
    sets: tuple[CalibrationSummary, ...]
