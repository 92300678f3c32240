"""Starting jobs, and waiting for what comes of them; asynchronous."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeVar, cast

from stationd.client.projects import context
from stationd.client.projects.project_ref import ProjectRef
from stationd.client.references.job import CompileJobRef, ExecuteJobRef, JobRef, id_of
from stationd.client.references.moment import Moment, unix
from stationd.client.results.fetching import download_result, results
from stationd.client.results.outcome import CircuitResult, CompiledCircuit, Outcome
from stationd.client.submission import arguments, sending
from stationd.client.submission.arguments import Sources
from stationd.client.submission.binding import Bindings, bound_programs
from stationd.client.submission.new_id import new_id
from stationd.client.waiting.following import wait_for
from stationd.proto.calibration import ExpiredCalibration
from stationd.proto.error import ErrorCode, ProtocolViolation
from stationd.proto.job import JobSpec
from stationd.proto.program import JobWork, Sweep
from stationd.proto.project import PropertyValue

T = TypeVar("T")


async def submit(
    work: JobWork | None = None,
    *,
    programs: Sources | None = None,
    n_shots: int | Sequence[int] | None = None,
    bindings: Bindings | None = None,
    sweep: Sweep | None = None,
    compile_only: bool = False,
    target: str = "",
    optimisation_level: int = 2,
    seed: int | None = None,
    name: str = "",
    description: str = "",
    project: ProjectRef | str | None = None,
    properties: Mapping[str, PropertyValue] | None = None,
    priority: int = 0,
    calibration_set: str | None = None,
    expired_calibration: ExpiredCalibration = "use",
    item_errors: Literal["stop", "continue"] = "stop",
    timeout: float | None = None,
    max_attempts: int = 1,
    retry_on: Sequence[ErrorCode] = (),
    on_lost: Literal["fail", "requeue"] = "fail",
    resume: bool = False,
    not_before: Moment | None = None,
    deadline: Moment | None = None,
    hold: bool = False,
    id: str | None = None,  # noqa: A002 - its name in the API that this one is compatible with
) -> JobRef:
    """Store a job at the station, which then runs it.

    Give one of `work`, `programs` and `sweep`.

    Args:
        work: `Circuits`, `Compile` or `Sweep`, complete.
        programs: Circuits: OpenQASM text, Qiskit circuits, native circuits, programs, or paths of
            files: ``.qpy``, ``.json`` for native circuits, others hold OpenQASM.
        n_shots: How often to run each circuit: one number for all, or one for each.
        bindings: What the circuits' parameters are set to, by name: lists of equal length that go
            together, or numbers. Every circuit becomes as many items as the lists are long.
        sweep: Settings to step through, and what to read.
        compile_only: Compile the programs and execute nothing.
        target: The QPU; empty for the station's only one.
        optimisation_level: 0 (nothing is rearranged) to 3. Turns of a qubit in a row are played as
            one at any level; a barrier keeps them apart.
        seed: Makes layout, routing and simulated noise repeatable.
        name: For people and for searches.
        description: For people.
        project: The project that it belongs to, or its id; None for that of `using_project`.
        properties: Added to those of `using_properties`, which they overrule.
        priority: -1000 to 1000; the higher goes first.
        calibration_set: A calibration set's id; None for the target's default.
        expired_calibration: What the job does if that set has expired, or if there is none: ``use``
            what there is, ``wait`` for a fresh one, or ``fail``.
        item_errors: Whether one bad program fails the job before anything is executed.
        timeout: Seconds after which the job fails if it is not over, its time in the queue
            included; None for as long as it takes.
        max_attempts: How many attempts the station makes by itself, the first one included.
        retry_on: The errors that another attempt follows on; none for those that are hardly the
            job's fault, see `JobSpec`.
        on_lost: ``requeue`` lets another attempt follow when a controller was lost at work on
            the job, up to three in all if `max_attempts` says nothing else.
        resume: For sweeps: another attempt goes on with the first spot that is not stored, instead
            of beginning anew. One follows by itself when a controller was lost, as with `on_lost`.
        not_before: The job does not begin before this time; Unix seconds, or a datetime.
        deadline: The job fails, with the code ``deadline_passed``, if it has not begun by then.
        hold: Keep it in the queue until somebody lets it go, with `release`.
        id: A UUID. Submitting the same id twice gives one job.

    Returns:
        The job, which is on the station's disk.

    Raises:
        InvalidJob: An argument does not fit; nothing has been sent.
        MessageTooLarge: The job does not fit into one message; nothing has been sent.
        StationUnreachable: Nobody answered. The message says how to submit the same job again.
        StationError: The station's refusal.
    """
    asked = arguments.work_of(work, sweep, programs=programs is not None)
    if bindings is not None and asked is not None:
        raise arguments.wrong("bindings", "bindings are for programs: leave them out")
    if asked is None:
        sources = [await sending.read(source) for source in arguments.listed(programs or ())]
        made = [arguments.program(source) for several in sources for source in several]
        asked = arguments.circuits(
            made if bindings is None else bound_programs(made, bindings),
            n_shots=n_shots,
            compile_only=compile_only,
            target=target,
            optimisation_level=optimisation_level,
            seed=seed,
        )
    spec = JobSpec(
        work=asked,
        name=name,
        description=description,
        project=context.project_of(project),
        properties=context.properties_with(properties),
        priority=priority,
        calibration_set=calibration_set,
        expired_calibration=expired_calibration,
        item_errors=item_errors,
        timeout=timeout,
        max_attempts=max_attempts,
        retry_on=tuple(retry_on),
        on_lost=on_lost,
        resume=resume,
        not_before=unix(not_before),
        deadline=unix(deadline),
        hold=hold,
    )
    return await sending.send(id_of(id) if id else new_id(), arguments.checked(spec))


async def start_execute_job(
    programs: Sources,
    n_shots: int | Sequence[int] | None,
    target: str = "",
    *,
    name: str = "",
    description: str = "",
    properties: Mapping[str, PropertyValue] | None = None,
    project: ProjectRef | str | None = None,
    bindings: Bindings | None = None,
    optimisation_level: int = 2,
    seed: int | None = None,
    priority: int = 0,
    item_errors: Literal["stop", "continue"] = "stop",
    id: str | None = None,  # noqa: A002
) -> ExecuteJobRef:
    """Store a job that runs circuits; the short form of `submit`, which explains all arguments.

    Args:
        programs: Circuits, up to 1000.
        n_shots: How often to run each: one number for all, or one for each.
        target: The QPU; empty for the station's only one.
        name: For people and for searches.
        description: For people.
        properties: Added to those of `using_properties`.
        project: The project that it belongs to; None for that of `using_project`.
        bindings: What the circuits' parameters are set to: one item for each of the values.
        optimisation_level: 0 (nothing is rearranged) to 3. Turns of a qubit in a row are played as
            one at any level; a barrier keeps them apart.
        seed: Makes layout, routing and simulated noise repeatable.
        priority: -1000 to 1000; the higher goes first.
        item_errors: Whether one bad program fails the job before anything is executed.
        id: A UUID. Submitting the same id twice gives one job.

    Raises:
        InvalidJob: An argument does not fit, and is named; nothing has been sent.
        StationError: As `submit`.
    """
    job = await submit(
        programs=programs,
        n_shots=n_shots,
        bindings=bindings,
        target=target,
        name=name,
        description=description,
        properties=properties,
        project=project,
        optimisation_level=optimisation_level,
        seed=seed,
        priority=priority,
        item_errors=item_errors,
        id=id,
    )
    return _expected(job, ExecuteJobRef)


async def start_compile_job(
    programs: Sources,
    target: str = "",
    *,
    name: str = "",
    description: str = "",
    properties: Mapping[str, PropertyValue] | None = None,
    project: ProjectRef | str | None = None,
    optimisation_level: int = 2,
    seed: int | None = None,
    priority: int = 0,
    item_errors: Literal["stop", "continue"] = "stop",
    id: str | None = None,  # noqa: A002
) -> CompileJobRef:
    """Store a job that compiles circuits and executes nothing; the arguments are as above.

    Raises:
        InvalidJob: An argument does not fit, and is named; nothing has been sent.
        StationError: As `submit`.
    """
    job = await submit(
        programs=programs,
        compile_only=True,
        target=target,
        name=name,
        description=description,
        properties=properties,
        project=project,
        optimisation_level=optimisation_level,
        seed=seed,
        priority=priority,
        item_errors=item_errors,
        id=id,
    )
    return _expected(job, CompileJobRef)


async def execute(
    programs: Sources,
    n_shots: int | Sequence[int] | None,
    target: str = "",
    *,
    name: str = "",
    description: str = "",
    properties: Mapping[str, PropertyValue] | None = None,
    project: ProjectRef | str | None = None,
    bindings: Bindings | None = None,
    optimisation_level: int = 2,
    seed: int | None = None,
    timeout: float | None = 300.0,
) -> list[CircuitResult]:
    """Run circuits and return their results, in the order of the programs.

    Args:
        programs: As for `start_execute_job`, and so are the others.
        n_shots: How often to run each.
        target: The QPU.
        name: For people and for searches.
        description: For people.
        properties: Added to those of `using_properties`.
        project: The project that the job belongs to.
        bindings: What the circuits' parameters are set to: a result for each of the values, which
            it has as its `binding`.
        optimisation_level: 0 (nothing is rearranged) to 3. Turns of a qubit in a row are played as
            one at any level; a barrier keeps them apart.
        seed: Makes layout, routing and simulated noise repeatable.
        timeout: Seconds to wait; None for as long as it takes.

    Returns:
        A `CircuitResult` for each circuit, and for each row of its bindings.

    Raises:
        WaitTimeout: The results have not come in time. The job goes on, and `job` of the error is
            its id: wait for it again, and fetch its `results`.
        JobError: The job failed, or was cancelled; what it has is at `results`.
        StationError: As `submit`.
    """
    job = await start_execute_job(
        programs,
        n_shots,
        target,
        name=name,
        description=description,
        properties=properties,
        project=project,
        bindings=bindings,
        optimisation_level=optimisation_level,
        seed=seed,
    )
    # Of a null program it is a NullOutcome, which nobody looks into.
    return cast("list[CircuitResult]", await _outcomes(job, timeout))


async def compile(  # noqa: A001 - its name in the API that this one is compatible with
    programs: Sources,
    target: str = "",
    *,
    name: str = "",
    description: str = "",
    properties: Mapping[str, PropertyValue] | None = None,
    project: ProjectRef | str | None = None,
    optimisation_level: int = 2,
    seed: int | None = None,
    timeout: float | None = 300.0,
) -> list[CompiledCircuit]:
    """Compile circuits and return what came out, in the order of the programs.

    The arguments and errors are those of `execute`.

    Raises:
        WaitTimeout: The circuits have not come in time. The job goes on.
        JobError: The job failed, or was cancelled.
        StationError: As `submit`.
    """
    job = await start_compile_job(
        programs,
        target,
        name=name,
        description=description,
        properties=properties,
        project=project,
        optimisation_level=optimisation_level,
        seed=seed,
    )
    return [_expected(each, CompiledCircuit) for each in await _outcomes(job, timeout)]


async def _outcomes(job: JobRef, timeout: float | None) -> list[Outcome]:
    await wait_for(job, timeout=timeout)
    return [await download_result(item) for item in await results(job)]


def _expected(given: object, kind: type[T]) -> T:
    if not isinstance(given, kind):
        raise ProtocolViolation(
            f"the id is in use for another kind of job: {given!r} is no {kind.__name__}"
        )
    return given
