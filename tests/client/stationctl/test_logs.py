"""`logs`: the journal's facts and the lines of the logs, in one order."""

import json

from stationd.client.scripted.station import ScriptedStation
from stationd.proto.station_requests import LogLine
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.shell import run, submitted

LOCK = LogLine(
    # Between the second and the third fact of a scripted station's first job.
    time_unix_s=1_700_000_001.5,
    source="qpu",
    level="WARNING",
    logger="lab.source",
    message="the source does not lock",
    trace="Traceback (most recent call last):\nTimeoutError: no lock\n",
)


def test_facts_and_lines_come_in_the_order_of_time(there: ScriptedStation) -> None:
    there.plan = lambda _: (S.VALIDATION_STARTED, S.FAILED)
    there.log = (LOCK,)
    lines = run("logs", submitted("--null", "1")).stdout.splitlines()
    assert [line.split(maxsplit=1)[1] for line in lines[:3]] == [
        "journal  received",
        "journal  validation_started",
        "qpu      WARNING  the source does not lock",
    ]
    assert [line.strip() for line in lines[3:5]] == LOCK.trace.splitlines()
    assert lines[5].endswith("failed")


def test_as_json_every_line_has_the_same_keys(there: ScriptedStation) -> None:
    there.log = (LOCK,)
    story = json.loads(run("logs", submitted("--null", "1"), "--json").stdout)
    keys = {"time_unix_s", "source", "level", "logger", "message", "trace", "attempt", "code"}
    assert all(keys < set(line) for line in story)
    assert len({frozenset(line) for line in story}) == 1
    assert [line["source"] for line in story].count("qpu") == 1


def test_a_story_of_several_days_tells_the_day(there: ScriptedStation) -> None:
    job = submitted("--null", "1")
    there.log = (
        LogLine(time_unix_s=1_700_200_000.0, source="qpu", level="INFO", logger="", message="x"),
    )
    assert run("logs", job).stdout.splitlines()[0].startswith("2023-11-1")


def test_less_important_lines_can_be_left_out(there: ScriptedStation) -> None:
    there.log = (LOCK,)
    job = submitted("--null", "1")
    assert "does not lock" in run("logs", job, "--level", "warning").stdout
    shown = run("logs", job, "--level", "error").stdout
    assert "does not lock" not in shown
    assert "received" in shown


def test_a_story_that_is_followed_ends_with_its_job(there: ScriptedStation) -> None:
    there.plan = lambda _: (S.VALIDATION_STARTED, S.FAILED)
    there.log = (LOCK,)
    told = [
        json.loads(line)
        for line in run("logs", submitted("--null", "1"), "--follow", "--json").stdout.splitlines()
    ]
    assert told[0]["message"] == "received"
    assert told[-1]["message"].startswith("failed")
    assert [line["message"] for line in told].count(LOCK.message) == 1


def test_a_job_that_is_not_there_has_no_story(there: ScriptedStation) -> None:
    assert run("logs", "00000000-0000-4000-8000-000000000000").exit_code == 4
    assert there.jobs == {}
