"""What must hold of every job and attempt at the moment at which it is taken in.

Rule 1. Whoever has made it may submit, as the configuration is then.
Rule 2. It does not bring its user above the bound of jobs under way. What a daemon found when it
        started counts once it has been taken up, so until then nothing is said.
Rule 3. Its project's results do not take up the quota, and have not for a while.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

import anyio

from stationd.proto.error import LimitReached
from stationd.proto.job import JobId
from stationd.runtime.journal.contents import Contents
from stationd.runtime.journal.interface import Commit
from stationd.runtime.journal.records import AttemptOpened, JobStored, Record
from stationd.runtime.limits.limits import UserLimits
from stationd.runtime.settings import Settings
from stationd.runtime.station import Station
from tests.simulation.rights import may

if TYPE_CHECKING:
    from tests.simulation.lives import DaemonLife
    from tests.simulation.station import SimulatedStation

_KNOWN_WITHIN: Final = 1.0
"""Seconds from a result's being on disk in which a quota is used up."""


class UnderWay:
    """The jobs that are under way, as the journal and what is being written have it.

    Args:
        contents: What the journal of a daemon holds.
    """

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._attempts: dict[JobId, tuple[str, int]] = {}
        """By job: who has made it, and the attempt that is under way."""
        for job in contents.jobs.values():
            if not job.timeline[-1].status.is_terminal:
                creator, attempt = job.record.spec.creator, job.timeline[-1].attempt
                self._attempts[job.record.job] = (creator, attempt)

    def __contains__(self, job: JobId) -> bool:
        self._prune()
        return job in self._attempts

    def begin(self, job: JobId, creator: str, attempt: int) -> None:
        """Count an attempt that is being written."""
        self._attempts[job] = (creator, attempt)

    def attempt(self, job: JobId) -> int:
        """Return which attempt of a job is under way; 0 if none is."""
        return self._attempts.get(job, ("", 0))[1]

    def of(self, user: str) -> int:
        """Return how many jobs of a user are under way."""
        self._prune()
        return sum(creator == user for creator, _ in self._attempts.values())

    def _prune(self) -> None:
        for job, (_, attempt) in list(self._attempts.items()):
            number = self._contents.numbers.get(job)
            if number is not None:
                newest = self._contents.jobs[number].timeline[-1]
                if newest.attempt >= attempt and newest.status.is_terminal:
                    del self._attempts[job]


class Intake:
    """Looks at all that daemons take in.

    Args:
        station: The station.
    """

    def __init__(self, station: "SimulatedStation") -> None:
        self._station = station
        self._full: dict[tuple[str, int], float] = {}
        """Since when projects were seen to have all of a quota."""

    def watch(self, life: "DaemonLife") -> None:
        """Look at all that a daemon writes."""
        settings = self._station.rights.settings
        if not (settings.users or settings.limits.jobs or self._station.scenario.projects):
            return
        write, under_way = life.journal.write, UnderWay(life.journal.contents)

        def check_and_write(records: Sequence[Record], committed: Callable[[Commit], None]) -> None:
            for record in records:
                self._check(life, record, under_way)
            write(records, committed)

        vars(life.journal)["write"] = check_and_write

    def not_given_back(self, running: Station, contents: Contents) -> str:
        """Return what is counted of users and projects though nothing is under way."""
        limits: UserLimits = vars(running.api)["_limits"]
        settings = self._station.rights.settings
        for user in sorted(set(self._station.rights.creators.values())):
            one = settings.users.get(user)
            try:
                limits.check_attempt(user, "admin" if one is None else one.role)
            except LimitReached as error:
                return str(error)
        for project, used in running.dispatch.quotas.used().items():
            stored = used_bytes(contents, project)
            if used != stored:
                return f"{used} bytes are counted of project {project}, which has {stored}"
        return ""

    def _check(self, life: "DaemonLife", record: Record, under_way: UnderWay) -> None:
        contents = life.journal.contents
        match record:
            case JobStored() if record.job not in contents.numbers:
                user = record.spec.creator
                if not self._station.rights.now(may(user, "submitter")):
                    self._station.trace.violation(user, "may not submit, and did:", record.job)
                self._check_bound(life, user, under_way)
                self._check_quota(contents, record)
                under_way.begin(record.job, user, 1)
            case AttemptOpened():
                stored = contents.jobs[record.number].record
                newest = contents.jobs[record.number].timeline[-1].attempt
                attempt = 1 + max(newest, under_way.attempt(stored.job))
                if stored.job not in under_way:
                    self._check_bound(life, stored.spec.creator, under_way)
                under_way.begin(stored.job, stored.spec.creator, attempt)
            case _:
                return

    def _check_bound(self, life: "DaemonLife", user: str, under_way: UnderWay) -> None:
        bound, there = bound_of(self._station.rights.settings, user), under_way.of(user)
        if bound and there >= bound and life.running is not None and _all_taken_up(life.running):
            self._station.trace.violation(
                user or "somebody", "has", there, "jobs under way, and gets one more than", bound
            )

    def _check_quota(self, contents: Contents, record: JobStored) -> None:
        project = contents.projects.get(record.spec.project)
        if project is None or not project.quota_bytes:
            return
        key, now = (project.id, project.quota_bytes), anyio.current_time()
        if used_bytes(contents, project.id) < project.quota_bytes:
            self._full.pop(key, None)
        elif now - self._full.setdefault(key, now) > _KNOWN_WITHIN:
            self._station.trace.violation("job", record.job, "comes in above the quota of", *key)


def bound_of(settings: Settings, user: str) -> int:
    """Return how many jobs of a user may be under way; 0 for any number."""
    one = settings.users.get(user)
    role = settings.limits.roles.get("admin" if one is None else one.role)
    for said in (None if one is None else one.limits, role):
        if said is not None and said.jobs is not None:
            return said.jobs
    return settings.limits.jobs


def used_bytes(contents: Contents, project: str) -> int:
    """Return what the stored results of a project take up."""
    return sum(
        item.result.size_bytes
        for job in contents.jobs.values()
        if job.record.spec.project == project
        for item in job.items.values()
        if item.result is not None
    )


def _all_taken_up(running: Station) -> bool:
    return not len(vars(running.dispatch)["_recovery"])
