"""Who may read which job.

Rule 1. `[api] jobs_are_read_by` decides: everyone reads all jobs, or submitters and observers read
        those alone that they have made. Operators and admins read all jobs in any case.
Rule 2. Whoever may not read a job is told what is told of an id that nobody knows.
Rule 3. Each request of the protocol stands in one of the tables here. One that does not is not
        answered to those who may not read everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from stationd.proto.audit_requests import ReadAudit
from stationd.proto.compiled_requests import ReadCompiled
from stationd.proto.guard_requests import ListGuards
from stationd.proto.jobs_protocol import (
    Cancel,
    Fetch,
    Get,
    GetCalibration,
    Grant,
    ImportCalibration,
    List,
    ListCalibrations,
    ListControllers,
    Listen,
    Ping,
    Request,
    ResetController,
    Retry,
    Submit,
    SubmitMany,
    Unlisten,
    UseCalibration,
)
from stationd.proto.project_requests import (
    Annotate,
    ChangeProject,
    Count,
    CreateProject,
    Delete,
    GetInput,
    ListProjects,
)
from stationd.proto.provenance import ReadProvenance
from stationd.proto.queue_requests import (
    Hold,
    ListQueue,
    ListTargets,
    Lock,
    Maintain,
    Move,
    Prioritise,
    Release,
    Reserve,
    SetTarget,
    Unlock,
    Unreserve,
    Why,
)
from stationd.proto.result_requests import Peek
from stationd.proto.station_requests import ReadLog, Survey
from stationd.proto.version_requests import ReadVersions
from stationd.runtime.journal.view import owner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stationd.proto.job import JobId
    from stationd.runtime.api.people import Person

Readers = Literal["everyone", "owners"]
"""Who reads a job: everyone, or those who have made it."""


_Named = Callable[[Any], "tuple[JobId, ...]"]

_ONE: Final[_Named] = lambda request: (request.job,)  # noqa: E731 - a column of the table
_BOTH: Final[_Named] = lambda move: (move.job, move.before)  # noqa: E731
_OWNER: Final[_Named] = lambda fetch: (owner(fetch.artifact),)  # noqa: E731

NAMING: Final[Mapping[type[Request], _Named]] = {
    **dict.fromkeys(
        (
            Get,
            Peek,
            GetInput,
            ReadProvenance,
            ReadCompiled,
            ReadLog,
            Why,
            Cancel,
            Retry,
            Annotate,
            Delete,
            Hold,
            Release,
            Prioritise,
        ),
        _ONE,
    ),
    Move: _BOTH,
    Fetch: _OWNER,
}
"""Requests about jobs that they name: turned away if one of these is not to be read."""

SIFTED: Final[frozenset[type[Request]]] = frozenset(
    {List, Count, Listen, ListQueue, Survey, ListControllers, ResetController}
)
"""Requests whose answers are about many jobs: whoever answers leaves out what is not to be read."""

SILENT: Final[frozenset[type[Request]]] = frozenset(
    {
        Ping,
        Submit,
        SubmitMany,
        Grant,
        Unlisten,
        ImportCalibration,
        ListCalibrations,
        GetCalibration,
        UseCalibration,
        ReadAudit,
        ReadVersions,
        ListProjects,
        CreateProject,
        ChangeProject,
        SetTarget,
        Reserve,
        Unreserve,
        ListTargets,
        Maintain,
        Lock,
        Unlock,
        ListGuards,
    }
)
"""Requests whose answers tell nothing of a job that somebody else has made."""


def whose(person: Person, readers: Readers) -> str | None:
    """Return the user whose jobs alone a person may read; None for everybody's."""
    return None if readers == "everyone" or person.may("operator") else person.name


def may_read(creator: str, whose: str | None) -> bool:
    """Whether somebody may read a job.

    Args:
        creator: Who has made it.
        whose: Whose jobs alone they may read; None for everybody's.
    """
    return whose is None or creator == whose


def named_by(request: Request) -> tuple[JobId, ...]:
    """Return the jobs that a request is about, all of which its sender must be allowed to read.

    Raises:
        KeyError: Nobody has decided that yet.
    """
    kind = type(request)
    if kind in SIFTED or kind in SILENT:
        return ()
    return NAMING[kind](request)
