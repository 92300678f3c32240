"""What Prometheus is shown: every metric of the station, made of plain numbers when it asks.

It runs in the thread that serves the metrics, beside the event loop, and reads what is replaced
or added to in one step; it asks the loop nothing.
"""

from __future__ import annotations

import platform
import sqlite3
import time
from typing import TYPE_CHECKING, Final

import zmq
from prometheus_client.core import GaugeMetricFamily

from stationd import __version__
from stationd.runtime.metrics.families import counter, counters, gauge, gauges, histograms
from stationd.runtime.metrics.guarding import guard_metrics
from stationd.runtime.metrics.storing import project_metrics
from stationd.runtime.metrics.utilisation import Use

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from stationd.runtime.metrics.counts import Counts

_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Exposition:
    """Collects all metrics.

    Args:
        counts: What has been counted.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        """Yield every family."""
        counts = self._counts
        yield from _station(counts)
        yield from _jobs(counts)
        yield from _compilation(counts)
        yield from _queue(counts)
        yield from _controllers(counts)
        yield from guard_metrics(counts.vitals.guards)
        yield from project_metrics(counts.vitals.projects)
        yield from _clients(counts)
        yield from _journal(counts)


def _station(counts: Counts) -> Iterator[Metric]:
    versions = {
        "version": __version__,
        "python": platform.python_version(),
        "libzmq": zmq.zmq_version(),
        "sqlite": sqlite3.sqlite_version,
        "backend": counts.vitals.backend,
    }
    info = GaugeMetricFamily(
        "stationd_build_info", "1; its labels say what runs.", labels=[*versions]
    )
    info.add_metric([*versions.values()], 1)
    yield info
    yield gauge(
        "stationd_start_timestamp_seconds", "When the daemon started.", counts.started_unix_s
    )
    yield counter(
        "stationd_starts",
        "Starts of the station's daemon in its whole life.",
        counts.vitals.starts,
    )
    yield histograms(
        "stationd_event_loop_lag_seconds",
        "How late the daemon's event loop wakes a task.",
        "",
        {"": counts.lag},
    )
    yield counter(
        "stationd_unexpected_events",
        "Events that had no meaning for their job, and failures while a controller's word was"
        " taken: bugs.",
        counts.unexpected,
    )
    logged = counts.log_lines()
    yield counters(
        "stationd_log_lines",
        "Lines that the daemon has logged, by level.",
        ("level",),
        (((level.lower(),), logged.get(level, 0)) for level in _LEVELS),
    )
    yield counter(
        "stationd_log_lines_dropped",
        "Lines of the log that nobody will read: they came faster than they could be written.",
        counts.log_lines_dropped(),
    )
    yield counter(
        "stationd_traces_dropped",
        "Jobs whose traces were not sent: the collector was too slow, or away.",
        counts.traces_dropped(),
    )


def _jobs(counts: Counts) -> Iterator[Metric]:
    received, ended = counts.totals()
    yield counter("stationd_jobs_received", "Jobs that came in.", received)
    yield counters(
        "stationd_jobs_ended",
        "Jobs that are over.",
        ("outcome",),
        (((str(status),), count) for status, count in ended.items()),
    )
    yield counters(
        "stationd_jobs_failed",
        "Jobs that failed, by what their error is.",
        ("code",),
        (((code,), count) for code, count in counts.failed.items()),
    )
    under_way = {str(status): count for status, count in counts.under_way().items()}
    yield gauges("stationd_jobs", "Jobs under way, by status.", "status", under_way)
    yield histograms(
        "stationd_stage_seconds", "Time that jobs spent in each stage.", "stage", counts.stages()
    )
    yield counters(
        "stationd_retries",
        "Retries that clients asked for, and attempts that the station made by itself.",
        ("strategy", "outcome"),
        counts.retries.items(),
    )


def _compilation(counts: Counts) -> Iterator[Metric]:
    cache = counts.compile_cache()
    yield counters(
        "stationd_compile_cache_lookups",
        "Circuits that were to be compiled, by whether that had been done already.",
        ("outcome",),
        ((("hit",), cache.hits), (("miss",), cache.misses)),
    )
    yield counter(
        "stationd_compile_cache_evicted",
        "Compiled circuits that are kept no longer, because others needed the room.",
        cache.evicted,
    )
    yield gauge(
        "stationd_compile_cache_bytes",
        "Memory that compiled circuits take which are kept for other jobs, about.",
        cache.size_bytes,
    )


def _queue(counts: Counts) -> Iterator[Metric]:
    vitals = counts.vitals
    oldest = vitals.oldest_unix_s
    yield gauge("stationd_queue_jobs", "Jobs that wait in the queue.", counts.queue_depth())
    yield gauges(
        "stationd_queue_waiting_jobs",
        "Jobs that wait for a controller and may go to it.",
        "controller",
        vitals.waiting,
    )
    yield gauge(
        "stationd_queue_oldest_wait_seconds",
        "How long the job that came first of those that may go has waited; 0 if none waits.",
        0.0 if oldest is None else max(0.0, time.time() - oldest),
    )


def _controllers(counts: Counts) -> Iterator[Metric]:
    vitals = counts.vitals
    yield gauges(
        "stationd_controller_up", "Whether a controller is connected.", "controller", counts.up
    )
    yield gauges(
        "stationd_controller_paused",
        "Whether an operator lets nothing new begin on a controller.",
        "controller",
        vitals.paused,
    )
    yield gauges(
        "stationd_controller_heard_timestamp_seconds",
        "When a controller was heard last; 0 for never.",
        "controller",
        vitals.heard_unix_s,
    )
    yield counters(
        "stationd_controller_restarts",
        "Starts of a controller by the daemon, because its process had ended.",
        ("controller",),
        (((name,), count) for name, count in vitals.restarts.items()),
    )
    yield counters(
        "stationd_controller_state_seconds",
        "What a controller's time was spent on.",
        ("controller", "state"),
        (
            ((name, use), seconds)
            for name, spent in counts.utilisation.seconds().items()
            for use, seconds in zip(Use, spent, strict=True)
        ),
    )
    yield histograms(
        "stationd_controller_idle_gap_seconds",
        "Time from the end of one ticket to the start of the next that was there already.",
        "controller",
        counts.utilisation.gaps,
    )
    yield gauges(
        "stationd_calibration_timestamp_seconds",
        "When a target's default calibration set was made.",
        "target",
        vitals.calibrated_unix_s,
    )
    yield gauges(
        "stationd_calibration_expires_timestamp_seconds",
        "When a target's default calibration set expires.",
        "target",
        vitals.expires_unix_s,
    )


def _clients(counts: Counts) -> Iterator[Metric]:
    yield gauge("stationd_listeners", "Streams that clients listen to.", counts.listeners())
    yield counters(
        "stationd_requests_refused",
        "Requests that were not carried out, by what was answered.",
        ("code",),
        (((code,), count) for code, count in counts.refused.items()),
    )
    yield counters(
        "stationd_bad_frames",
        "Frames that were dropped because they made no sense.",
        ("socket",),
        (((socket,), count) for socket, count in counts.bad_frames.items()),
    )


def _journal(counts: Counts) -> Iterator[Metric]:
    journal = counts.journal()
    yield counter("stationd_journal_commits", "Commits of the journal.", journal.commits)
    yield counter("stationd_journal_records", "Records that were committed.", journal.records)
    yield gauge(
        "stationd_journal_waiting_writes",
        "Writes that are not on disk yet.",
        journal.waiting,
    )
    yield gauge(
        "stationd_journal_commit_timestamp_seconds",
        "When the newest commit was there; 0 for never.",
        counts.vitals.committed_unix_s,
    )
    yield gauge(
        "stationd_journal_trouble",
        "Whether the disk is full or fails: no new work is taken.",
        journal.trouble,
    )
    yield counter(
        "stationd_journal_reader_restarts",
        "Starts of the process that answers questions, because it had ended.",
        journal.reader_restarts,
    )
    yield histograms(
        "stationd_journal_commit_seconds",
        "Time that commits of the journal took.",
        "",
        {"": journal.commit_seconds},
    )
    yield histograms(
        "stationd_journal_commit_records",
        "Records that one commit took.",
        "",
        {"": journal.commit_records},
    )
