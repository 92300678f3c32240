"""What a job is made for and the station does not have: the difference between their wirings.

Rule 1. Pure and cheap, for it is looked for when the job comes in, in the daemon's loop: what grows
        is bounded.
Rule 2. All that is missing is told at once, each thing once, with what is like it.
Rule 3. Of a controller that has never said what it can do, nothing is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stationd.actors.stages.native_operations import operations
from stationd.actors.stages.wording import any_of, suggestion
from stationd.proto.error import Problem
from stationd.proto.program import Circuits, Compile, NativeProgram, Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from stationd.proto.job import JobSpec
    from stationd.proto.program import (
        Capabilities,
        Instruction,
        NativeCircuit,
        Program,
        Qpu,
        Readout,
        Setting,
    )

MOST_INSTRUCTIONS: Final = 50_000
"""Instructions of a job that are looked at when it comes in, in some milliseconds; longer ones are
compared in a worker, before anything is executed."""

_PAIR: Final = 2
_MOST_HINTS: Final = 20
"""Names of each kind that are compared with what there is; whoever lacks more lacks a rack."""


def differences(
    spec: JobSpec, offers: Mapping[str, Capabilities | None], targets: Mapping[str, str]
) -> Iterator[Problem]:
    """Yield what a job is made for and the station does not have.

    Args:
        spec: The job.
        offers: What every configured controller offers; None if it never said.
        targets: The controller of every target.
    """
    match spec.work:
        case Sweep() as sweep:
            yield from sweep_differences(sweep, offers)
        case Circuits() | Compile() as work:
            name = work.target or (next(iter(targets)) if len(targets) == 1 else "")
            offered = offers.get(targets.get(name, ""))
            if offered is not None and offered.qpu is not None:
                yield from circuit_differences(work.programs, offered.qpu)


# --- sweeps ----------------------------------------------------------------------------------


def sweep_differences(sweep: Sweep, offers: Mapping[str, Capabilities | None]) -> Iterator[Problem]:
    """Yield the controllers, settings and readouts that a sweep names and the station lacks."""
    axes = (axis.setting for group in sweep.axes for axis in group)
    wanted = dict.fromkeys([*sweep.settings, *axes])
    settings = _Names("setting", offers, lambda offered: offered.settings)
    readouts = _Names("readout", offers, lambda offered: offered.readouts)
    yield from _missing(wanted, settings, readouts, "set")
    yield from _missing(dict.fromkeys(sweep.returns), readouts, settings, "read")


class _Names:
    """The names of all that controllers offer of one kind.

    Args:
        kind: What they are, for people.
        offers: What every configured controller offers; None if it never said.
        of: What of that is meant.
    """

    def __init__(
        self,
        kind: str,
        offers: Mapping[str, Capabilities | None],
        of: Callable[[Capabilities], Sequence[Setting | Readout]],
    ) -> None:
        self.kind = kind
        self._offers = offers
        self._hints_left = _MOST_HINTS
        self._by_controller = {
            name: dict.fromkeys(f"{name}.{one.name}" for one in of(offered))
            for name, offered in offers.items()
            if offered is not None
        }

    def __contains__(self, name: str) -> bool:
        return name in self._by_controller.get(_controller(name), ())

    def lacks(self, name: str) -> bool:
        """Whether a dotted name is missing, as far as is known."""
        controller = _controller(name)
        silent = controller in self._offers and self._offers[controller] is None
        return controller != name and not silent and name not in self

    def problem(self, name: str) -> Problem:
        """Return that a name is missing, and what was probably meant."""
        controller = _controller(name)
        there = controller in self._offers
        what = f"no such {self.kind}" if there else f"no controller {controller!r}"
        return Problem(f"there is {what}{self._hint(name, controller)}", field=name)

    def _hint(self, name: str, controller: str) -> str:
        """Return the same name at another controller, one that is alike, or else what there is."""
        if not self._hints_left:
            return ""
        self._hints_left -= 1
        own = name.partition(".")[2]
        moved = [f"{other}.{own}" for other in self._offers if f"{other}.{own}" in self]
        there = self._by_controller.get(controller)
        alike = suggestion(controller, self._offers) if there is None else suggestion(name, there)
        # A controller of another name is likelier than another controller.
        if not moved or (there is None and "did you mean" in alike):
            return alike
        return f"; did you mean {any_of(moved)}?"


def _missing(wanted: Iterable[str], known: _Names, others: _Names, done: str) -> Iterator[Problem]:
    for name in wanted:
        if name in others and known.lacks(name):
            yield Problem(f"is a {others.kind}, which cannot be {done}", field=name)
        elif known.lacks(name):
            yield known.problem(name)


def _controller(name: str) -> str:
    return name.partition(".")[0]


# --- circuits --------------------------------------------------------------------------------


def circuit_differences(programs: Iterable[Program], qpu: Qpu) -> Iterator[Problem]:
    """Yield the qubits, couplings and operations that native circuits name and a QPU lacks."""
    left = MOST_INSTRUCTIONS
    for item, program in enumerate(programs):
        if isinstance(program, NativeProgram):
            left -= len(program.circuit.instructions)
            if left < 0:
                return
            for what in _of_circuit(program.circuit, qpu):
                yield Problem(what, item=item)


def _of_circuit(circuit: NativeCircuit, qpu: Qpu) -> Iterator[str]:
    """Yield what a circuit names and a QPU lacks, each once, in the order of mention."""
    there = operations(qpu)
    for gate in dict.fromkeys(one.gate for one in circuit.instructions):
        if gate not in there:
            yield f"the QPU has no operation {gate!r}: it has {any_of(there)}"
    qubits = frozenset(qpu.qubits)
    for qubit in dict.fromkeys(name for one in circuit.instructions for name in one.qubits):
        if qubit not in qubits:
            yield f"the QPU has no qubit {qubit!r}{suggestion(qubit, qpu.qubits)}"
    yield from _couplings(circuit.instructions, qpu)


def _couplings(instructions: Iterable[Instruction], qpu: Qpu) -> Iterator[str]:
    coupled = {frozenset(pair) for pair in qpu.couplings}
    there = frozenset(qpu.qubits)
    apart: dict[frozenset[str], tuple[str, ...]] = {}
    for pair in dict.fromkeys(one.qubits for one in instructions if one.gate == "cz"):
        # Each once, in whichever order; of qubits that are not there has been told already.
        if there.issuperset(pair):
            apart.setdefault(frozenset(pair), pair)
    for both, pair in apart.items():
        if len(both) == len(pair) == _PAIR and both not in coupled:
            first, second = pair
            others = sorted(name for one in coupled if first in one for name in one - {first})
            hint = f": {first!r} is coupled with {any_of(others)}" if others else ""
            yield f"the QPU has no coupling between {first!r} and {second!r}{hint}"
