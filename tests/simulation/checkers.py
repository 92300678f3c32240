"""What must hold at the end of every run, whatever went wrong."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from stationd.proto.error import ErrorCode
from stationd.proto.job import JobId, TimelineEntry
from stationd.proto.program import Compile, Sweep
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.journal.contents import Contents, MemoryJob
from tests.simulation.clients import Auditor, Client, Heard
from tests.simulation.instrument import Act, reading
from tests.simulation.station import SimulatedStation

S = JobExecutorStatus
_FAULTS = {ErrorCode.INSTRUMENT_LOST, ErrorCode.DRIVER_FAILED, ErrorCode.CONTROLLER_UNREACHABLE}
"""What jobs may fail of here."""


class Checkers:
    """All checks on a finished run.

    Args:
        station: The station, at rest.
        contents: What its journal holds.
        clients: All that took part.
        auditor: The one who heard everything.
    """

    def __init__(
        self,
        station: SimulatedStation,
        contents: Contents,
        clients: Sequence[Client],
        auditor: Auditor,
    ) -> None:
        self._station = station
        self._contents = contents
        self._clients = clients
        self._auditor = auditor
        self._wrong = station.trace.violation
        self._acts: dict[int, list[Act]] = defaultdict(list)
        for act in station.acts:
            self._acts[act.ticket].append(act)

    def run(self) -> None:
        """Check everything."""
        self._station.check_promises(self._contents)
        self._disk_agrees()
        for job in self._contents.jobs.values():
            self._rungs_ascend(job)
            self._ends_rightly(job)
            self._executes_rightly(job)
        self._runs_once()
        self._claims_do_not_overlap()
        self._readers_agree()
        self._results_are_right()

    def _disk_agrees(self) -> None:
        stored = self._station.disk.contents()
        if stored.facts != self._contents.facts:
            self._wrong("the journal does not hold what the daemon believes it holds")

    def _rungs_ascend(self, job: MemoryJob) -> None:
        name = job.record.job
        if [entry.ordinal for entry in job.timeline] != list(range(1, len(job.timeline) + 1)):
            self._wrong("the facts of job", name, "have holes")
        attempts: dict[int, list[TimelineEntry]] = defaultdict(list)
        for entry in job.timeline:
            attempts[entry.attempt].append(entry)
        for attempt, entries in attempts.items():
            for before, after in pairwise(entries):
                repeated = after.status is before.status and after.cancelling
                if not (before.status < after.status or repeated):
                    self._wrong("job", name, "fell from", before.status, "to", after.status)
            ends = [entry for entry in entries if entry.status.is_terminal]
            if len(ends) != 1 or not entries[-1].status.is_terminal:
                self._wrong("attempt", attempt, "of job", name, "has", len(ends), "ends")

    def _ends_rightly(self, job: MemoryJob) -> None:
        name, end = job.record.job, job.timeline[-1]
        promises = self._station.promises
        if end.status is S.ABORTED and name not in promises.asked_to_cancel:
            self._wrong("job", name, "was aborted, and nobody had asked for it")
        if name in promises.cancels and end.status is not S.ABORTED:
            self._wrong("job", name, "is", end.status, "after its cancel was accepted")
        if end.status is S.FAILED and not self._may_fail(job, end):
            self._wrong("job", name, "failed without a fault:", end.error)

    def _may_fail(self, job: MemoryJob, end: TimelineEntry) -> bool:
        """Whether what was done to the job's controllers explains that it failed."""
        if end.error is None or end.error.code not in _FAULTS:
            return False
        if self._station.scenario.refuses > 0:
            # Who was brought to rest because another one had failed may be heard of first, by a
            # daemon that has just started.
            return True
        times = self._station.trace.times
        first, last = times[job.timeline[0].seq], times[end.seq]
        patience = 2 * self._station.scenario.settings.instruments.grace
        claims = _claims(job)
        return any(
            name in claims and first - patience <= when <= last
            for when, name in self._station.troubles
        )

    def _executes_rightly(self, job: MemoryJob) -> None:
        name, end, ticket = job.record.job, job.timeline[-1], job.ticket
        acts = self._acts.get(ticket.ticket, []) if ticket else []
        if end.note == "cancelled before execution" and acts:
            self._wrong("job", name, "was executed, and called cancelled before execution")
        if _code(end) is not ErrorCode.INSTRUMENT_LOST:
            over = self._station.trace.times[end.seq]
            if any(act.ended is None or act.ended > over for act in acts):
                self._wrong("job", name, "was over before its instruments were at rest")
        if end.status is not S.READY:
            return
        claims = _claims(job)
        if sorted(act.controller for act in acts) != sorted(claims):
            self._wrong("job", name, "is READY and was executed by", [a.controller for a in acts])
        if isinstance(job.record.spec.work, Sweep):
            self._spots_are_visited(name, job.record.spec.work, acts)

    def _spots_are_visited(self, job: JobId, sweep: Sweep, acts: Iterable[Act]) -> None:
        steps = sorted((when, phase, spot) for act in acts for phase, spot, when in act.steps)
        places = [(spot, phase == "read") for _, phase, spot in steps]
        if places != sorted(places):
            self._wrong("the controllers of job", job, "were not at the same spot")
        readers = len({name.partition(".")[0] for name in sweep.returns})
        if sum(read for _, read in places) != readers * sweep.spots:
            self._wrong("job", job, "did not read at every spot once")

    def _runs_once(self) -> None:
        issued = {
            job.ticket.ticket for job in self._contents.jobs.values() if job.ticket is not None
        }
        for ticket, acts in self._acts.items():
            if ticket not in issued:
                self._wrong("ticket", ticket, "was executed and never issued")
            names = [act.controller for act in acts]
            if len(names) != len(set(names)):
                self._wrong("ticket", ticket, "was executed by", names)

    def _claims_do_not_overlap(self) -> None:
        """From the first start to the last at rest, the controllers of a ticket are its own."""
        held: dict[str, list[tuple[float, float, int]]] = defaultdict(list)
        given_up = self._given_up()
        for ticket, acts in self._acts.items():
            # Once a controller has been given up, the others wait for it no more.
            together = acts if ticket not in given_up else []
            first = min((act.began for act in together), default=0.0)
            last = max((act.ended or act.began for act in together), default=0.0)
            for act in acts:
                span = (first or act.began, last or act.ended or act.began, ticket)
                held[act.controller].append(span)
        for controller, spans in held.items():
            spans.sort()
            for before, after in pairwise(spans):
                if after[0] < before[1]:
                    self._wrong(controller, "was claimed by", before, "and", after)

    def _given_up(self) -> set[int]:
        """Return the tickets of jobs that have lost a controller."""
        return {
            job.ticket.ticket
            for job in self._contents.jobs.values()
            if job.ticket is not None and _code(job.timeline[-1]) is ErrorCode.INSTRUMENT_LOST
        }

    def _readers_agree(self) -> None:
        if self._auditor.events != self._contents.facts:
            self._wrong("the listener to everything did not hear the journal's story")
        for client in self._clients:
            for heard in client.heard:
                self._story_is_true(heard)
            for job, status in client.ends:
                end = self._job(job).timeline[-1].status
                if status is not end:
                    self._wrong("a wait for job", job, "ended with", status, "and it is", end)

    def _story_is_true(self, heard: Heard) -> None:
        if not heard.statuses:
            return
        told: list[tuple[int, JobExecutorStatus]] = []
        for status in heard.statuses:
            if not told or told[-1] != (status.ordinal, status.status):
                told.append((status.ordinal, status.status))
        truth = [(entry.ordinal, entry.status) for entry in self._job(heard.job).timeline]
        first = told[0][0] - 1
        if truth[first : first + len(told)] != told:
            self._wrong("a listener of job", heard.job, "heard", told, "of", truth)

    def _results_are_right(self) -> None:
        for client in self._clients:
            for job, data in client.results.items():
                stored = self._job(job)
                if stored.ticket is None:
                    continue
                expected = [reading(stored.ticket.ticket, spot) for spot in range(data.spots_done)]
                for name, array in data.arrays.items():
                    if not np.array_equal(np.ravel(array), expected):
                        self._wrong("result", name, "of job", job, "is", array, "not", expected)

    def _job(self, job: JobId) -> MemoryJob:
        return self._contents.jobs[self._contents.numbers[job]]


def _code(end: TimelineEntry) -> ErrorCode | None:
    return None if end.error is None else end.error.code


def _claims(job: MemoryJob) -> list[str]:
    work = job.record.spec.work
    if isinstance(work, Sweep):
        return work.controllers()
    return [] if isinstance(work, Compile) else [job.record.target]
