"""Where a result comes from: what ran, on what, with which versions, settings and calibration.

A part of the jobs protocol, whose rules hold here too.
"""

from __future__ import annotations

from msgspec import Struct

from stationd.proto.job import ArtifactRef, JobId, JobKind
from stationd.proto.number import Natural
from stationd.proto.program import Program, SettingValue, Sweep


class ReadProvenance(Struct, frozen=True, array_like=True, tag=48):
    """Show where the result of an item comes from. Answered by ProvenanceAnswer."""

    request: Natural
    job: JobId
    item: Natural = 0


class ControllerOrigin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A controller that executed a job."""

    name: str
    driver: str = ""
    """As the configuration named it then; empty if that is not on record."""
    versions: dict[str, str] = {}
    """What it ran then, by what has them: Python, libraries, packages, the driver."""
    since_unix_s: float | None = None
    """Since when it had run that."""
    settings: dict[str, SettingValue | None] = {}
    """How its settings stood when its part of the job began, by their own names; None for one that
    was not known. Empty if its driver does not tell, or the result is not at hand."""


class CalibrationOrigin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The calibration set that a job was compiled and executed with."""

    id: str
    name: str = ""
    created_unix_s: float | None = None
    """None if the station does not have it any more."""


class CompiledOrigin(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the compiler made of a circuit, when it was compiled last."""

    sha256: str
    """Of the compiled circuit as OpenQASM text, in UTF-8."""
    depth: int
    two_qubit_gates: int


class Provenance(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the result of one item of a job comes from."""

    job: JobId
    number: int
    item: int
    attempt: int
    """The one that the result is of; the newest if there is no result."""
    kind: JobKind
    station: str
    """The station's id, a UUID."""
    station_name: str
    created_unix_s: float
    """When the job came in."""
    program_sha256: str
    """Of the text of a circuit in UTF-8; of anything else, of its encoding as msgpack."""
    program: Program | Sweep | None = None
    """None if it is above 1 MiB: to be asked for by GetInput."""
    name: str = ""
    """The job's."""
    program_name: str = ""
    target: str = ""
    creator: str = ""
    project: str = ""
    artifact: ArtifactRef | None = None
    """The stored result, with its checksum; None if there is none."""
    partial: bool = False
    executed_attempt: int = 0
    """The attempt whose raw data the result is made of; 0 if nothing was executed."""
    executed_unix_s: float | None = None
    """When the instruments began."""
    ended_unix_s: float | None = None
    """When that attempt was over."""
    ticket: int | None = None
    """Of the execution; None if there was none, or a later attempt has another one."""
    n_shots: int = 0
    seed: int | None = None
    optimisation_level: int | None = None
    calibration: CalibrationOrigin | None = None
    compiled: CompiledOrigin | None = None
    daemon: dict[str, str] = {}
    """What the daemon ran then, by what has them; stationd among them."""
    controllers: tuple[ControllerOrigin, ...] = ()
    """Those that executed it, by name."""


class ProvenanceAnswer(Struct, frozen=True, array_like=True, tag=148):
    """Where the result of an item comes from."""

    request: int
    provenance: Provenance
