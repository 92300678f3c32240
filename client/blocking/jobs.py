"""The jobs API for scripts and notebooks: the names and signatures of `stationd.aio.jobs`.

Every call may be made where an event loop runs already, as in a notebook, and from several
threads; Ctrl-C ends the wait and leaves the job alone. The documentation of each function is
that of its asynchronous twin.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Literal, overload

import msgspec

from stationd.client import aio
from stationd.client.blocking import portal, projects
from stationd.client.blocking.portal import blocking, call
from stationd.client.blocking.queue import hold, move_before, queue, release, reprioritise, why
from stationd.client.blocking.targets import (
    drain_target,
    drop_reservation,
    guards,
    lock_target,
    pause_target,
    plan_maintenance,
    reserve,
    resume_target,
    target_states,
    unlock_target,
)
from stationd.client.projects.context import using_project, using_properties
from stationd.client.projects.project_ref import ProjectRef
from stationd.client.references.any_status import AnyStatus
from stationd.client.references.item import CompiledRef, IncompleteJobItemRef, ItemRef
from stationd.client.references.job import Job, JobRef, JobStatus
from stationd.client.references.table import Rows
from stationd.client.results.fetching import K
from stationd.client.results.outcome import CompiledCircuit, Outcome
from stationd.client.searching import pages
from stationd.client.searching.filtering import CREATED_AFTER, Status, Strings, Type
from stationd.client.submission.setting import ReadoutValue
from stationd.proto.program import Program, Sweep
from stationd.proto.project import PropertyValue
from stationd.proto.search import ScopeFilterEnum, SortFilterEnum
from stationd.proto.status import StatusEnum

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "CompilationResultRef",
    "ExecutionResultRef",
    "JobSearch",
    "Listening",
    "ReadoutValue",
    "ResultRef",
    "cancel",
    "close",
    "compile",
    "compiled",
    "controllers",
    "delete",
    "describe_controller",
    "diff_calibrations",
    "download_result",
    "drain_target",
    "drop_reservation",
    "execute",
    "get",
    "get_all",
    "get_calibration",
    "get_input",
    "get_output",
    "get_readouts",
    "guards",
    "hold",
    "import_calibration",
    "list_calibrations",
    "listen_all",
    "listen_job_status",
    "lock_target",
    "logs",
    "move_before",
    "pause_target",
    "ping",
    "plan_maintenance",
    "projects",
    "provenance",
    "queue",
    "refresh",
    "release",
    "reprioritise",
    "reserve",
    "reset_controller",
    "results",
    "resume_target",
    "retry_submission",
    "save_result",
    "set_annotations",
    "set_settings",
    "start_compile_job",
    "start_execute_job",
    "status",
    "submit",
    "submit_many",
    "target_states",
    "targets",
    "unlock_target",
    "use_calibration",
    "using_project",
    "using_properties",
    "view",
    "wait_for",
    "wait_for_all",
    "wait_for_any",
    "why",
]

submit = blocking(aio.submit)
submit_many = blocking(aio.submit_many)
start_execute_job = blocking(aio.start_execute_job)
start_compile_job = blocking(aio.start_compile_job)
execute = blocking(aio.execute)
compile = blocking(aio.compile)  # noqa: A001 - as in the twin
get = blocking(aio.get)
view = blocking(aio.view)
refresh = blocking(aio.refresh)
status = blocking(aio.status)
logs = blocking(aio.logs)
wait_for = blocking(aio.wait_for)
wait_for_all = blocking(aio.wait_for_all)
wait_for_any = blocking(aio.wait_for_any)
cancel = blocking(aio.cancel)
delete = blocking(aio.delete)
retry_submission = blocking(aio.retry_submission)
set_annotations = blocking(aio.set_annotations)
get_input = blocking(aio.get_input)
get_output = blocking(aio.get_output)
provenance = blocking(aio.provenance)
save_result = blocking(aio.save_result)
set_settings = blocking(aio.set_settings)
get_readouts = blocking(aio.get_readouts)
ping = blocking(aio.ping)
controllers = blocking(aio.controllers)
describe_controller = blocking(aio.describe_controller)
reset_controller = blocking(aio.reset_controller)
targets = blocking(aio.targets)
import_calibration = blocking(aio.import_calibration)
list_calibrations = blocking(aio.list_calibrations)
get_calibration = blocking(aio.get_calibration)
use_calibration = blocking(aio.use_calibration)
diff_calibrations = blocking(aio.diff_calibrations)


class ResultRef(ItemRef, frozen=True, kw_only=True):
    """The stored result of one item of a job."""

    @overload
    def download_result(self) -> Outcome: ...
    @overload
    def download_result(self, kind: type[K]) -> K: ...
    def download_result(self, kind: type[K] | None = None) -> Outcome:
        """Return the result, of this kind if one is named; fetched once, and checked."""
        return download_result(self) if kind is None else download_result(self, kind)

    def get_input(self) -> Program | Sweep:
        """Return what the item runs: the circuit as it was submitted, or the sweep."""
        return get_input(self)


class ExecutionResultRef(ResultRef, frozen=True, kw_only=True):
    """The stored result of a circuit, or of a sweep."""


class CompilationResultRef(ResultRef, CompiledRef, frozen=True, kw_only=True):
    """A stored compiled circuit.

    What was compiled is known without fetching it if the reference came from `compiled`.
    """

    def get_output(self) -> CompiledCircuit:
        """Return the compiled circuit."""
        return get_output(self)


class JobSearch:
    """The jobs that match a search, in its order; fetched as they are iterated over.

    Every iteration searches anew. Jobs that come in meanwhile shift nothing: a page begins
    where the one before it ended.
    """

    def __init__(self, found: pages.JobSearch) -> None:
        self._found = found

    def __repr__(self) -> str:
        return repr(self._found)

    def __iter__(self) -> Iterator[JobRef]:
        """Yield the matching jobs."""
        for page in portal.iterate(self._found.pages()):
            yield from page

    def list(self, limit: int | None = None) -> pages.Found:
        """Return the matching jobs; at most `limit` of them, None for all."""
        return call(self._found.list, limit)

    def count(self) -> int:
        """Return how many jobs match, on all pages: the station counts, nothing is fetched."""
        return call(self._found.count)

    def summarize(self) -> pd.DataFrame:
        """Return a table of one row: what was searched for, and how many there are.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return call(self._found.summarize)

    def df(self) -> pd.DataFrame:
        """Return a table of the matching jobs; one request for each page, and none for a row.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return call(self._found.df)

    def try_unique_match(self) -> JobRef:
        """Return the one job that matches.

        Raises:
            ZeroMatches: None does; the message says what was searched for.
            NoUniqueMatch: More than one does.
        """
        return call(self._found.try_unique_match)


class Listening:
    """Statuses as they come, to be iterated over."""

    def __init__(self, updates: aio.Listening) -> None:
        self._updates = updates

    def __iter__(self) -> Iterator[JobStatus]:
        """Yield the statuses, until nothing more comes."""
        return portal.iterate(self._updates)

    def close(self) -> None:
        """Hear no more."""
        call(self._updates.aclose)


def get_all(
    *,
    name_like: str | None = None,
    name_exact: Strings | None = None,
    creator_email: Strings | None = None,
    project: ProjectRef | str | None = None,
    properties: Mapping[str, PropertyValue] | None = None,
    job_status: Status | Iterable[Status] | None = None,
    job_type: Type | Iterable[Type] | None = None,
    created_before: datetime | None = None,
    created_after: datetime | None = CREATED_AFTER,
    modified_before: datetime | None = None,
    modified_after: datetime | None = None,
    sort_filters: SortFilterEnum | Iterable[SortFilterEnum] | None = None,
    page_number: int | None = None,
    page_size: int | None = None,
    scope: ScopeFilterEnum | str | None = None,
    target: str | None = None,
) -> JobSearch:
    """Return the jobs that match; nothing is fetched before it is needed."""
    found = aio.get_all(
        name_like=name_like,
        name_exact=name_exact,
        creator_email=creator_email,
        project=project,
        properties=properties,
        job_status=job_status,
        job_type=job_type,
        created_before=created_before,
        created_after=created_after,
        modified_before=modified_before,
        modified_after=modified_after,
        sort_filters=sort_filters,
        page_number=page_number,
        page_size=page_size,
        scope=scope,
        target=target,
    )
    return JobSearch(found)


def listen_job_status(
    job: Job, wait_for_status: AnyStatus | str = StatusEnum.COMPLETED
) -> Listening:
    """Yield where a job stands, and then every change: none left out and none twice."""
    return Listening(aio.listen_job_status(job, wait_for_status))


def listen_all(
    *,
    name_like: str | None = None,
    name_exact: Strings | None = None,
    creator_email: Strings | None = None,
    project: ProjectRef | str | None = None,
    properties: Mapping[str, PropertyValue] | None = None,
    job_status: Status | Iterable[Status] | None = None,
    job_type: Type | Iterable[Type] | None = None,
    created_before: datetime | None = None,
    created_after: datetime | None = CREATED_AFTER,
    scope: ScopeFilterEnum | str | None = None,
    target: str | None = None,
) -> Listening:
    """Yield where the jobs that match stand that are under way, and then every change of any."""
    updates = aio.listen_all(
        name_like=name_like,
        name_exact=name_exact,
        creator_email=creator_email,
        project=project,
        properties=properties,
        job_status=job_status,
        job_type=job_type,
        created_before=created_before,
        created_after=created_after,
        scope=scope,
        target=target,
    )
    return Listening(updates)


@overload
def results(
    job: Job,
    allow_incomplete: Literal[False] = False,  # noqa: FBT002 - as in the twin
) -> Rows[ResultRef]: ...
@overload
def results(
    job: Job, allow_incomplete: Literal[True]
) -> Rows[ResultRef | IncompleteJobItemRef]: ...
@overload
def results(
    job: Job,
    allow_incomplete: bool,  # noqa: FBT001 - as in the twin
) -> Rows[ResultRef] | Rows[ResultRef | IncompleteJobItemRef]: ...
def results(
    job: Job,
    allow_incomplete: bool = False,  # noqa: FBT001, FBT002 - as in the twin
) -> Rows[ResultRef] | Rows[ResultRef | IncompleteJobItemRef]:
    """Return the references of a job's results, one for each item, in the order of submission."""
    if allow_incomplete:
        found = call(lambda: aio.results(job, allow_incomplete=True))
        return Rows(_synchronous(item) for item in found)
    return Rows(_result(item) for item in call(lambda: aio.results(job)))


