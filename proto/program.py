"""What a job asks for (programs), and what controllers are sent (work).

A program is the user's: a circuit in one of three forms, a sweep over settings, or nothing at all
for measurements of the station itself. Work is a program made ready for one controller.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct

from stationd.proto.number import Finite, Natural

if TYPE_CHECKING:
    from collections.abc import Collection

MOST_ITEMS: Final = 1000
"""The most programs that one job may hold."""
MOST_SPOTS: Final = 10_000_000
"""The most spots that one sweep may visit."""
_BINDING_BYTES: Final = 24
_INSTRUCTION_BYTES: Final = 32

SettingValue = bool | int | float | str
"""What a setting of an instrument can be set to."""
Name = Annotated[str, Meta(min_length=1, max_length=200)]


Binding = Annotated[dict[Name, Finite], Meta(max_length=1000)]
"""What a circuit's parameters are set to, by name."""


class OpenQasm(Struct, frozen=True, tag="openqasm", kw_only=True):
    """A circuit as OpenQASM text; the text's own first line tells version 2 from 3."""

    source: str
    name: str = ""
    binding: Binding = {}


DELAY: Final = "stationd_delay"
"""In a QPY program: the gate that stands for a delay, with its seconds as a parameter. QPY keeps
the number of a delay and forgets the unit."""


class Qpy(Struct, frozen=True, tag="qpy", kw_only=True):
    """A circuit as Qiskit writes it: the bytes of a QPY file that holds this one alone."""

    data: bytes
    name: str = ""
    binding: Binding = {}


class Instruction(Struct, frozen=True, array_like=True):
    """One native operation of a QPU."""

    gate: str
    """``prx`` (angle and phase in radians), ``cz``, ``measure``, ``barrier``, ``reset``, or
    ``delay`` (seconds)."""
    qubits: tuple[str, ...]
    """Names of the qubits, as the QPU knows them."""
    params: tuple[float, ...] = ()
    bits: tuple[int, ...] = ()
    """For ``measure``: the classical bit that takes the outcome."""


class NativeCircuit(Struct, frozen=True, kw_only=True):
    """A circuit in a QPU's native operations."""

    instructions: tuple[Instruction, ...]
    n_bits: int
    """Classical bits; bit k is column k of the per-shot array."""
    bit_names: tuple[str, ...] = ()
    """Names of the bits, as in ``c[0]``."""
    name: str = ""


class NativeProgram(Struct, frozen=True, tag="native", kw_only=True):
    """A circuit in the QPU's native operations, executed as it is written: nothing compiles it."""

    circuit: NativeCircuit
    name: str = ""


class NullProgram(Struct, frozen=True, tag="null", kw_only=True):
    """A program that does nothing for a while, to measure the station with."""

    duration: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    """Seconds."""
    name: str = ""


CircuitProgram = OpenQasm | Qpy | NativeProgram
"""A circuit in any of its forms."""
Program = OpenQasm | Qpy | NativeProgram | NullProgram


def program_bytes(program: Program) -> int:
    """Return about how much a program takes on the wire, without encoding it."""
    match program:
        case OpenQasm(source=source):
            return len(source) + _BINDING_BYTES * len(program.binding)
        case Qpy(data=data):
            return len(data) + _BINDING_BYTES * len(program.binding)
        case NativeProgram(circuit=circuit):
            return _INSTRUCTION_BYTES * len(circuit.instructions)
        case NullProgram():
            return 0


class Circuits(Struct, frozen=True, tag="circuits", kw_only=True):
    """Circuits to compile, execute and count. One item per program."""

    programs: Annotated[tuple[Program, ...], Meta(min_length=1, max_length=MOST_ITEMS)]
    n_shots: tuple[int, ...]
    """Repetitions, one number per program."""
    target: str = ""
    """The QPU; empty for the station's only one."""
    optimisation_level: Annotated[int, Meta(ge=0, le=3)] = 2
    seed: Natural | None = None
    """Makes layout, routing and simulated noise repeatable."""


class Compile(Struct, frozen=True, tag="compile", kw_only=True):
    """Circuits to compile and nothing else. One item per program."""

    programs: Annotated[tuple[Program, ...], Meta(min_length=1, max_length=MOST_ITEMS)]
    target: str = ""
    optimisation_level: Annotated[int, Meta(ge=0, le=3)] = 2
    seed: Natural | None = None


class Axis(Struct, frozen=True):
    """One setting and the values it takes, in order."""

    setting: Name
    """Dotted: the controller's name and the setting's, as in ``source.delay``."""
    values: tuple[SettingValue, ...]

    if TYPE_CHECKING:
        # Whoever makes one may give an array or a list, which are encoded alike.
        def __init__(self, setting: str, values: Collection[SettingValue]) -> None: ...


