"""Calibration sets: what was known of a target when a job was compiled for it."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from stationd.proto.number import Finite, UnixTime


class Observation(Struct, frozen=True, kw_only=True):
    """One measured property of a target."""

    path: Annotated[str, Meta(min_length=1, max_length=200)]
    """Dotted, as in ``QB1.t1`` or ``QB1-QB2.cz.fidelity``."""
    value: Finite
    unit: str = ""
    uncertainty: Finite | None = None
    """One standard deviation, in the same unit."""
    time_unix_s: UnixTime | None = None
    """When it was measured."""


class CalibrationSet(Struct, frozen=True, kw_only=True):
    """Observations of one target that belong together; never changed once stored."""

    id: str
    """A UUID."""
    target: str
    observations: tuple[Observation, ...]
    created_unix_s: UnixTime
    name: str = ""
    expires_unix_s: UnixTime | None = None
    """When it is fresh no longer; None if nobody has said so."""

    def expired(self, now_unix_s: float) -> bool:
        """Whether it is fresh no longer at a time."""
        return self.expires_unix_s is not None and self.expires_unix_s <= now_unix_s

    def values(self) -> dict[str, float]:
        """Return the observed values by path."""
        return {observation.path: observation.value for observation in self.observations}


class CalibrationSummary(Struct, frozen=True, kw_only=True):
    """A calibration set without its observations."""

    id: str
    target: str
    created_unix_s: UnixTime
    observations: int
    default: bool
    name: str = ""
    expires_unix_s: UnixTime | None = None
    """When it is fresh no longer; None if nobody has said so."""


LONGEST_VALID: Final = 1_000_000_000.0
"""Seconds."""
ValidFor = Annotated[float, Meta(gt=0, le=LONGEST_VALID)]
"""Seconds from when a set is stored until it is fresh no longer."""
ExpiredCalibration = Literal["use", "wait", "fail"]
"""What a job does if its target's calibration set has expired, or if there is none."""
