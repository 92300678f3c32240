"""One circuit with parameters, and a table of what they are set to: one program for each row."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, SupportsFloat

from msgspec.structs import replace

from stationd.proto.error import ErrorCode, ErrorInfo, InvalidJob, Problem
from stationd.proto.program import OpenQasm, Program, Qpy

Bindings = Mapping[str, Iterable[SupportsFloat] | SupportsFloat]
"""By a parameter's name, its values: one for every program, or one that holds for all."""

_MOST_SHOWN: Final = 4


def bound_programs(programs: Sequence[Program], bindings: Bindings) -> list[Program]:
    """Return every program once for each row of a table of values.

    The columns go together: the n-th program of a circuit has the n-th value of each. Its name
    says what they are.

    Raises:
        InvalidJob: The columns differ in length, or something is not a number.
    """
    columns = {name: _column(name, values) for name, values in bindings.items()}
    lengths = {name: len(one) for name, one in columns.items() if isinstance(one, list)}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise _wrong(f"the columns differ in length ({told}): give one value for each program")
    rows = next(iter(lengths.values()), 1)
    if not rows:
        raise _wrong("there are no values, so there would be nothing to run")
    table = [
        {name: one[row] if isinstance(one, list) else one for name, one in columns.items()}
        for row in range(rows)
    ]
    return [_bound(program, row) for program in programs for row in table]


def _column(name: object, values: Iterable[SupportsFloat] | SupportsFloat) -> list[float] | float:
    if not isinstance(name, str):
        raise _wrong(f"{name!r} is not a parameter's name: give its name, as in 'theta'")
    if isinstance(values, SupportsFloat) and not _has_rows(values):
        return _number(name, values)
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise _wrong(f"{name}: {values!r} is neither a number nor a list of them")
    return [_number(name, value) for value in values]


def _has_rows(value: object) -> bool:
    # Arrays of numpy can be asked for a float, too, which only those of one number give.
    return bool(getattr(value, "shape", ()))


def _number(name: str, value: object) -> float:
    if isinstance(value, str) or not isinstance(value, SupportsFloat):
        raise _wrong(f"{name}: {value!r} is not a number")
    number = float(value)
    if not math.isfinite(number):
        raise _wrong(f"{name}: {number} is not a finite number")
    return number


def _bound(program: Program, row: Mapping[str, float]) -> Program:
    if not isinstance(program, OpenQasm | Qpy):
        kind = type(program).__name__
        raise _wrong(f"a {kind} has no parameters: bindings are for OpenQASM and QPY")
    shown = [f"{name}={value:g}" for name, value in row.items()][:_MOST_SHOWN]
    name = f"{program.name} {' '.join(shown)}".strip()
    return replace(program, name=name, binding={**program.binding, **row})


def _wrong(message: str) -> InvalidJob:
    problem = Problem(message, field="bindings")
    return InvalidJob(ErrorInfo(ErrorCode.INVALID_JOB, "the job cannot be sent", (problem,)))
