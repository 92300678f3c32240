"""What Prometheus scrapes.

Rule 1. The hot path adds to plain numbers and to children made at start; everything that can be
        asked at scrape time is asked then.
Rule 2. Labels come from closed sets: statuses, outcomes, stages, controllers of the configuration.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Final, Literal

import anyio
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily

from stationd import __version__
from stationd.proto.error import StationError
from stationd.proto.status import JobExecutorStatus, RemoteRetryStrategy
from stationd.runtime.histogram import PlainHistogram
from stationd.runtime.journal.interface import JournalStatistics

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from prometheus_client.metrics_core import Metric

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


class Metrics:
    """The station's metrics.

    Args:
        controllers: The configured controllers.
    """

    def __init__(self, controllers: Sequence[str]) -> None:
        self.registry = CollectorRegistry()
        # By rung: those under way, and of the three last ones all that have ended.
        self._counts = [0] * len(JobExecutorStatus)
        self._submitted = 0
        self._journal: Callable[[], JournalStatistics] = JournalStatistics
        self.registry.register(_Totals(self))
        jobs = self._gauge("stationd_jobs", "Jobs under way, by status.", ["status"])
        for status in JobExecutorStatus:
            if not status.is_terminal:
                jobs.labels(str(status)).set_function(
                    partial(self._counts.__getitem__, status.rung)
                )
        self._stages = [
            PlainHistogram(STAGE_SECONDS) if status in _STAGES else None
            for status in JobExecutorStatus
        ]
        up = self._gauge(
            "stationd_controller_up", "Whether a controller is connected.", ["controller"]
        )
        self._up = {name: up.labels(name) for name in controllers}
        frames = Counter(
            "stationd_bad_frames",
            "Frames that were dropped because they made no sense.",
            ["socket"],
            registry=self.registry,
        )
        self._bad_frames = {name: frames.labels(name) for name in ("jobs", "instruments")}
        self._unexpected = Counter(
            "stationd_unexpected_events",
            "Events that had no meaning for their job, and failures while a controller's word was"
            " taken: bugs.",
            registry=self.registry,
        )
        retries = Counter(
            "stationd_retries",
            "Retries that clients asked for, and attempts that the station made by itself.",
            ["strategy", "outcome"],
            registry=self.registry,
        )
        self._retries = {
            (strategy, outcome): retries.labels(strategy, outcome) for strategy, outcome in _RETRIES
        }
        self._lag = Histogram(
            "stationd_event_loop_lag_seconds",
            "How late the daemon's event loop wakes a task.",
            buckets=LAG_SECONDS,
            registry=self.registry,
        )
        trouble = self._gauge(
            "stationd_journal_trouble",
            "Whether the disk is full or fails: no new work is taken.",
        )
        trouble.set_function(lambda: self.journal().trouble)
        info = self._gauge("stationd_info", "The version that runs.", ["version"])
        info.labels(__version__).set(1)

    def watch(
        self,
        *,
        queue_depth: Callable[[], int],
        listeners: Callable[[], int],
        journal: Callable[[], JournalStatistics],
    ) -> None:
        """Say where numbers that are asked at scrape time come from."""
        self._journal = journal
        depth = self._gauge("stationd_queue_jobs", "Jobs that wait in the queue.")
        depth.set_function(queue_depth)
        open_streams = self._gauge("stationd_listeners", "Streams that clients listen to.")
        open_streams.set_function(listeners)

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

    def arriving(self, more: int) -> None:
        """Count jobs on the first rung that are being written down, or are so no more."""
        self._counts[JobExecutorStatus.RECEIVED.rung] += more

    def found(self, status: JobExecutorStatus) -> None:
        """Count a job that an earlier daemon left unfinished."""
        self._counts[status.rung] += 1

    def controller_up(self, name: str, *, up: bool) -> None:
        """Take note of a controller that came or went."""
        self._up[name].set(up)

    def bad_frame(self, socket: str) -> None:
        """Count a frame that was dropped."""
        self._bad_frames[socket].inc()

    def retried(self, strategy: RemoteRetryStrategy | Literal["automatic"], outcome: str) -> None:
        """Count a retry.

        Args:
            strategy: The client's, or that of a job that retries by itself.
            outcome: What was answered, or ``refused``.
        """
        self._retries[str(strategy), outcome].inc()

    def unexpected_event(self) -> None:
        """Count a bug that was contained."""
        self._unexpected.inc()

    async def probe(self) -> None:
        """Measure for ever how late the loop wakes a task."""
        while True:
            due = anyio.current_time() + PROBE_SECONDS
            await anyio.sleep(PROBE_SECONDS)
            self._lag.observe(max(0.0, anyio.current_time() - due))

    def journal(self) -> JournalStatistics:
        """Return how the journal is doing."""
        return self._journal()

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

    def _gauge(self, name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
        return Gauge(name, text, labels, registry=self.registry)


class _Totals:
    """Counters that are plain numbers until somebody scrapes them."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        submitted, ended = self._metrics.totals()
        received = CounterMetricFamily("stationd_jobs_received", "Jobs that came in.")
        received.add_metric([], submitted)
        yield received
        over = CounterMetricFamily("stationd_jobs_ended", "Jobs that are over.", labels=["outcome"])
        for status, count in ended.items():
            over.add_metric([str(status)], count)
        yield over
        stages = HistogramMetricFamily(
            "stationd_stage_seconds", "Time that jobs spent in each stage.", labels=["stage"]
        )
        for stage, seconds in self._metrics.stages().items():
            seconds.add_to(stages, [stage])
        yield stages
        yield from _of_journal(self._metrics.journal())


@contextmanager
def served(metrics: Metrics, listen: str) -> Generator[int]:
    """Serve metrics over HTTP, in a thread, while the context lasts; yield the port.

    Args:
        metrics: What to serve.
        listen: Address and port; port 0 takes a free one. Empty serves nothing, on port 0.

    Raises:
        StationError: The port is taken.
    """
    if not listen:
        yield 0
        return
    address, _, port = listen.rpartition(":")
    try:
        server, thread = start_http_server(int(port), address, registry=metrics.registry)
    except OSError as error:
        raise StationError(
            f"metrics.listen: cannot serve metrics on {listen}: {error.strerror}"
        ) from error
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _of_journal(journal: JournalStatistics) -> Iterator[Metric]:
    commits = CounterMetricFamily("stationd_journal_commits", "Commits of the journal.")
    commits.add_metric([], journal.commits)
    yield commits
    records = CounterMetricFamily("stationd_journal_records", "Records that were committed.")
    records.add_metric([], journal.records)
    yield records
    seconds = HistogramMetricFamily(
        "stationd_journal_commit_seconds", "Time that commits of the journal took."
    )
    journal.commit_seconds.add_to(seconds)
    yield seconds
    sizes = HistogramMetricFamily(
        "stationd_journal_commit_records", "Records that one commit took."
    )
    journal.commit_records.add_to(sizes)
    yield sizes
