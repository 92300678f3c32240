"""What is counted of a station, for Prometheus and for whoever asks.

Rule 1. The hot path adds to plain numbers; what can be asked at scrape time is asked then.
Rule 2. What is counted by name has all its names from the start, from closed sets: statuses,
        outcomes, stages, error codes, controllers of the configuration.
"""

from __future__ import annotations

import time
from itertools import product
from typing import TYPE_CHECKING, Final, Literal

import anyio

from stationd.proto.error import ErrorCode
from stationd.proto.status import JobExecutorStatus, RemoteRetryStrategy
from stationd.runtime.histogram import PlainHistogram
from stationd.runtime.journal.interface import JournalStatistics
from stationd.runtime.metrics.cache_statistics import CacheStatistics
from stationd.runtime.metrics.utilisation import Utilisation
from stationd.runtime.metrics.vitals import Vitals

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stationd.runtime.live import LiveJob

STAGE_SECONDS: Final = (
    0.0001,
    0.0005,
    0.001,
    0.005,
    0.02,
    0.1,
    0.5,
    2.0,
    10.0,
    60.0,
    300.0,
    3600.0,
)
LAG_SECONDS: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0)
PROBE_SECONDS: Final = 0.25

_STAGES: Final = {
    JobExecutorStatus.VALIDATION_STARTED: "validation",
    JobExecutorStatus.FETCH_CALIBRATION_STARTED: "fetch_calibration",
    JobExecutorStatus.COMPILATION_STARTED: "compilation",
    JobExecutorStatus.SAVE_SWEEP_METADATA_STARTED: "save_sweep_metadata",
    JobExecutorStatus.PENDING_EXECUTION: "queue",
    JobExecutorStatus.EXECUTION_STARTED: "execution",
    JobExecutorStatus.POST_PROCESSING_STARTED: "post_processing",
}
"""What a job waits for while it stands on a rung."""
_RETRIES: Final = [
    ("automatic", "opened"),
    *product(
        map(str, RemoteRetryStrategy),
        ("opened", "nothing_to_collect", "controller_unreachable", "refused"),
    ),
]
"""Strategies, and what can come of them."""


