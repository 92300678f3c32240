"""From the arguments of a call to the job that is sent: pure, and strict before anything leaves."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from types import UnionType
from typing import Final, SupportsIndex

import msgspec

from stationd.client.files.qiskit import QiskitCircuit, is_qiskit, qpy_program
from stationd.client.submission.sweep_shape import mistake
from stationd.proto.codec import plain
from stationd.proto.error import ErrorCode, ErrorInfo, InvalidJob, Problem
from stationd.proto.job import JobSpec
from stationd.proto.program import (
    MOST_ITEMS,
    Circuits,
    Compile,
    JobWork,
    NativeCircuit,
    NativeProgram,
    NullProgram,
    OpenQasm,
    Program,
    Qpy,
    Sweep,
)

Source = str | Program | NativeCircuit | QiskitCircuit
"""One program: OpenQASM text, a circuit of Qiskit's, a native circuit, or a program made before."""
Sources = Source | os.PathLike[str] | Sequence[Source | os.PathLike[str]]
"""One program or several. A path names a file: QPY if it ends in ``.qpy``, native circuits if in
``.json``, and else OpenQASM text."""

_LARGEST: Final = 2**63 - 1

_CHECK: Final = msgspec.msgpack.Decoder(JobSpec)


def wrong(field: str, message: str) -> InvalidJob:
    """Return the error, not raised, that says what is wrong with an argument."""
    problem = Problem(message, field=field)
    return InvalidJob(ErrorInfo(ErrorCode.INVALID_JOB, "the job cannot be sent", (problem,)))


def listed(programs: Sources) -> list[Source | os.PathLike[str]]:
    """Return one or several programs as a list."""
    if isinstance(programs, Sequence) and not isinstance(programs, str):
        return list(programs)
    return [programs]


def circuits(
    programs: Sequence[Program],
    *,
    n_shots: int | Sequence[int] | None,
    compile_only: bool,
    target: str,
    optimisation_level: int,
    seed: int | None,
) -> Circuits | Compile:
    """Return what circuits, to be executed or compiled alone, ask for.

    Raises:
        InvalidJob: An argument does not fit; the problem's field is its name.
    """
    if not 1 <= len(programs) <= MOST_ITEMS:
        raise wrong("programs", f"a job takes 1 to {MOST_ITEMS} programs, not {len(programs)}")
    if compile_only:
        if n_shots is not None:
            raise wrong("n_shots", "nothing is executed with compile_only: leave n_shots out")
        return Compile(
            programs=tuple(programs),
            target=target,
            optimisation_level=optimisation_level,
            seed=seed,
        )
    return Circuits(
        programs=tuple(programs),
        n_shots=_shots(programs, n_shots),
        target=target,
        optimisation_level=optimisation_level,
        seed=seed,
    )


def program(source: object) -> Program:
    """Return one program.

    Raises:
        InvalidJob: It is none of the forms of a program.
    """
    if isinstance(source, OpenQasm | Qpy | NativeProgram | NullProgram):
        return source
    if isinstance(source, NativeCircuit):
        return NativeProgram(circuit=source, name=source.name)
    if is_qiskit(source):
        return qpy_program(source)
    if not isinstance(source, str):
        kind = type(source).__name__
        raise wrong(
            "programs",
            "a program is OpenQASM text, a path, a Qiskit QuantumCircuit, a NativeCircuit or a"
            f" NullProgram, not {kind}",
        )
    if "\n" not in source.strip() and source.strip().endswith((".qasm", ".inc")):
        raise wrong(
            "programs", f"{source!r} looks like a file's name: pass pathlib.Path({source!r})"
        )
    return OpenQasm(source=source)


def checked(spec: JobSpec) -> JobSpec:
    """Return a job if every value in it is of the right type and within its bounds.

    Raises:
        InvalidJob: One is not; the message says which.
    """
    found = mistake(spec.work) if isinstance(spec.work, Sweep) else None
    if found is not None:
        raise wrong(*found)
    try:
        return _CHECK.decode(msgspec.msgpack.encode(spec, enc_hook=_plain))
    except (msgspec.ValidationError, TypeError, OverflowError) as error:
        message, _, place = str(error).partition(" - at `$.")
        raise wrong(place.rstrip("`").removeprefix("work."), message) from error


def _plain(value: object) -> object:
    return list(value) if isinstance(value, range) else plain(value)


def _shots(programs: Sequence[Program], n_shots: int | Sequence[int] | None) -> tuple[int, ...]:
    if n_shots is None:
        if not all(isinstance(one, NullProgram) for one in programs):
            raise wrong("n_shots", "say how often to run each circuit, as in n_shots=1000")
        return (1,) * len(programs)
    if isinstance(n_shots, Iterable) and not isinstance(n_shots, str):
        numbers: list[object] = list(n_shots)
    else:
        numbers = [n_shots] * len(programs)
    if len(numbers) != len(programs):
        raise wrong(
            "n_shots",
            f"{len(numbers)} numbers for {len(programs)} programs: give one number for all"
            " or one for each",
        )
    return tuple(_number_of_shots(number) for number in numbers)


def _number_of_shots(number: object) -> int:
    # Whoever has it from numpy has a number that is no int, but as good as one.
    if not isinstance(number, SupportsIndex) or not 1 <= number.__index__() <= _LARGEST:
        raise wrong("n_shots", f"{number!r} is not a number of shots, which is 1 or more")
    return number.__index__()


def work_of(work: JobWork | Sweep | None, sweep: Sweep | None, *, programs: bool) -> JobWork | None:
    """Return the work that was given as such; None if programs were given instead.

    Raises:
        InvalidJob: Nothing was given, or more than one thing.
    """
    given = [
        name
        for name, there in (
            ("work", work is not None),
            ("programs", programs),
            ("sweep", sweep is not None),
        )
        if there
    ]
    if len(given) != 1:
        what = " and ".join(given) or "nothing"
        raise wrong("work", f"give one of work, programs and sweep; {what} was given")
    _check_kind("work", work, Circuits | Compile | Sweep, "Circuits, Compile or Sweep")
    _check_kind("sweep", sweep, Sweep, "a Sweep")
    return work if work is not None else sweep


def _check_kind(field: str, given: object, kind: type | UnionType, wanted: str) -> None:
    if given is not None and not isinstance(given, kind):
        raise wrong(
            field,
            f"give {wanted}, not an object of type {type(given).__name__}; circuits, their texts"
            " and paths of files are for programs, as in programs=...",
        )
