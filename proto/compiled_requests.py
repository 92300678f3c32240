"""What the compiler made of a job's circuits: asked for, and shown.

A part of the jobs protocol, whose rules hold here too.
"""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.job import ArtifactRef, JobId
from stationd.proto.number import Natural


class ReadCompiled(Struct, frozen=True, array_like=True, tag=49):
    """Show what was made of a job's circuits when it was compiled last. Answered by Compiled."""

    request: Natural
    job: JobId


class CompiledItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was made of one circuit."""

    index: int
    """From 0, in the order of submission."""
    artifact: ArtifactRef
    """Where the whole of it is, to be fetched: ``<job>/<attempt>/<item>/compiled``."""
    depth: int
    two_qubit_gates: int
    duration: float = 0.0
    """Seconds that one run takes, as `CompiledResult.duration`."""
    initial_layout: tuple[str, ...] = ()
    """As `CompiledResult.initial_layout`."""
    final_layout: tuple[str, ...] = ()
    """As `CompiledResult.final_layout`."""
    compiler: str = ""
    """What compiled it; empty if nothing did."""
    name: str = ""


class Compiled(Struct, frozen=True, array_like=True, tag=149):
    """What was made of a job's circuits; those that could be compiled, by their indices."""

    request: int
    items: tuple[CompiledItem, ...]
    """None if nothing was compiled, or nothing yet."""
