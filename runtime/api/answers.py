"""Who answers which request: two tables.

Rule 1. Every request of the protocol stands in one of them; what is slow to answer is answered in
        a task of its own.
Rule 2. A Listen stands in both: it is taken at once, and goes on in a task if it has to look
        something up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    Reply,
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

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from stationd.runtime.api.client import Client
    from stationd.runtime.api.parts import Parts
    from stationd.runtime.api.people import Person

    # By type: a lookup costs a tenth of a match over all messages.
    Quick = Mapping[type[Request], Callable[[Client, Any], None]]
    Slow = Mapping[type[Request], Callable[[Client, Any], Awaitable[None]]]


def quick_answers(parts: Parts) -> Quick:
    """Return who answers what is answered, or at least taken, at once."""
    return {
        Ping: parts.station.ping,
        Submit: parts.submitting.submit,
        SubmitMany: parts.submitting.submit_many,
        Listen: parts.streams.listen,
        Grant: parts.streams.grant,
        Unlisten: parts.streams.unlisten,
        ListControllers: parts.controllers.list,
        ResetController: parts.controllers.reset,
        Survey: parts.station.survey,
        ListGuards: parts.controllers.list_guards,
    }


def slow_answers(parts: Parts) -> Slow:
    """Return who answers what has to wait: for the journal, a file, a worker."""
    archive = _to_a_person(parts.archive.answer)
    projects = _to_a_person(parts.projects.answer)
    calibrations = _to_anybody(parts.calibrations.answer)
    queue = _to_a_person(parts.queue.answer)
    return {
        Get: archive,
        List: archive,
        Count: archive,
        GetInput: archive,
        ReadCompiled: archive,
        Annotate: archive,
        Delete: archive,
        ListProjects: projects,
        CreateProject: projects,
        ChangeProject: projects,
        Cancel: parts.attempts.cancel,
        Retry: parts.attempts.retry,
        Fetch: parts.results.answer,
        Peek: parts.results.answer,
        Listen: parts.streams.open,
        ImportCalibration: calibrations,
        ListCalibrations: calibrations,
        GetCalibration: calibrations,
        UseCalibration: calibrations,
        ReadLog: _to_anybody(parts.station.log),
        ReadVersions: _to_anybody(parts.station.versions),
        ReadAudit: _to_anybody(parts.auditing.read),
        ReadProvenance: _to_anybody(parts.provenance.answer),
        Hold: queue,
        Release: queue,
        Prioritise: queue,
        Move: queue,
        SetTarget: queue,
        Reserve: queue,
        Unreserve: queue,
        ListTargets: queue,
        ListQueue: queue,
        Why: queue,
        Maintain: queue,
        Lock: queue,
        Unlock: queue,
    }


def _to_a_person(
    answer: Callable[[Any, Person], Awaitable[Reply]],
) -> Callable[[Client, Any], Awaitable[None]]:
    """Return what sends the reply to a request whose answer depends on who asks."""

    async def send(client: Client, request: Request) -> None:
        client.send(await answer(request, client.person))

    return send


def _to_anybody(
    answer: Callable[[Any], Awaitable[Reply]],
) -> Callable[[Client, Any], Awaitable[None]]:
    """Return what sends the reply to a request that everybody gets the same answer to."""

    async def send(client: Client, request: Request) -> None:
        client.send(await answer(request))

    return send
