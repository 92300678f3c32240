"""Native circuits as JSON, as the clients of QPUs write them, to programs.

A circuit is an object with a name and a list of instructions; each has a name, the qubits that it
acts on (``locus``) and its arguments (``args``). A text holds one circuit, a list of them, or an
object with a list of ``circuits``, as the body of a request does.

    {"name": "bell", "instructions": [
      {"name": "prx", "locus": ["QB1"], "args": {"angle": 1.5707963, "phase": 0.0}},
      {"name": "cz", "locus": ["QB1", "QB2"], "args": {}},
      {"name": "measure", "locus": ["QB1", "QB2"], "args": {"key": "m"}}]}

Whether the QPU has such qubits, couplings and operations is for the station to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from stationd.proto.error import ErrorCode, ErrorInfo, InvalidJob, Problem
from stationd.proto.program import Instruction, NativeCircuit, NativeProgram

_ARGUMENTS: Final[Mapping[str, tuple[str, ...]]] = {
    "prx": ("angle", "phase"),
    "cz": (),
    "measure": ("key",),
    "barrier": (),
    "reset": (),
    "delay": ("duration",),
}
"""The arguments of every operation: angles in radians, durations in seconds."""


class _Operation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An instruction as it stands in the text."""

    name: str
    locus: tuple[str, ...]
    args: dict[str, float | str] = {}
    implementation: str | None = None


class _Circuit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A circuit as it stands in the text."""

    instructions: tuple[_Operation, ...]
    name: str = ""
    metadata: dict[str, Any] | None = None
    """Its author's; it is not sent."""


def native_programs(text: bytes, place: str) -> list[NativeProgram]:
    """Return the circuits of a JSON text.

    Args:
        text: The text.
        place: Where it is from, for errors.

    Raises:
        InvalidJob: It does not hold circuits; the message names the instruction.
    """
    try:
        circuits = _listed(msgspec.json.decode(text, type=dict[str, Any] | list[Any]))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _wrong(f"{place} is not JSON with circuits: {error}") from error
    if len(circuits) == 1:
        return [native_program(circuits[0], place)]
    return [native_program(one, f"{place}, circuit {n}") for n, one in enumerate(circuits)]


def _listed(raw: dict[str, Any] | list[Any]) -> list[Any]:
    if isinstance(raw, dict):
        return list(raw["circuits"]) if isinstance(raw.get("circuits"), list) else [raw]
    return raw


def native_program(raw: object, place: str = "the circuit") -> NativeProgram:
    """Return the program of one circuit, given as JSON has it: mappings, lists, numbers, texts.

    Raises:
        InvalidJob: It is not a circuit; the message names the instruction.
    """
    try:
        found = msgspec.convert(raw, _Circuit)
    except msgspec.ValidationError as error:
        raise _wrong(f"{place} is not a native circuit: {error}") from error
    bits: list[str] = []
    instructions: list[Instruction] = []
    for index, one in enumerate(found.instructions):
        problem = _problem(one, bits)
        if problem:
            raise _wrong(f"{place}, instructions[{index}]: {problem}")
        instructions.append(_instruction(one, bits))
    circuit = NativeCircuit(
        instructions=tuple(instructions),
        n_bits=len(bits),
        bit_names=tuple(bits),
        name=found.name,
    )
    return NativeProgram(circuit=circuit, name=found.name)


def _problem(one: _Operation, bits: list[str]) -> str:
    """Return what is wrong with an instruction; empty if nothing is."""
    wanted = _ARGUMENTS.get(one.name)
    if wanted is None:
        return f"there is no operation {one.name!r}: there are {', '.join(_ARGUMENTS)}"
    if one.implementation is not None:
        return (
            f"the implementation {one.implementation!r} cannot be chosen here: leave it out for"
            " the QPU's own"
        )
    if set(one.args) != set(wanted):
        given = ", ".join(sorted(one.args)) or "none"
        return f"{one.name!r} takes the arguments {', '.join(wanted) or 'none'}, not {given}"
    for name, value in one.args.items():
        kind = str if name == "key" else float
        if not isinstance(value, kind):
            return f"{name} is a {'text' if kind is str else 'number'}, not {value!r}"
    if one.name == "measure" and f"{one.args['key']}[0]" in bits:
        return f"the key {one.args['key']!r} is used twice: each measurement has its own"
    return ""


def _instruction(one: _Operation, bits: list[str]) -> Instruction:
    """Return an instruction; a measurement adds its bits, ``KEY[0]`` and so on."""
    if one.name == "measure":
        first = len(bits)
        bits += [f"{one.args['key']}[{index}]" for index in range(len(one.locus))]
        return Instruction(one.name, one.locus, (), tuple(range(first, len(bits))))
    params = tuple(float(one.args[name]) for name in _ARGUMENTS[one.name])
    return Instruction(one.name, one.locus, params)


def _wrong(message: str) -> InvalidJob:
    problem = Problem(message, field="programs")
    return InvalidJob(ErrorInfo(ErrorCode.INVALID_JOB, "the job cannot be sent", (problem,)))
