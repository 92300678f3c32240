"""What clients were told, and what must hold whatever happens from then on."""

from dataclasses import dataclass, field

from stationd.proto.job import JobId
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime.journal.contents import Contents
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
    asked_to_cancel: set[JobId] = field(default_factory=set[JobId])
    asked_to_retry: dict[JobId, list[RemoteRetryStrategy]] = field(
        default_factory=dict[JobId, list[RemoteRetryStrategy]]
    )

    def check(self, contents: Contents, trace: Trace) -> None:
        """Compare what was promised with what a journal holds."""
        for job, number in self.submitted.items():
            if contents.numbers.get(job) != number:
                trace.violation("acknowledged job", job, number, "is not in the journal")
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
