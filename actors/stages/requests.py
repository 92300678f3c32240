"""What workers are asked for, and what they answer, but for the work itself.

Nothing here needs what does the work: the daemon writes requests, and has no compiler.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from stationd.actors.stages.raw_data import RawBlock
from stationd.actors.stages.stretches import Stretch
from stationd.proto.error import ErrorInfo
from stationd.proto.job import ArtifactRef
from stationd.proto.program import (
    Capabilities,
    CircuitProgram,
    Circuits,
    CircuitsWork,
    JobWork,
    Qpu,
    program_bytes,
)
from stationd.proto.result import CompiledResult

_OVERHEAD: Final = 1024
"""What a circuit costs that has no text at all, in bytes of text that take as long."""
COMPILER: Final = "compiler"
"""In a result's metadata: what compiled it; not there if nothing did."""


class CheckRequest(Struct, frozen=True, kw_only=True):
    """Programs to check against a QPU."""

    programs: tuple[tuple[int, CircuitProgram], ...]
    """Items and their programs."""
    qpu: Qpu
    measured: bool = True
    """Whether a circuit without a measurement is a problem: to a job that counts outcomes it
    is, to one that only compiles it is not."""


class CompileRequest(Struct, frozen=True, kw_only=True):
    """Circuits to compile for a QPU."""

    programs: tuple[tuple[int, CircuitProgram], ...]
    """Items and their programs."""
    qpu: Qpu
    calibration: dict[str, float] = {}
    """Observed values by path, see `stationd.actors.qpu_properties`."""
    optimisation_level: int = 2
    seed: int | None = None


def length(program: CircuitProgram) -> int:
    """Return how long a program is, in bytes: about what it takes in time to compile it."""
    return _OVERHEAD + program_bytes(program)


class BitLayout(Struct, frozen=True, kw_only=True):
    """The classical bits of a compiled circuit."""

    n_bits: int
    bit_names: tuple[str, ...] = ()


class PostProcessRequest(Struct, frozen=True, kw_only=True):
    """What it takes to build the results of a job's attempt."""

    job: str
    attempt: int
    work: JobWork
    items: tuple[int, ...]
    """The items to build."""
    blocks: tuple[RawBlock, ...] = ()
    """All raw data of the attempt, in any order, if it is in memory."""
    bits: dict[int, BitLayout] = {}
    """For circuits: each item's bits, see `bit_layouts`."""
    compiled: dict[int, CompiledResult] = {}
    """For compile-only jobs: each item's result."""
    offers: dict[str, Capabilities] = {}
    """For sweeps: what the controllers offer, by name; gives units and shapes."""
    artifacts: str
    """The directory of the artifact store."""
    partial: bool = False
    """The execution was cut short: missing data is no error, and the results are marked."""
    stretches: tuple[Stretch, ...] = ()
    """For a sweep that was made in several attempts: which spots are of which."""
    metadata: dict[str, str] = {}
    """Stored with every result."""


class ItemOutcome(Struct, frozen=True, kw_only=True):
    """What became of one item: a result or an error."""

    index: int
    result: ArtifactRef | None = None
    data: bytes | None = None
    """The encoded result if it is small; None if it is a file in the artifact store."""
    error: ErrorInfo | None = None
    partial: bool = False
    """The result lacks what was not done when the job ended."""


def shots_asked(work: JobWork) -> tuple[int, ...]:
    """Return how many shots are asked for of each item; none for what takes no shots."""
    return work.n_shots if isinstance(work, Circuits) else ()


def bit_layouts(work: CircuitsWork) -> dict[int, BitLayout]:
    """Return the bits of every circuit of some work, by item."""
    return {
        one.item: BitLayout(n_bits=one.circuit.n_bits, bit_names=one.circuit.bit_names)
        for one in work.circuits
    }
