"""What must hold at the end of every run, whatever went wrong.

The jobs' stories are looked at here, and who heard them; what the instruments did, in `executions`.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from stationd.proto.error import ErrorCode
from stationd.proto.job import TimelineEntry
from stationd.proto.status import JobExecutorStatus, RemoteRetryStrategy
from stationd.runtime.journal.contents import Contents
from tests.simulation.clients import Client, End, Heard
from tests.simulation.closures import check_acts
from tests.simulation.ears import Auditor, Ear
from tests.simulation.executions import Executions
from tests.simulation.going_on import wrong_readings
from tests.simulation.history import Attempt, History
from tests.simulation.instrument import reading
from tests.simulation.station import SimulatedStation

S = JobExecutorStatus
_BEGINNINGS: Final = {S.RECEIVED, S.PENDING_EXECUTION, S.EXECUTION_ENDED}
_RETRIED: Final = {
    ErrorCode.INSTRUMENT_LOST,
    ErrorCode.CONTROLLER_UNREACHABLE,
    ErrorCode.CONTROLLER_SILENT,
    ErrorCode.DRIVER_FAILED,
}
"""What is retried by itself, of all that happens here, if a job does not say."""


class Checkers:
    """All checks on a finished run.

    Args:
        station: The station, at rest.
        contents: What its journal holds.
        clients: All that took part.
        auditor: The one who heard everything.
        ears: Those who heard several jobs.
    """

    def __init__(
        self,
        station: SimulatedStation,
        contents: Contents,
        clients: Sequence[Client],
        auditor: Auditor,
        ears: Sequence[Ear],
    ) -> None:
        self._station = station
        self._contents = contents
        self._clients = clients
        self._auditor = auditor
        self._ears = ears
        self._wrong = station.trace.violation
        self._history = History(contents, station.disk.read())

    def run(self) -> None:
        """Check everything."""
        self._station.promises.check(self._contents, self._station.trace)
        self._disk_agrees()
        check_acts(self._station)
        for attempts in self._history.jobs():
            self._attempts_follow(attempts)
            self._cancels_are_kept(attempts)
            for attempt in attempts:
                self._rungs_ascend(attempt)
                self._goes_on_as_asked(attempt)
        Executions(self._station, self._history).check()
        self._readers_agree()
        self._results_are_right()

    def _disk_agrees(self) -> None:
        stored = self._station.disk.contents()
        if stored.facts != self._contents.facts:
            self._wrong("the journal does not hold what the daemon believes it holds")

    # --- attempts ----------------------------------------------------------------------------

    def _attempts_follow(self, attempts: list[Attempt]) -> None:
        """The history of all attempts is there, and each follows on the end of another one."""
        stored = attempts[0].stored
        if [entry.ordinal for entry in stored.timeline] != list(range(1, len(stored.timeline) + 1)):
            self._wrong("the facts of job", stored.record.job, "have holes")
        if [attempt.number for attempt in attempts] != list(range(1, len(attempts) + 1)):
            self._wrong("attempts are missing or mixed:", *attempts)
        if attempts[0].first.status is not S.RECEIVED:
            self._wrong(attempts[0], "began at", attempts[0].first.status)
        for before, after in pairwise(attempts):
            if after.first.status not in _BEGINNINGS:
                self._wrong(after, "began at", after.first.status)
            if not before.end.retrying:
                self._was_asked_for(attempts, before, after)
        if attempts[-1].end.retrying:
            self._wrong("nothing followed on", attempts[-1])

    def _was_asked_for(self, attempts: list[Attempt], before: Attempt, after: Attempt) -> None:
        """An attempt that did not come by itself is one that a client has asked for."""
        asked = self._station.promises.asked_to_retry.get(after.job, [])
        explicit = sum(not one.end.retrying for one in attempts[: after.number - 1])
        if explicit > len(asked):
            self._wrong(after, "was asked for by nobody:", asked)
        afresh = RemoteRetryStrategy.FULL_RESTART
        if before.end.status is S.READY and afresh not in asked:
            self._wrong(after, "followed on READY:", asked)
        again = {afresh, RemoteRetryStrategy.FORCE_RESUBMIT}
        if after.first.status is S.EXECUTION_ENDED or again.intersection(asked):
            return
        # Only the strategies are left that execute nothing, or nothing that may have been executed.
        executed = self._executed(attempts[: after.number - 1])
        if executed or RemoteRetryStrategy.ALLOW_RESUBMIT not in asked:
            self._wrong(after, "executes again after", executed, "though nobody allowed it:", asked)

    def _executed(self, attempts: list[Attempt]) -> list[int]:
        """Return the tickets of attempts that instruments have been at work on."""
        begun = {act.ticket for act in self._station.acts}
        return [one.ticket for one in attempts if one.ticket is not None and one.ticket in begun]

    def _rungs_ascend(self, attempt: Attempt) -> None:
        for before, after in pairwise(attempt.entries):
            repeated = after.status is before.status and after.cancelling
            if not (before.status < after.status or repeated):
                self._wrong(attempt, "fell from", before.status, "to", after.status)
        ends = [entry for entry in attempt.entries if entry.status.is_terminal]
        if len(ends) != 1 or not attempt.end.status.is_terminal:
            self._wrong(attempt, "has", len(ends), "ends")

    def _goes_on_as_asked(self, attempt: Attempt) -> None:
        """An attempt that has failed is followed by another one if the job says so."""
        spec, code = attempt.spec, attempt.code
        most = spec.max_attempts
        wanted = code in (spec.retry_on or _RETRIED)
        if (spec.resume or spec.on_lost == "requeue") and code is ErrorCode.INSTRUMENT_LOST:
            wanted, most = True, 3 if most == 1 else most
        wanted = wanted and attempt.end.status is S.FAILED
        if attempt.end.retrying is not (wanted and attempt.number < most):
            self._wrong(attempt, "failed of", code, "and retrying is", attempt.end.retrying)

    def _cancels_are_kept(self, attempts: list[Attempt]) -> None:
        name = attempts[0].job
        promises = self._station.promises
        aborted = [one for one in attempts if one.end.status is S.ABORTED]
        unasked = [one for one in aborted if not one.end.note.startswith("aborted by guard ")]
        if unasked and name not in promises.asked_to_cancel:
            self._wrong(unasked[0], "was aborted, and nobody had asked for it")
        if name in promises.cancels and not aborted:
            self._wrong("job", name, "was never aborted after its cancel was accepted")
        for attempt in attempts:
            accepted = any(entry.cancelling for entry in attempt.entries)
            if accepted and attempt.end.status is not S.ABORTED:
                self._wrong(attempt, "is", attempt.end.status, "after its cancel was accepted")

    # --- who heard it ------------------------------------------------------------------------

    def _readers_agree(self) -> None:
        if self._auditor.events != self._contents.facts:
            self._wrong("the listener to everything did not hear the journal's story")
        of_clients = (heard for client in self._clients for heard in client.heard)
        of_ears = (heard for ear in self._ears for stream in ear.heard for heard in stream)
        for heard in (*of_clients, *of_ears):
            self._story_is_true(heard)
        for client in self._clients:
            for end in client.ends:
                self._wait_ended_rightly(end)

    def _wait_ended_rightly(self, end: End) -> None:
        """It ended with the end of an attempt that was the newest one while it lasted."""
        times = self._station.trace.times
        attempts = self._history.of(end.job)
        for attempt, following in zip(attempts, [*attempts[1:], None], strict=True):
            last = attempt.end
            if last.status is not end.status or last.retrying or times[last.seq] > end.ended:
                continue
            if following is None or times[following.first.seq] >= end.began:
                return
        found = [(one.end.status, one.end.retrying, times[one.end.seq]) for one in attempts]
        self._wrong("a wait for job", end.job, "ended with", end, "and it is", found)

    def _story_is_true(self, heard: Heard) -> None:
        if not heard.statuses:
            return
        told: list[tuple[int, JobExecutorStatus]] = []
        for status in heard.statuses:
            if not told or told[-1] != (status.ordinal, status.status):
                told.append((status.ordinal, status.status))
        timeline: list[TimelineEntry] = self._history.of(heard.job)[0].stored.timeline
        truth = [(entry.ordinal, entry.status) for entry in timeline]
        first = told[0][0] - 1
        if truth[first : first + len(told)] != told:
            self._wrong("a listener of job", heard.job, "heard", told, "of", truth)

    def _results_are_right(self) -> None:
        for attempts in self._history.jobs():
            self._nothing_is_missing(attempts[-1])
        for client in self._clients:
            for fetched in client.results:
                attempts = self._history.of(fetched.job)[: fetched.attempt]
                attempt = attempts[-1]
                if attempt.spec.resume and len(attempts) > 1:
                    tickets = [one.ticket for one in attempts if one.ticket is not None]
                    if wrong := wrong_readings(fetched.data, tickets, self._station.acts):
                        self._wrong("the result of", attempt, wrong)
                    continue
                ticket = self._history.executed(attempt)
                spots = range(fetched.data.spots_done)
                expected = [reading(ticket or 0, spot) for spot in spots]
                for name, array in fetched.data.arrays.items():
                    if not np.array_equal(np.ravel(array), expected):
                        self._wrong("result", name, "of", attempt, "is", array, "not", expected)

    def _nothing_is_missing(self, attempt: Attempt) -> None:
        """A job that is READY has a whole result of every item."""
        if attempt.end.status is not S.READY:
            return
        items = attempt.stored.items
        whole = [one.index for one in items.values() if one.result is not None and not one.partial]
        if sorted(whole) != list(range(attempt.spec.items)):
            self._wrong("job", attempt.job, "is READY with results of", whole)