@overload
def download_result(result: ItemRef) -> Outcome: ...
@overload
def download_result(result: ItemRef, kind: type[K]) -> K: ...
def download_result(result: ItemRef, kind: type[K] | None = None) -> Outcome:
    """Return a stored result, as what it is: a `CircuitResult`, `SweepData` and so on."""
    if kind is None:
        return call(lambda: aio.download_result(result))
    return call(lambda: aio.download_result(result, kind))


def compiled(job: Job) -> Rows[CompilationResultRef]:
    """Return the references of what the compiler made of a job's circuits, by item."""
    return Rows(
        CompilationResultRef(**msgspec.structs.asdict(one)) for one in call(aio.compiled, job)
    )


def close() -> None:
    """Close the connection and end the background thread. Later calls start them again."""
    portal.stop()


def _synchronous(
    item: aio.ResultRef | IncompleteJobItemRef,
) -> ResultRef | IncompleteJobItemRef:
    return item if isinstance(item, IncompleteJobItemRef) else _result(item)


def _result(item: aio.ResultRef) -> ResultRef:
    compiled = isinstance(item, aio.CompilationResultRef)
    kind = CompilationResultRef if compiled else ExecutionResultRef
    return kind(**msgspec.structs.asdict(item))


# What type checkers must see written out has its documentation from its twin all the same.
for _written in (get_all, listen_job_status, listen_all, results, download_result, compiled):
    _written.__doc__ = getattr(aio, _written.__name__).__doc__
