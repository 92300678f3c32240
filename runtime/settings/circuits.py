"""The tables of the configuration that are about compiling circuits."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from stationd.proto.calibration import LONGEST_VALID


class Compilation(Struct, frozen=True, forbid_unknown_fields=True):
    """How circuits are compiled."""

    cache_mib: Annotated[float, Meta(ge=0, le=1_000_000)] = 64.0
    """MiB that compiled circuits may take in memory, for jobs that ask for the same again; 0 keeps
    none."""


class Calibration(Struct, frozen=True, forbid_unknown_fields=True):
    """How long calibration sets are good for."""

    valid_for: Annotated[float, Meta(ge=0, le=LONGEST_VALID)] = 0.0
    """Seconds from when a set comes in until it is fresh no longer, unless it says so itself; 0 for
    ever."""
