"""The tables of the configuration that are about compiling circuits."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class Compilation(Struct, frozen=True, forbid_unknown_fields=True):
    """How circuits are compiled."""

    cache_mib: Annotated[float, Meta(ge=0, le=1_000_000)] = 64.0
    """MiB that compiled circuits may take in memory, for jobs that ask for the same again; 0 keeps
    none."""