class Counts:
    """What is counted of a station.

    Args:
        controllers: The configured controllers.

    Attributes:
        failed: Jobs that failed, by the code of their error.
        up: Which controllers are connected.
        bad_frames: Frames that made no sense, by socket.
        refused: Requests that were not carried out, by the code of their error.
        retries: Retries by strategy and outcome.
        unexpected: Bugs that were contained.
        lag: How late the loop woke a task.
        utilisation: What the controllers' time was spent on.
        vitals: What the loop knew last.
    """

    def __init__(self, controllers: Sequence[str]) -> None:
        # By rung: those under way, and of the three last ones all that have ended.
        self._counts = [0] * len(JobExecutorStatus)
        self._submitted = 0
        self._stages = [
            PlainHistogram(STAGE_SECONDS) if status in _STAGES else None
            for status in JobExecutorStatus
        ]
        self.failed = dict.fromkeys(ErrorCode, 0)
        self.up = dict.fromkeys(controllers, False)
        self.bad_frames = {"jobs": 0, "instruments": 0}
        self.refused = dict.fromkeys(ErrorCode, 0)
        self.retries = dict.fromkeys(_RETRIES, 0)
        self.unexpected = 0
        self.lag = PlainHistogram(LAG_SECONDS)
        self.utilisation = Utilisation(controllers)
        self.started_unix_s = time.time()
        self.vitals = Vitals(
            waiting=dict.fromkeys(controllers, 0),
            paused=dict.fromkeys(controllers, False),
            heard_unix_s=dict.fromkeys(controllers, 0.0),
            restarts=dict.fromkeys(controllers, 0),
        )
        self.queue_depth: Callable[[], int] = _none
        self.listeners: Callable[[], int] = _none
        self.log_lines: Callable[[], Mapping[str, int]] = dict
        self.log_lines_dropped: Callable[[], int] = _none
        self.traces_dropped: Callable[[], int] = _none
        self.journal: Callable[[], JournalStatistics] = JournalStatistics
        self.compile_cache: Callable[[], CacheStatistics] = CacheStatistics

    def watch(
        self,
        *,
        queue_depth: Callable[[], int],
        listeners: Callable[[], int],
        journal: Callable[[], JournalStatistics],
        compile_cache: Callable[[], CacheStatistics],
    ) -> None:
        """Say where numbers that are asked at scrape time come from."""
        self.queue_depth = queue_depth
        self.listeners = listeners
        self.journal = journal
        self.compile_cache = compile_cache

    # --- what happens ------------------------------------------------------------------------

    def fact(
        self, live: LiveJob, before: JobExecutorStatus | None, now: float | None = None
    ) -> None:
        """Count a job's new status; call before it is written down."""
        status = live.job.status
        if before is status:
            return
        if before is not None and now is not None:
            stage = self._stages[before.rung]
            if stage is not None:
                stage.observe(max(0.0, now - live.stored_at))
            live.stored_at = now
            if not before.is_terminal:
                self._counts[before.rung] -= 1
        elif status is JobExecutorStatus.RECEIVED:
            self._submitted += 1
        self._counts[status.rung] += 1
        if status is JobExecutorStatus.FAILED:
            error = live.job.error
            self.failed[ErrorCode.UNKNOWN if error is None else error.code] += 1

    def arrived(self, reached: Sequence[JobExecutorStatus]) -> None:
        """Count a job that has been stored together with its first steps.

        Args:
            reached: Where they took it after RECEIVED, in no time.
        """
        self._submitted += 1
        for status in reached[:-1]:
            stage = self._stages[status.rung]
            if stage is not None:
                stage.observe(0.0)
        self._counts[(reached[-1] if reached else JobExecutorStatus.RECEIVED).rung] += 1

    def arriving(self, more: int) -> None:
        """Count jobs on the first rung that are being written down, or are so no more."""
        self._counts[JobExecutorStatus.RECEIVED.rung] += more

    def found(self, status: JobExecutorStatus) -> None:
        """Count a job that an earlier daemon left unfinished."""
        self._counts[status.rung] += 1

    def controller_up(self, name: str, *, up: bool) -> None:
        """Take note of a controller that came or went."""
        self.up[name] = up
        self.utilisation.look()

    def bad_frame(self, socket: str) -> None:
        """Count a frame that was dropped."""
        self.bad_frames[socket] += 1

    def request_refused(self, code: ErrorCode) -> None:
        """Count a request that was not carried out."""
        self.refused[code] += 1

    def retried(self, strategy: RemoteRetryStrategy | Literal["automatic"], outcome: str) -> None:
        """Count a retry.

        Args:
            strategy: The client's, or that of a job that retries by itself.
            outcome: What was answered, or ``refused``.
        """
        self.retries[str(strategy), outcome] += 1

    def unexpected_event(self) -> None:
        """Count a bug that was contained."""
        self.unexpected += 1

    async def probe(self) -> None:
        """Measure for ever how late the loop wakes a task."""
        while True:
            due = anyio.current_time() + PROBE_SECONDS
            await anyio.sleep(PROBE_SECONDS)
            self.lag.observe(max(0.0, anyio.current_time() - due))

    # --- what has been counted ---------------------------------------------------------------

    def totals(self) -> tuple[int, dict[JobExecutorStatus, int]]:
        """Return jobs received, and jobs ended by status."""
        ended = JobExecutorStatus.terminal_statuses()
        return self._submitted, {status: self._counts[status.rung] for status in sorted(ended)}

    def under_way(self) -> dict[JobExecutorStatus, int]:
        """Return how many jobs stand on each rung."""
        rungs = JobExecutorStatus.in_progress_statuses()
        return {status: self._counts[status.rung] for status in sorted(rungs)}

    def stages(self) -> dict[str, PlainHistogram]:
        """Return the time that jobs spent in each stage."""
        return {
            _STAGES[status]: histogram
            for status, histogram in zip(JobExecutorStatus, self._stages, strict=True)
            if histogram is not None
        }


def _none() -> int:
    return 0
