"""What clients were told, and what must hold whatever happens from then on."""

from dataclasses import dataclass, field

from stationd.proto.job import JobId
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime.journal.contents import Contents
from tests.simulation.closures import Closures
from tests.simulation.trace import Trace


@dataclass
class Promises:
    """What clients were told, and what they have asked for."""

    submitted: dict[JobId, int] = field(default_factory=dict[JobId, int])
    """Acknowledged jobs, and their numbers."""
    cancels: set[JobId] = field(default_factory=set[JobId])
    """Cancels that were accepted."""
    attempts: dict[JobId, int] = field(default_factory=dict[JobId, int])
    """Attempts that retries have opened, the newest of each job."""
    closures: Closures = field(default_factory=Closures)
    """What operators have closed."""
    refused: set[JobId] = field(default_factory=set[JobId])
    """Jobs that were not let in, and not asked for again."""
    doubled: set[JobId] = field(default_factory=set[JobId])
    """Jobs of which the network has made a second Submit: that may be let in after the first."""
    asked_to_cancel: set[JobId] = field(default_factory=set[JobId])
    asked_to_retry: dict[JobId, list[RemoteRetryStrategy]] = field(
        default_factory=dict[JobId, list[RemoteRetryStrategy]]
    )

    def check(self, contents: Contents, trace: Trace) -> None:
        """Compare what was promised with what a journal holds."""
        for job, number in self.submitted.items():
            if contents.numbers.get(job) != number:
                trace.violation("acknowledged job", job, number, "is not in the journal")
        for job in self.refused:
            self.check_refused(job, contents, trace)
        self._check_changes(contents, trace)

    def check_refused(self, job: JobId, contents: Contents, trace: Trace) -> None:
        """Check that nothing is left of a job that was not let in."""
        if job in contents.numbers and job not in self.doubled:
            trace.violation("job", job, "was refused, and is in the journal")

    def _check_changes(self, contents: Contents, trace: Trace) -> None:
        for job in self.cancels:
            stored = contents.jobs.get(contents.numbers.get(job, 0))
            if stored is None or not any(
                entry.cancelling or entry.status.is_terminal for entry in stored.timeline
            ):
                trace.violation("accepted cancel of", job, "is not in the journal")
        for job, attempt in self.attempts.items():
            stored = contents.jobs.get(contents.numbers.get(job, 0))
            if stored is None or stored.timeline[-1].attempt < attempt:
                trace.violation("opened attempt", attempt, "of", job, "is not in the journal")
