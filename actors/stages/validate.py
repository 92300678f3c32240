"""Whether a job can run at this station: all that can be told without reading its circuits.

Rule 1. Pure and cheap: it runs in the daemon's loop, so everything that grows is bounded first.
Rule 2. All problems are found at once; each names its item or its field, and what would be right.
Rule 3. Circuits are not parsed here; `needs_worker` says whether `circuits.check_programs` must.
"""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING, Final

from stationd.actors.retry import spec_problems
from stationd.actors.stages.validate_sweep import sweep_problems
from stationd.actors.stages.wiring import circuit_differences, differences
from stationd.actors.stages.wording import any_of, suggestion
from stationd.proto.error import ErrorCode, ErrorInfo, Problem
from stationd.proto.program import (
    Circuits,
    Compile,
    NullProgram,
    OpenQasm,
    Program,
    Qpu,
    Sweep,
    program_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from stationd.proto.job import JobSpec
    from stationd.proto.program import Capabilities, NativeProgram, Qpy

MOST_PROBLEMS: Final = 100
"""How many problems are listed: who has more has made one mistake a hundred times."""
MOST_SOURCE_BYTES: Final = 1024 * 1024
"""The longest OpenQASM text: the parser of version 3 takes 17 s for so much."""
MOST_CIRCUIT_BYTES: Final = 4 * 1024 * 1024
"""The longest QPY file or native circuit: it holds as many operations as are compiled."""


def check_spec(
    spec: JobSpec, offers: Mapping[str, Capabilities | None], targets: Mapping[str, str]
) -> list[Problem]:
    """Return what is wrong with a job; nothing if it can run, as far as can be told here.

    Args:
        spec: The job.
        offers: What every configured controller offers; None if it has never said.
        targets: The controller of every target.
    """
    match spec.work:
        case Sweep() as sweep:
            found = sweep_problems(sweep, offers)
        case Circuits() | Compile() as work:
            found = _programs_problems(work, spec, offers, targets)
    found = chain(spec_problems(spec), found)
    # Whoever goes on with the good items needs to know all the bad ones.
    return list(found) if spec.item_errors == "continue" else limited(found)


def resolve_target(spec: JobSpec, targets: Mapping[str, str]) -> str | None:
    """Return the name of the target a job means; None for sweeps, or if it cannot be told."""
    if isinstance(spec.work, Sweep):
        return None
    if not spec.work.target:
        return next(iter(targets)) if len(targets) == 1 else None
    return spec.work.target if spec.work.target in targets else None


def claims(spec: JobSpec, targets: Mapping[str, str]) -> tuple[str, ...]:
    """Return the controllers that a job needs for itself, sorted; none for compile-only jobs."""
    match spec.work:
        case Sweep() as sweep:
            return tuple(sorted(sweep.controllers()))
        case Circuits():
            target = resolve_target(spec, targets)
            return () if target is None else (targets[target],)
        case Compile():
            return ()


def silent_controllers(
    spec: JobSpec, offers: Mapping[str, Capabilities | None], targets: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the configured controllers that a job needs and that never said what they offer.

    `check_spec` refuses such a job; a daemon that has just started may wait for them first.
    """
    if isinstance(spec.work, Sweep):
        needed = tuple(sorted(spec.work.controllers()))
    else:
        target = resolve_target(spec, targets)
        needed = () if target is None else (targets[target],)
    return tuple(name for name in needed if name in offers and offers[name] is None)


def needs_worker(spec: JobSpec) -> bool:
    """Whether the job has circuits, which are parsed and compiled in a worker process."""
    return not isinstance(spec.work, Sweep) and any(
        not isinstance(program, NullProgram) for program in spec.work.programs
    )


def refusal(
    spec: JobSpec,
    problems: Iterable[Problem],
    offers: Mapping[str, Capabilities | None],
    targets: Mapping[str, str],
) -> ErrorInfo:
    """Return why a job is refused: that it was made for other wiring, if that is among it."""
    other = next(differences(spec, offers, targets), None) is not None
    detail = "the job was made for other wiring" if other else "the job cannot run"
    return ErrorInfo(ErrorCode.INVALID_JOB, detail, tuple(problems))


def limited(problems: Iterable[Problem]) -> list[Problem]:
    """Return the first `MOST_PROBLEMS` problems, and a last one that counts the others."""
    remaining = iter(problems)
    listed = list(islice(remaining, MOST_PROBLEMS))
    more = sum(1 for _ in remaining)
    return [*listed, Problem(f"and {more} more")] if more else listed


# --- circuits --------------------------------------------------------------------------------


def _programs_problems(
    work: Circuits | Compile,
    spec: JobSpec,
    offers: Mapping[str, Capabilities | None],
    targets: Mapping[str, str],
) -> Iterator[Problem]:
    target = resolve_target(spec, targets)
    if target is None:
        yield Problem(_target_problem(work.target, targets), field="target")
        offered = None
    else:
        offered = offers.get(targets[target])
        if offered is None:
            yield never_seen(targets[target], field="target")
    if offered is not None and target is not None:
        yield from _ability_problems(work, target, offered)
    yield from _mixture_problems(work)
    for item, program in enumerate(work.programs):
        yield from _source_problems(item, program)
    if offered is not None and offered.qpu is not None:
        yield from circuit_differences(work.programs, offered.qpu)
    if isinstance(work, Circuits):
        yield from _shots_problems(work, offered.qpu if offered is not None else None)


def never_seen(controller: str, field: str) -> Problem:
    """Return the problem of a controller that has never connected."""
    return Problem(
        f"the controller {controller!r} has never connected to this station, so nothing is known"
        " of what it can do: start it, then submit again",
        field=field,
    )


def _target_problem(wanted: str, targets: Mapping[str, str]) -> str:
    if not targets:
        return "the station has no targets: add [targets.NAME] to its configuration"
    if not wanted:
        return f"the station has several targets, name one: {any_of(targets)}"
    return f"there is no target {wanted!r}{suggestion(wanted, targets)}"


def _ability_problems(
    work: Circuits | Compile, target: str, offered: Capabilities
) -> Iterator[Problem]:
    circuits = any(not isinstance(program, NullProgram) for program in work.programs)
    null = any(isinstance(program, NullProgram) for program in work.programs)
    if circuits and offered.qpu is None:
        yield Problem(f"the target {target!r} is not a QPU and takes no circuits", field="target")
    if null and not offered.null and isinstance(work, Circuits):
        yield Problem(f"the target {target!r} takes no null programs", field="target")
    if offered.qpu is not None and len(work.programs) > offered.qpu.most_circuits:
        yield Problem(
            f"the job has {len(work.programs)} programs, the target {target!r} takes at most"
            f" {offered.qpu.most_circuits}: split the job",
            field="programs",
        )


def _mixture_problems(work: Circuits | Compile) -> Iterator[Problem]:
    null = [item for item, one in enumerate(work.programs) if isinstance(one, NullProgram)]
    if isinstance(work, Compile):
        for item in null:
            yield Problem("a null program has nothing to compile: give a circuit", item=item)
    elif 0 < len(null) < len(work.programs):
        yield Problem(
            f"items {', '.join(map(str, null[:10]))}{', ...' if len(null) > 10 else ''} are null"  # noqa: PLR2004 - enough to find them
            " programs and the others are circuits: submit them as two jobs",
            field="programs",
        )


def _source_problems(item: int, program: Program) -> Iterator[Problem]:
    if isinstance(program, NullProgram):
        return
    if not isinstance(program, OpenQasm):
        yield from _size_problems(item, program)
        return
    # In UTF-8 a character takes up to four bytes; most texts are told by their length alone.
    size = len(program.source)
    if MOST_SOURCE_BYTES // 4 < size <= MOST_SOURCE_BYTES:
        size = len(program.source.encode("utf-8", "replace"))
    if size > MOST_SOURCE_BYTES:
        yield Problem(
            f"the OpenQASM text takes {size:,} bytes, at most {MOST_SOURCE_BYTES:,} are read:"
            " split the circuit or define gates",
            item=item,
        )
    elif not program.source.strip():
        yield Problem(
            'the OpenQASM text is empty: it starts with "OPENQASM 3.0;"', item=item, field="source"
        )


def _size_problems(item: int, program: Qpy | NativeProgram) -> Iterator[Problem]:
    size = program_bytes(program)
    if size > MOST_CIRCUIT_BYTES:
        yield Problem(
            f"the circuit takes {size:,} bytes, at most {MOST_CIRCUIT_BYTES:,} are read: split it",
            item=item,
        )


def _shots_problems(work: Circuits, qpu: Qpu | None) -> Iterator[Problem]:
    if len(work.n_shots) != len(work.programs):
        yield Problem(
            f"there are {len(work.programs)} programs and {len(work.n_shots)} numbers of shots:"
            " give one number for each program",
            field="n_shots",
        )
    most = qpu.most_shots if qpu is not None else None
    for item, shots in enumerate(work.n_shots):
        if shots < 1:
            yield Problem(f"{shots} shots: at least 1 is needed", item=item, field="n_shots")
        elif most is not None and shots > most:
            yield Problem(
                f"{shots:,} shots, the target takes at most {most:,} per circuit",
                item=item,
                field="n_shots",
            )
