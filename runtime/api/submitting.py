"""Jobs that come in: checked at the door, stored, answered when they are on disk.

Rule 1. What is wrong at first sight is refused, and nothing is stored of it.
Rule 2. The jobs of a batch are judged one by one, and answered together.
Rule 3. A job that is sent again is the one that there is; another job under its id is refused.
Rule 4. Whoever sends one job does not wait for the batches of others.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import force_setattr, replace

from stationd.actors.stages.validate import (
    check_spec,
    limited,
    refusal,
    resolve_target,
    silent_controllers,
)
from stationd.actors.stages.wiring import differences
from stationd.proto.error import InvalidJob, StationError
from stationd.proto.jobs_protocol import (
    Failure,
    Submit,
    SubmitMany,
    Submitted,
)
from stationd.runtime.api.batches import Batches
from stationd.runtime.api.client_text import check_id
from stationd.runtime.api.intake import check_storage
from stationd.runtime.api.resent import says_no_room
from stationd.runtime.jobs.arrivals import NewJob

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anyio.abc import TaskGroup

    from stationd.proto.error import ErrorInfo
    from stationd.proto.job import JobId, JobSpec
    from stationd.runtime.api.client import Client
    from stationd.runtime.api.door import Door
    from stationd.runtime.api.intake import Intake
    from stationd.runtime.api.projects import Projects
    from stationd.runtime.api.resent import Resent
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.instrument_bus import InstrumentBus
    from stationd.runtime.jobs.dispatch import Dispatch
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.limits.limits import UserLimits


class Submitting:
    """Lets jobs in.

    Args:
        dispatch: Stores and runs them.
        journal: Is asked whether the disk takes anything.
        intake: Whether the station takes new work.
        projects: Know which properties a job may have.
        bus: Knows what controllers offer.
        targets: The controller of every target.
        door: Knows whether a job's time and controllers let it in.
        resent: Compares jobs that are there already.
        limits: Know how much everybody may have.
        tasks: Runs what lets batches in.
        fail: Answers a batch that could not be let in.
        clock: What time it is.
    """

    def __init__(
        self,
        *,
        dispatch: Dispatch,
        journal: Journal,
        intake: Intake,
        projects: Projects,
        bus: InstrumentBus,
        targets: Mapping[str, str],
        door: Door,
        resent: Resent,
        limits: UserLimits,
        tasks: TaskGroup,
        fail: Callable[[Client, Submit | SubmitMany, Exception], None],
        clock: Clock,
    ) -> None:
        self._resent = resent
        self._limits = limits
        self._dispatch = dispatch
        self._journal = journal
        self._intake = intake
        self._projects = projects
        self._bus = bus
        self._targets = targets
        self._door = door
        self._fail = fail
        self._batches = Batches(
            tasks=tasks,
            resent=resent,
            check=self._checked,
            store=dispatch.submit,
            submit=self._submit,
            notice=self._notice,
            since=self._since,
            fail=fail,
            clock=clock,
        )

    def submit(self, client: Client, request: Submit) -> None:
        """Let one job in.

        Raises:
            StationError: It is refused.
        """
        self._intake.check_open()
        if self._batches.hold_up(client):
            self._batches.add(client, request)
        else:
            self._submit(client, request)

    def _submit(self, client: Client, request: Submit) -> None:
        answer = partial(self._submitted, client, request)
        try:
            new = self._checked(client, request.job, request.spec, answer)
        except StationError as error:
            if not says_no_room(error):
                raise
            self._resent.refuse(
                request.job,
                request.spec,
                error,
                known=partial(self._known, client, request),
                refused=partial(self._refused, client, request),
            )
            return
        self._dispatch.submit(new)

    def _known(self, client: Client, request: Submit, number: int) -> None:
        notice = self._notice(request.spec)
        client.send(Submitted(request.request, request.job, number, created=False, notice=notice))

    def _refused(self, client: Client, request: Submit, error: ErrorInfo) -> None:
        self._fail(client, request, StationError(error))

    def submit_many(self, client: Client, request: SubmitMany) -> None:
        """Let in those of a batch that can run, bit by bit.

        Raises:
            StationError: The station takes no new work.
        """
        self._intake.check_open()
        self._batches.add(client, request)

    def _submitted(self, client: Client, request: Submit, number: int, created: bool) -> None:  # noqa: FBT001 - a callback with the journal's words
        spec, notice = request.spec, self._notice(request.spec)
        answer = Submitted(request.request, request.job, number, created, notice)
        if created:
            since = self._since(request.job)
            client.send(replace(answer, created_unix_s=since, creator=spec.creator))
        else:
            self._resent.compare(request.job, spec, partial(_tell, client, answer))

    def _since(self, job: JobId) -> float:
        """Return when a job was stored that has just been."""
        live = self._dispatch.get(job)
        return 0.0 if live is None else live.began_unix_s

    def _notice(self, spec: JobSpec) -> str:
        if not self._door.says:
            return ""
        return self._door.notice(spec, resolve_target(spec, self._targets) or "")

    def _checked(
        self, client: Client, job: JobId, spec: JobSpec, answer: Callable[[int, bool], None]
    ) -> NewJob:
        check_id(job)
        if not self._dispatch.knows(job):
            check_storage(self._journal)
        # The message is ours alone, so what it says of its sender is replaced where it is.
        force_setattr(spec, "creator", client.person.name)
        self._projects.check_job(spec.project, spec.properties)
        sound = self._soundness(spec)
        target = resolve_target(spec, self._targets) or ""
        if not self._dispatch.knows(job):
            self._door.check(spec, target)
            person = client.person
            self._limits.check_job(person.name, person.role, spec)
            self._dispatch.quotas.check(spec.project)
            answer = self._limits.arriving(person.name, answer)
        return NewJob(job, spec, target, answer, sound)

    def _soundness(self, spec: JobSpec) -> int:
        """Return the edition of what controllers offer by which nothing is wrong with a job, or 0.

        Raises:
            InvalidJob: It cannot run.
        """
        offers = self._bus.offers()
        if silent_controllers(spec, offers, self._targets):
            # The rest is looked into when they have come; but of the others something is known.
            problems = limited(differences(spec, offers, self._targets))
            sound = False
        else:
            problems = check_spec(spec, offers, self._targets)
            sound = not problems
        # Items with problems of their own may be left to the job, if it says so.
        if problems and (spec.item_errors == "stop" or any(one.item is None for one in problems)):
            raise InvalidJob(refusal(spec, problems, offers, self._targets))
        return self._bus.edition if sound else 0


def _tell(client: Client, answer: Submitted, error: ErrorInfo | None) -> None:
    client.send(answer if error is None else Failure(answer.request, error))
