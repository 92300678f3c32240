"""Qiskit's circuits and its QPY files to programs. Qiskit is loaded only if it must be.

One program is one circuit, so a file with several is taken apart. A file with one goes as it is,
and needs no Qiskit here.
"""

from __future__ import annotations

import importlib
import io
import struct
from typing import Any, Final, Protocol, TypeGuard

from stationd.proto.error import ErrorCode, ErrorInfo, InvalidJob, MissingExtra, Problem
from stationd.proto.program import DELAY, Qpy

_HEAD: Final = struct.Struct("!6sBBBBQ")
_MAGIC: Final = b"QISKIT"
_SECONDS: Final = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}
_CIRCUIT: Final = "qiskit.circuit.quantumcircuit"


class QiskitCircuit(Protocol):
    """A `qiskit.QuantumCircuit`, as far as is needed to know one: Qiskit has no types."""

    name: str
    global_phase: Any
    data: Any


def is_qiskit(value: object) -> TypeGuard[QiskitCircuit]:
    """Whether a value is a circuit of Qiskit's, told without loading it."""
    return any(
        kind.__module__ == _CIRCUIT and kind.__name__ == "QuantumCircuit"
        for kind in type(value).__mro__
    )


def qpy_program(circuit: QiskitCircuit) -> Qpy:
    """Return the program of a Qiskit circuit."""
    file = io.BytesIO()
    _load("qiskit.qpy").dump(_with_units(circuit), file)
    return Qpy(data=file.getvalue(), name=circuit.name or "")


def _with_units(circuit: Any) -> Any:  # noqa: ANN401 - Qiskit has no type information
    """Return a circuit whose delays are gates with their seconds: QPY forgets a delay's unit."""
    found = [
        (place, step, _SECONDS[step.operation.unit])
        for place, step in enumerate(circuit.data)
        if step.operation.name == "delay" and step.operation.unit in _SECONDS
    ]
    if not found:
        return circuit
    gate, circuit = _load("qiskit.circuit").Gate, circuit.copy()
    for place, step, seconds in found:
        waiting = gate(DELAY, 1, [step.operation.params[0] * seconds])
        circuit.data[place] = step.replace(operation=waiting)
    return circuit


def qpy_programs(data: bytes, place: str, name: str) -> list[Qpy]:
    """Return the circuits of a QPY file.

    Args:
        data: The file's content.
        place: The file's path, for errors.
        name: What a circuit is called if the file holds one alone; others have their own names.

    Raises:
        InvalidJob: It is not a QPY file.
        MissingExtra: It holds several circuits, and Qiskit is not installed to take it apart.
    """
    try:
        magic, *_, circuits = _HEAD.unpack_from(data)
    except struct.error:
        magic, circuits = b"", 0
    if magic != _MAGIC or not circuits:
        problem = Problem(f"{place} is not a QPY file with circuits", field="programs")
        raise InvalidJob(ErrorInfo(ErrorCode.INVALID_JOB, "the job cannot be sent", (problem,)))
    if circuits == 1:
        return [Qpy(data=data, name=name)]
    try:
        found = _load("qiskit.qpy").load(io.BytesIO(data))
    except MissingExtra:
        raise
    except Exception as error:
        problem = Problem(f"{place} cannot be read: {error}", field="programs")
        raise InvalidJob(
            ErrorInfo(ErrorCode.INVALID_JOB, "the job cannot be sent", (problem,))
        ) from error
    return [qpy_program(one) for one in found]


def _load(name: str) -> Any:  # noqa: ANN401 - Qiskit has no type information
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "a file with several circuits is taken apart by Qiskit, which is not installed: pip"
            " install 'stationd[qiskit]'"
        ) from error
