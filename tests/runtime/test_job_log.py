"""Lines that belong to a job are kept and found again; all others are not."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stationd.actors.at_work import AT_WORK
from stationd.proto.job import JobId
from stationd.proto.station_requests import MOST_LOG_LINES, LogLine
from stationd.runtime import job_log
from stationd.runtime.job_log import JobLog, read

JOB = JobId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9")
OTHER = JobId("5c0ffee0-1234-4abc-8def-0123456789ab")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def logger(tmp_path: Path) -> Iterator[logging.Logger]:
    """A logger whose lines are kept; they are on disk when its handler is closed."""
    logger = logging.getLogger("tests.job_log")
    logger.propagate = False
    logger.setLevel(logging.INFO)
    logger.addHandler(JobLog(tmp_path, "qpu"))
    yield logger
    logger.handlers.clear()


def kept(logger: logging.Logger, state: Path, job: JobId = JOB) -> tuple[LogLine, ...]:
    """Everything that was logged of a job by now."""
    for handler in logger.handlers:
        if isinstance(handler, JobLog):
            handler.close()
    now = datetime.now(UTC).timestamp()
    return read(state, job, now, now)[0]


def write(state: Path, source: str, *moments: float, job: JobId = JOB, size: int = 1) -> None:
    """Keep a line at each of some moments."""
    handler = JobLog(state, source)
    for moment in moments:
        record = logging.LogRecord(
            "lab", logging.WARNING, "", 0, f"job {job} {'x' * size}", (), None
        )
        record.created = moment
        handler.emit(record)
    handler.close()


def test_a_line_that_names_a_job_is_found_by_it(logger: logging.Logger, tmp_path: Path) -> None:
    logger.warning("job %s: the disk is slow", JOB)
    logger.warning("job %s: the disk is slow", OTHER)
    (line,) = kept(logger, tmp_path)
    assert (line.source, line.level, line.logger) == ("qpu", "WARNING", "tests.job_log")
    assert line.message == f"job {JOB}: the disk is slow"


def test_what_a_driver_logs_belongs_to_the_job_that_it_is_at_work_on(
    logger: logging.Logger, tmp_path: Path
) -> None:
    token = AT_WORK.set(JOB)
    logger.info("the source is warm")
    AT_WORK.reset(token)
    logger.info("nothing to do")
    assert [line.message for line in kept(logger, tmp_path)] == ["the source is warm"]


def test_ids_of_others_make_no_job(logger: logging.Logger, tmp_path: Path) -> None:
    logger.info("connected to station %s", JOB)
    assert kept(logger, tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_traceback_is_kept_with_its_line(logger: logging.Logger, tmp_path: Path) -> None:
    logger.error("job %s failed", JOB, exc_info=RuntimeError("the source does not lock"))
    (line,) = kept(logger, tmp_path)
    assert line.trace.rstrip().endswith("RuntimeError: the source does not lock")


def test_lines_of_all_sources_and_days_come_in_the_order_of_time(tmp_path: Path) -> None:
    day = 86_400.0
    write(tmp_path, "daemon", NOON, NOON + day)
    write(tmp_path, "qpu", NOON + 1, NOON + 3 * day)
    lines, more = read(tmp_path, JOB, NOON, NOON + day)
    assert [line.time_unix_s - NOON for line in lines] == [0.0, 1.0, day]
    assert not more


def test_what_a_killed_process_has_half_written_is_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "daemon", NOON)
    (file,) = tmp_path.glob("log/daemon/*.jsonl")
    file.write_bytes(file.read_bytes() + f'{{"jobs": ["{JOB}"'.encode())
    assert len(read(tmp_path, JOB, NOON, NOON)[0]) == 1


def test_the_newest_lines_are_told_if_there_are_too_many(tmp_path: Path) -> None:
    write(tmp_path, "daemon", *(NOON + number for number in range(MOST_LOG_LINES + 1)))
    lines, more = read(tmp_path, JOB, NOON, NOON)
    assert more
    assert (len(lines), lines[0].time_unix_s) == (MOST_LOG_LINES, NOON + 1)


def test_a_days_file_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_log, "MOST_BYTES", 1000)
    write(tmp_path, "daemon", *[NOON] * 10, size=400)
    (file,) = tmp_path.glob("log/daemon/*.jsonl")
    assert 1000 < file.stat().st_size < 2000


def test_days_that_are_long_gone_are_removed(tmp_path: Path) -> None:
    first = datetime.fromtimestamp(NOON, UTC)
    write(tmp_path, "daemon", *((first + timedelta(days=n)).timestamp() for n in range(20)))
    assert len(list(tmp_path.glob("log/daemon/*.jsonl"))) == job_log.DAYS_KEPT


def test_a_disk_that_does_not_take_it_costs_the_line_alone(tmp_path: Path) -> None:
    (tmp_path / job_log.FOLDER).write_text("no folder")
    write(tmp_path, "daemon", NOON)
    (tmp_path / job_log.FOLDER).unlink()
    write(tmp_path, "daemon", NOON)
    assert len(read(tmp_path, JOB, NOON, NOON)[0]) == 1
