"""What is logged of jobs is kept and found again by job, bounded, and may be waited for."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import msgspec
import pytest

from stationd.proto.job import JobId
from stationd.proto.log_report import JobLine, Logged
from stationd.proto.station_requests import LogLine
from stationd.runtime.logs import story as module
from stationd.runtime.logs.ends import LOGGER
from stationd.runtime.logs.story import Story
from stationd.runtime.logs.told import Told

JOB = JobId("0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9")
OTHER = JobId("5c0ffee0-1234-4abc-8def-0123456789ab")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0


class Clock:
    """Stands still, unless a test moves it."""

    now = NOON

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def story(tmp_path: Path, clock: Clock) -> Iterator[Story]:
    story = Story(tmp_path, clock)
    yield story
    story.close()


def line(message: str = "x", moment: float = NOON, job: JobId = JOB, source: str = "a") -> JobLine:
    kept = LogLine(time_unix_s=moment, source=source, level="INFO", logger="lab", message=message)
    return JobLine((job,), kept)


def told(story: Story, job: JobId = JOB, last: float = NOON) -> list[str]:
    """What is found of a job, wherever it is."""
    return [one.message for one in story.read(job, NOON, last)[0]]


def reopened(story: Story, state: Path) -> Story:
    """What the next daemon finds."""
    story.close()
    return Story(state, lambda: NOON + DAY)


def test_lines_of_a_job_are_found_in_the_order_of_time(story: Story, tmp_path: Path) -> None:
    story.take(line("second", NOON + 1, source="qpu"))
    story.take(line("first", NOON))
    story.take(line("of another", job=OTHER))
    assert told(story) == ["first", "second"]
    assert told(reopened(story, tmp_path)) == ["first", "second"]


def test_numbers_of_lines_grow_over_restarts(story: Story, tmp_path: Path) -> None:
    story.take(line("before"))
    after = reopened(story, tmp_path)
    after.take(line("behind", NOON + DAY))
    lines, _ = after.read(JOB, NOON, NOON + DAY)
    after.close()
    assert [one.message for one in lines] == ["before", "behind"]
    assert lines[0].number < lines[1].number


def test_what_is_asked_for_from_a_number_on_begins_behind_it(story: Story, tmp_path: Path) -> None:
    for message in ("seen", "unseen"):
        story.take(line(message))
    (first, _second), _ = story.read(JOB, NOON, NOON)
    assert [one.message for one in story.read(JOB, NOON, NOON, first.number)[0]] == ["unseen"]
    assert story.remembers(first.number)
    assert not story.remembers(0)
    again = reopened(story, tmp_path)
    assert [one.message for one in again.read(JOB, NOON, NOON, first.number)[0]] == ["unseen"]


def test_what_memory_has_forgotten_is_read_from_disk(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_RECENT", 2)
    story = Story(tmp_path, clock)
    for number in range(4):
        story.take(line(str(number)))
    first = story.read(JOB, NOON, NOON)[0]
    story.close()
    lines, _ = story.read(JOB, NOON, NOON)
    assert [one.message for one in lines] == ["0", "1", "2", "3"]
    assert not story.remembers(lines[0].number)
    assert story.remembers(lines[1].number)
    assert set(first) <= set(lines)


def test_what_a_killed_process_has_half_written_is_passed_over(
    story: Story, tmp_path: Path
) -> None:
    story.take(line())
    story.close()
    (file,) = tmp_path.glob("log/a/*.jsonl")
    file.write_bytes(file.read_bytes() + f'{{"jobs": ["{JOB}"'.encode())
    assert told(reopened(story, tmp_path)) == ["x"]


def test_the_newest_lines_are_told_if_there_are_too_many(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LOG_LINES", 2)
    for number in range(3):
        story.take(line(str(number), NOON + number))
    lines, more = story.read(JOB, NOON, NOON)
    assert more
    assert [one.message for one in lines] == ["1", "2"]


def test_one_job_takes_no_more_than_its_share(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_OF_JOB_LINES", 2)
    monkeypatch.setattr(module, "MOST_OF_JOB_CHARACTERS", 100)
    for _ in range(5):
        story.take(line())
    story.take(line("y" * 101, job=OTHER))
    assert (len(told(story)), told(story, OTHER), story.dropped) == (2, [], 4)


def test_a_days_file_is_bounded(
    story: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 1000)
    for _ in range(10):
        story.take(line("x" * 400))
    story.close()
    (file,) = tmp_path.glob("log/a/*.jsonl")
    assert 1000 < file.stat().st_size < 2000
    assert story.dropped > 0


def test_days_that_are_long_gone_are_removed(story: Story, clock: Clock, tmp_path: Path) -> None:
    for number in range(20):
        clock.now = NOON + number * DAY
        # Whatever the clock of a controller says.
        story.take(line(moment=1e18))
    story.close()
    assert len(list(tmp_path.glob("log/a/*.jsonl"))) == module.DAYS_KEPT


def test_a_disk_that_does_not_take_it_costs_the_line_alone(story: Story, tmp_path: Path) -> None:
    (tmp_path / module.FOLDER).write_text("no folder")
    story.take(line("lost"))
    story.close()
    (tmp_path / module.FOLDER).unlink()
    story.take(line("kept"))
    assert story.dropped == 1
    assert told(reopened(story, tmp_path)) == ["kept"]


def test_a_controller_can_say_nothing_in_the_name_of_another(story: Story, tmp_path: Path) -> None:
    bad = msgspec.structs.replace(
        line("a\nb").line, source="../../etc", trace="x\n\x1b[2J", level="\n", controller="other"
    )
    story.take_report("qpu", Logged((JobLine((JOB,), bad),), lost=3))
    (kept,) = story.read(JOB, NOON, NOON)[0]
    assert (kept.source, kept.controller, kept.level) == ("qpu", "", "\\n")
    assert (kept.message, kept.trace) == ("a\\nb", "x\n\\x1b[2J")
    assert story.dropped == 3
    story.close()
    assert [path.name for path in (tmp_path / "log").iterdir()] == ["qpu"]


def test_the_daemons_lines_come_in_but_for_those_that_a_timeline_tells(story: Story) -> None:
    handler = Told(story)
    for name in ("stationd.runtime.feed", LOGGER):
        record = logging.LogRecord(name, logging.INFO, "", 0, "job %s: slow", (JOB,), None)
        record.created = NOON
        handler.handle(record)
    (kept,) = story.read(JOB, NOON, NOON)[0]
    assert (kept.source, kept.logger) == ("daemon", "stationd.runtime.feed")
    assert kept.message == f"job {JOB}: slow"


@pytest.mark.anyio
async def test_whoever_waits_hears_of_the_next_line_of_a_job_from_any_thread(
    story: Story,
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(story.wake)
        await anyio.lowlevel.checkpoint()
        with story.listening(JOB) as come, story.listening(OTHER) as other:
            assert story.listeners == 2
            await anyio.to_thread.run_sync(story.take, line())
            with anyio.fail_after(60):
                await come.wait()
            assert not other.is_set()
        assert story.listeners == 0
        tasks.cancel_scope.cancel()
