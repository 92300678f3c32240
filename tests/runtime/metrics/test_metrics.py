"""What Prometheus is shown."""

import socket
import urllib.request

import pytest
from prometheus_client import generate_latest

from stationd.actors.job import Job
from stationd.proto.error import StationError
from stationd.proto.status import JobExecutorStatus as S
from stationd.runtime.journal.interface import JournalStatistics
from stationd.runtime.live import LiveJob
from stationd.runtime.metrics import Metrics, served
from stationd.runtime.metrics.cache_statistics import CacheStatistics
from tests.runtime.bench import job_id, null_spec


def shown(metrics: Metrics) -> dict[str, float]:
    lines = generate_latest(metrics.registry).decode().splitlines()
    samples = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in samples}


def at(status: S, before: LiveJob | None = None) -> LiveJob:
    job = Job(id=job_id(1), number=1, kind="circuits", status=status)
    live = LiveJob(job, null_spec(), "a") if before is None else before
    live.job = job
    return live


def test_jobs_are_counted_by_the_status_they_stand_on() -> None:
    metrics = Metrics(["a"])
    live = at(S.RECEIVED)
    metrics.fact(live, None)
    assert shown(metrics)["stationd_jobs_received_total"] == 1
    for status in (S.VALIDATION_STARTED, S.PENDING_EXECUTION):
        before = live.job.status
        metrics.fact(at(status, live), before, 10.0)
        found = shown(metrics)
        assert found[f'stationd_jobs{{status="{status}"}}'] == 1
        assert found[f'stationd_jobs{{status="{before}"}}'] == 0
    metrics.fact(at(S.ABORTED, live), S.PENDING_EXECUTION, 14.0)
    found = shown(metrics)
    assert found['stationd_jobs_ended_total{outcome="aborted"}'] == 1
    assert found['stationd_stage_seconds_sum{stage="queue"}'] == 4.0
    assert not any(value for name, value in found.items() if name.startswith("stationd_jobs{"))


def test_every_status_is_there_from_the_start() -> None:
    found = shown(Metrics([]))
    for status in S:
        name = (
            f'stationd_jobs_ended_total{{outcome="{status}"}}'
            if status.is_terminal
            else f'stationd_jobs{{status="{status}"}}'
        )
        assert found[name] == 0


def test_controllers_and_bad_frames_are_shown() -> None:
    metrics = Metrics(["a", "b"])
    metrics.controller_up("a", up=True)
    metrics.bad_frame("jobs")
    metrics.unexpected_event()
    found = shown(metrics)
    assert found['stationd_controller_up{controller="a"}'] == 1
    assert found['stationd_controller_up{controller="b"}'] == 0
    assert found['stationd_bad_frames_total{socket="jobs"}'] == 1
    assert found["stationd_unexpected_events_total"] == 1


def test_what_can_be_asked_at_scrape_time_is_asked_then() -> None:
    metrics = Metrics([])
    depth = 3
    journal = JournalStatistics(commits=5, records=70)
    metrics.watch(
        queue_depth=lambda: depth,
        listeners=lambda: 2,
        journal=lambda: journal,
        compile_cache=lambda: CacheStatistics(hits=3, misses=2, evicted=1, size_bytes=4096),
    )
    journal.commit_seconds.observe(0.003)
    journal.commit_records.observe(70)
    depth = 4
    found = shown(metrics)
    assert found["stationd_queue_jobs"] == 4
    assert found["stationd_listeners"] == 2
    assert found["stationd_journal_commits_total"] == 5
    assert found["stationd_journal_records_total"] == 70
    assert found["stationd_journal_commit_seconds_sum"] == 0.003
    assert found['stationd_journal_commit_seconds_bucket{le="0.005"}'] == 1
    assert found["stationd_journal_commit_records_count"] == 1
    assert found['stationd_compile_cache_lookups_total{outcome="hit"}'] == 3
    assert found['stationd_compile_cache_lookups_total{outcome="miss"}'] == 2
    assert found["stationd_compile_cache_evicted_total"] == 1
    assert found["stationd_compile_cache_bytes"] == 4096


def test_metrics_are_served_while_the_context_lasts() -> None:
    with served(Metrics(["a"]), "127.0.0.1:0") as port:
        address = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(address, timeout=60) as page:
            assert b"stationd_build_info" in page.read()
    with pytest.raises(OSError, match="refused"), urllib.request.urlopen(address, timeout=60):
        pass


def test_nothing_is_served_when_metrics_are_off() -> None:
    with served(Metrics([]), "") as port:
        assert port == 0


def test_a_port_that_is_taken_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(StationError, match=listen), served(Metrics([]), listen):
            pass
