"""The results of jobs; asynchronous."""

from __future__ import annotations

from typing import Final, Literal, TypeVar, overload

from stationd.client.connection.shared import connection
from stationd.client.references import referring
from stationd.client.references.item import CompiledRef, IncompleteJobItemRef, ItemRef
from stationd.client.references.job import Job, id_of
from stationd.client.references.table import Rows
from stationd.client.results.download import fetched
from stationd.client.results.outcome import CompiledCircuit, Outcome, read_outcome
from stationd.client.waiting.settling import check_finished
from stationd.proto.error import JobNotFinished, RequestError
from stationd.proto.job import ArtifactRef, ItemView, JobView
from stationd.proto.jobs_protocol import Get
from stationd.proto.jobs_protocol import Job as JobReply
from stationd.proto.program import Program, Sweep
from stationd.proto.project_requests import GetInput, Input
from stationd.proto.result_requests import Peek

PATIENCE: Final = 120.0
"""Seconds to wait for what there is of a running job's results."""

K = TypeVar("K", bound=Outcome)


class ResultRef(ItemRef, frozen=True, kw_only=True):
    """The stored result of one item of a job."""

    @overload
    async def download_result(self) -> Outcome: ...
    @overload
    async def download_result(self, kind: type[K]) -> K: ...
    async def download_result(self, kind: type[K] | None = None) -> Outcome:
        """Return the result; it is fetched once, and checked against its digest.

        Args:
            kind: What it has to be, as in `CircuitResult`; None for whatever it is.

        Raises:
            RequestError: It is something else.
        """
        if kind is None:
            return await download_result(self)
        return await download_result(self, kind)

    async def get_input(self) -> Program | Sweep:
        """Return what the item runs: the circuit as it was submitted, or the sweep."""
        return await get_input(self)


Found = Rows[ResultRef] | Rows[ResultRef | IncompleteJobItemRef]
"""What `results` returns; without `allow_incomplete` no item is incomplete."""


class ExecutionResultRef(ResultRef, frozen=True, kw_only=True):
    """The stored result of a circuit, or of a sweep."""


class CompilationResultRef(ResultRef, CompiledRef, frozen=True, kw_only=True):
    """A stored compiled circuit.

    What was compiled is known without fetching it if the reference came from `compiled`.
    """

    async def get_output(self) -> CompiledCircuit:
        """Return the compiled circuit."""
        return await get_output(self)


@overload
async def results(
    job: Job,
    allow_incomplete: Literal[False] = False,  # noqa: FBT002 - as below
) -> Rows[ResultRef]: ...
@overload
async def results(
    job: Job, allow_incomplete: Literal[True]
) -> Rows[ResultRef | IncompleteJobItemRef]: ...
@overload
async def results(job: Job, allow_incomplete: bool) -> Found: ...  # noqa: FBT001 - as below
async def results(
    job: Job,
    allow_incomplete: bool = False,  # noqa: FBT001, FBT002 - as in the API that this one is compatible with
) -> Found:
    """Return the references of a job's results, one for each item, in the order of submission.

    Args:
        job: The job.
        allow_incomplete: Return an `IncompleteJobItemRef` for an item without result, and do
            not mind whether the job is over. Of a job that was cancelled or failed, what was
            measured until then is there as a partial result; of one that is at work, what has
            been measured so far. The latter does not grow, and the station keeps it for a while:
            ask again for more.

    Raises:
        JobNotFinished: The job is still under way.
        JobError: The job failed, or was cancelled.
    """
    number = id_of(job)
    found = (await connection().ask(Get(0, number), JobReply)).view
    if not allow_incomplete:
        check_finished(found)
        return Rows(_whole(found, item) for item in _items(found))
    if not found.status.is_terminal:
        # The station may have to build them first, of all that has been measured.
        found = (await connection().ask(Peek(0, number), JobReply, patience=PATIENCE)).view
    return Rows(_reference(found, item) for item in _items(found))


@overload
async def download_result(result: ItemRef) -> Outcome: ...
@overload
async def download_result(result: ItemRef, kind: type[K]) -> K: ...
async def download_result(result: ItemRef, kind: type[K] | None = None) -> Outcome:
    """Return a stored result: a `CircuitResult`, `SweepData`, `CompiledCircuit` or `NullOutcome`.

    Nothing is fetched before; what was fetched is kept for a while, so that asking again is free.
    A result above 64 MiB is not kept: its arrays lie on a nameless file in ``TMPDIR``, or else
    in ``/var/tmp``, and are read from there as they are used. They may be written to; that is
    seen by nobody else.

    Args:
        result: Its reference.
        kind: Which of the four it has to be, so that type checkers know it too; None for whatever
            it is.

    Raises:
        RequestError: It is none of that kind, or there is no result.
        UnknownArtifact: The station does not have it any more.
        ProtocolViolation: What arrived is not what was stored.
        OSError: There is no room for the file of a large one.
    """
    found = read_outcome(await fetched(connection(), _artifact(result)))
    if kind is not None and not isinstance(found, kind):
        raise RequestError(f"{result!r} is of type {type(found).__name__}, not {kind.__name__}")
    return found


async def get_input(result: ItemRef | IncompleteJobItemRef) -> Program | Sweep:
    """Return what an item of a job runs: the circuit as it was submitted, or the sweep.

    Raises:
        UnknownJob: The station does not know the job any more.
    """
    return (await connection().ask(GetInput(0, result.job, result.index), Input)).program


async def get_output(result: ItemRef) -> CompiledCircuit:
    """Return the compiled circuit that an item of a compile job has for a result.

    Raises:
        RequestError: The result is not one of a compile job.
        UnknownArtifact: The station does not have it any more.
    """
    found = await download_result(result)
    if not isinstance(found, CompiledCircuit):
        raise RequestError(f"{result!r} is no compiled circuit: download_result gives what it is")
    return found


def _artifact(result: object) -> ArtifactRef:
    if isinstance(result, IncompleteJobItemRef):
        raise RequestError(f"{result!r} has no result")
    if not isinstance(result, ItemRef):
        raise RequestError(f"{result!r} is no result: give one of those that `results` returns")
    return result.artifact


def _items(view: JobView) -> list[ItemView]:
    return sorted(view.items, key=lambda item: item.index)


def _whole(view: JobView, item: ItemView) -> ResultRef:
    found = _reference(view, item)
    if isinstance(found, IncompleteJobItemRef):
        raise JobNotFinished(
            f"item {item.index} of job {view.id} has no result: allow incomplete results"
        )
    return found


def _reference(view: JobView, item: ItemView) -> ResultRef | IncompleteJobItemRef:
    if item.result is None:
        return referring.incomplete_item(view, item)
    kind = CompilationResultRef if view.kind == "compile" else ExecutionResultRef
    return kind(
        job=view.id,
        index=item.index,
        artifact=item.result,
        name=item.name,
        partial=item.partial,
        project=view.project,
        annotations=referring.job_of(view).annotations,
        last_status=referring.status_of_item(view, item),
    )
