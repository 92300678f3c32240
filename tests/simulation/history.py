"""The attempts of jobs, as a journal's whole log tells them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from stationd.proto.error import ErrorCode
from stationd.proto.job import JobId, JobSpec, TimelineEntry
from stationd.runtime.journal.contents import Contents, MemoryJob
from stationd.runtime.journal.records import AttemptOpened, JobStored, Record, TicketIssued

Writes = Sequence[Sequence[Sequence[Record]]]
"""The log of a journal: its commits, and their writes."""


@dataclass
class Attempt:
    """One climb of the ladder."""

    stored: MemoryJob
    number: int
    entries: list[TimelineEntry] = field(default_factory=list[TimelineEntry])
    ticket: int | None = None
    collected: int = 0
    """The attempt whose raw data it works up; 0 for its own."""

    @property
    def job(self) -> JobId:
        """The job's id."""
        return self.stored.record.job

    @property
    def spec(self) -> JobSpec:
        """What was asked for."""
        return self.stored.record.spec

    @property
    def first(self) -> TimelineEntry:
        """How it began."""
        return self.entries[0]

    @property
    def end(self) -> TimelineEntry:
        """How it ended."""
        return self.entries[-1]

    @property
    def code(self) -> ErrorCode | None:
        """Why it failed."""
        return None if self.end.error is None else self.end.error.code

    def __str__(self) -> str:
        return f"attempt {self.number} of job {self.job}"


class History:
    """All attempts of all jobs.

    Args:
        contents: What the journal holds.
        log: How it came about.
    """

    def __init__(self, contents: Contents, log: Writes) -> None:
        self.tickets = Counter[int]()
        """How often each ticket was issued."""
        self._jobs = {job.record.job: _attempts(job) for job in contents.jobs.values()}
        opened = Counter[int]()
        for record in _records(log):
            if isinstance(record, TicketIssued):
                self.tickets[record.ticket] += 1
                found = self._find(contents, record.number, record.attempt)
                if found is not None:
                    found.ticket = record.ticket
            elif isinstance(record, AttemptOpened):
                opened[record.number] += 1
                found = self._find(contents, record.number, opened[record.number] + 1)
                if found is not None:
                    found.collected = record.collected

    def _find(self, contents: Contents, number: int, attempt: int) -> Attempt | None:
        stored = contents.jobs.get(number)
        found = [] if stored is None else self._jobs[stored.record.job]
        return next((one for one in found if one.number == attempt), None)

    def jobs(self) -> Iterable[list[Attempt]]:
        """Return the attempts of each job."""
        return self._jobs.values()

    def of(self, job: JobId) -> list[Attempt]:
        """Return the attempts of a job."""
        return self._jobs[job]

    def all(self) -> list[Attempt]:
        """Return all attempts."""
        return [attempt for attempts in self._jobs.values() for attempt in attempts]

    def executed(self, attempt: Attempt) -> int | None:
        """Return the ticket whose raw data is an attempt's."""
        if not attempt.collected:
            return attempt.ticket
        return self.executed(self.of(attempt.job)[attempt.collected - 1])


def _attempts(job: MemoryJob) -> list[Attempt]:
    found: list[Attempt] = []
    for entry in job.timeline:
        if not found or found[-1].number != entry.attempt:
            found.append(Attempt(job, entry.attempt))
        found[-1].entries.append(entry)
    return found


def _records(log: Writes) -> Iterable[Record]:
    """Yield what took effect: of a job that was stored already, nothing that came with it did."""
    numbers: dict[JobId, int] = {}
    for write in chain.from_iterable(log):
        again = {
            record.number
            for record in write
            if isinstance(record, JobStored)
            and numbers.setdefault(record.job, record.number) != record.number
        }
        yield from (record for record in write if getattr(record, "number", None) not in again)