class Sweep(Struct, frozen=True, tag="sweep", kw_only=True):
    """Settings to step through, and what to read at every spot. A sweep is one item.

    The axes in one group move together (zipped, so they are of equal length); the groups make
    a Cartesian product in which the first group moves slowest. No group at all is one spot.
    """

    settings: dict[str, SettingValue] = {}
    """Applied once, before the first spot."""
    axes: tuple[tuple[Axis, ...], ...] = ()
    returns: Annotated[tuple[Name, ...], Meta(max_length=1000)] = ()
    """Dotted names of the readouts to store for every spot; a sweep of settings alone may do
    without."""
    name: str = ""

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of steps of each group, the slowest first."""
        return tuple(len(group[0].values) if group else 1 for group in self.axes)

    @property
    def spots(self) -> int:
        """How many spots the sweep visits."""
        return math.prod(self.shape)

    def parameters(self) -> list[str]:
        """Return every dotted name that the sweep sets or reads, in order of mention."""
        names = [*self.settings, *(axis.setting for group in self.axes for axis in group)]
        return list(dict.fromkeys([*names, *self.returns]))

    def controllers(self) -> list[str]:
        """Return the controllers that the sweep needs, in order of mention."""
        return list(dict.fromkeys(name.partition(".")[0] for name in self.parameters()))


JobWork = Circuits | Compile | Sweep


# --- work: what controllers are sent ---------------------------------------------------------


class CircuitWork(Struct, frozen=True, kw_only=True):
    """One circuit and how often to run it."""

    item: int
    circuit: NativeCircuit
    shots: int
    seed: Natural | None = None


class CircuitsWork(Struct, frozen=True, tag=1, kw_only=True):
    """Circuits for one QPU, executed in order."""

    circuits: tuple[CircuitWork, ...]
    calibration: dict[str, float] = {}
    """Observations of the pinned calibration set, by path."""


class Move(Struct, frozen=True, array_like=True):
    """A setting of one controller, and its values along one group of axes."""

    setting: str
    """The controller's own name of it."""
    axis: int
    """Index into the shape."""
    values: tuple[SettingValue, ...]


class SweepWork(Struct, frozen=True, tag=2, kw_only=True):
    """One controller's part of a sweep."""

    settings: tuple[tuple[str, SettingValue], ...] = ()
    shape: tuple[int, ...] = ()
    """Steps per group; spots are numbered with the first group slowest (C order)."""
    moves: tuple[Move, ...] = ()
    returns: tuple[str, ...] = ()
    paced: bool = False
    """The daemon says when to go to each spot, since other controllers take part."""
    first: Natural = 0
    """The spot to begin with: an earlier attempt has done those before it."""

    @property
    def spots(self) -> int:
        """How many spots the sweep visits."""
        return math.prod(self.shape)


class NullWork(Struct, frozen=True, tag=3, kw_only=True):
    """Nothing, for a while: the sum of the items' durations in seconds."""

    duration: float = 0.0


Work = CircuitsWork | SweepWork | NullWork


# --- capabilities: what a controller can do --------------------------------------------------


class Setting(Struct, frozen=True, kw_only=True):
    """Something that a controller can set."""

    name: str
    type: Literal["float", "int", "bool", "str"] = "float"
    unit: str = ""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[SettingValue, ...] = ()
    doc: str = ""


class Readout(Struct, frozen=True, kw_only=True):
    """Something that a controller can read at a spot."""

    name: str
    unit: str = ""
    dtype: str = "<f8"
    """A numpy type string."""
    shape: tuple[int, ...] = ()
    """The shape of one reading; empty for a scalar."""
    doc: str = ""


class Qpu(Struct, frozen=True, kw_only=True):
    """What a QPU behind a controller can execute."""

    qubits: tuple[str, ...]
    couplings: tuple[tuple[str, str], ...]
    """Pairs of qubits that ``cz`` can act on, in either order."""
    most_shots: int = 1_000_000
    """Per circuit."""
    most_circuits: int = MOST_ITEMS
    """Per job."""
    mid_circuit_measurement: bool = True
    """Whether a qubit that has been measured can be used again."""
    reset: bool = False
    """Whether it can bring a qubit to its ground state within a shot."""
    delay: bool = False
    """Whether it can let a qubit wait for a given time."""


class Capabilities(Struct, frozen=True, kw_only=True):
    """What a controller says of itself when it connects."""

    settings: tuple[Setting, ...] = ()
    readouts: tuple[Readout, ...] = ()
    qpu: Qpu | None = None
    null: bool = False
    """Whether it takes null programs."""
    trigger_master: bool = False
    """Whether it is started last, after all others are armed."""
