"""`wait` and `listen` on one job, on several, on all."""

import json
import signal

import pytest

from stationd.client.scripted.station import DistantStation, ScriptedStation, whole_way
from stationd.client.stationctl.following import farewell
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobId, JobSpec, Progress
from stationd.proto.jobs_protocol import Listen
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.shell import in_terminal, read_all, read_until, run, submitted

LOST = ErrorInfo(ErrorCode.INSTRUMENT_LOST, "the controller died")


def stay(_: JobSpec) -> tuple[S, ...]:
    return ()


def several(there: ScriptedStation, count: int) -> list[str]:
    """Jobs that stand at the bottom."""
    there.plan = stay
    return [submitted("--null", "1", "--name", f"job {number}") for number in range(count)]


def test_lines_of_several_jobs_say_whose_they_are(there: ScriptedStation) -> None:
    wanted = [submitted("--null", "0") for _ in range(3)]
    done = run("wait", *wanted)
    assert done.exit_code == 0
    assert sorted(line.split()[1] for line in done.stdout.splitlines()) == ["1", "2", "3"]


def test_several_jobs_are_heard_on_one_stream(there: ScriptedStation) -> None:
    wanted = [submitted("--null", "0") for _ in range(3)]
    run("wait", *wanted)
    (listen,) = [one for one in there.received if isinstance(one, Listen)]
    assert listen.jobs == tuple(wanted)


def test_a_job_that_is_named_twice_is_waited_for_once(there: ScriptedStation) -> None:
    job = submitted("--null", "0")
    done = run("wait", job, "1", job[:8], "--json")
    assert [one["job"] for one in json.loads(done.stdout)] == [job]


def test_any_ends_with_the_first_job_that_is_decided(there: ScriptedStation) -> None:
    waiting = several(there, 2)
    there.plan = whole_way
    over = submitted("--null", "0")
    done = run("wait", "--any", *waiting, over, "--json", "--timeout", "60")
    assert done.exit_code == 0
    assert {one["job"]: one["coarse"] for one in json.loads(done.stdout)}[over] == "COMPLETED"


def test_until_is_content_with_an_earlier_status(there: ScriptedStation) -> None:
    there.plan = lambda _: tuple(S)[1:10]
    job = submitted("--null", "0")
    assert run("wait", "--until", "queued", job).exit_code == 0
    assert run("wait", "--until", "pending_execution", job).exit_code == 0
    assert run("listen", "--until", "QUEUED", job).exit_code == 0
    done = run("wait", "--until", "sleeping", job)
    assert done.exit_code == 2
    assert "'sleeping' is no status; choose among COMPLETED" in done.stderr


def test_a_rung_that_was_passed_by_cannot_be_waited_for(there: ScriptedStation) -> None:
    there.plan = lambda _: (S.VALIDATION_STARTED, S.FAILED)
    done = run("wait", "--until", "execution_started", submitted("--null", "0"))
    assert done.exit_code == 1
    assert "cannot reach EXECUTION_STARTED any more" in done.stderr


def test_each_job_that_failed_or_did_not_come_is_told(there: ScriptedStation) -> None:
    slow = several(there, 1)
    there.plan = lambda _: (S.VALIDATION_STARTED, S.FAILED)
    bad = [submitted("--null", "0") for _ in range(2)]
    done = run("wait", *bad, *slow, "--timeout", "0.05")
    assert done.exit_code == 5
    assert [line.split()[2] for line in done.stderr.splitlines()] == [*bad, *slow]


def test_an_unknown_job_among_several_is_refused(there: ScriptedStation) -> None:
    job = submitted("--null", "0")
    done = run("wait", job, "00000000-0000-4000-8000-000000000000")
    assert done.exit_code == 4
    assert "no job 00000000" in done.stderr


def test_listening_to_all_tells_of_every_job(
    there: ScriptedStation, distant_station: DistantStation
) -> None:
    (job,) = several(there, 1)
    process, descriptor = in_terminal(there, "listen")
    distant_station.wait_received(Listen)
    distant_station.tell(there.climb, JobId(job), S.VALIDATION_STARTED)
    said = read_until(descriptor, "validation_started")
    assert "  1  SUBMITTED   validation_started" in said
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert "no longer listening; jobs go on" in read_all(descriptor)


def test_listening_to_all_says_where_changes_are_missing(
    there: ScriptedStation, distant_station: DistantStation
) -> None:
    (job,) = several(there, 1)
    process, descriptor = in_terminal(there, "listen")
    distant_station.wait_received(Listen)
    distant_station.tell(there.climb, JobId(job), S.VALIDATION_STARTED)
    read_until(descriptor, "validation_started")
    there.forgetful = True
    distant_station.restart()
    read_until(descriptor, "some changes are missing here")
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    read_all(descriptor)


def test_listening_to_all_until_a_status_is_wrong_usage(there: ScriptedStation) -> None:
    done = run("listen", "--until", "running")
    assert done.exit_code == 2
    assert there.received == []


def test_listening_as_json_has_the_same_keys_on_every_line(there: ScriptedStation) -> None:
    there.plan = lambda _: tuple(S)[1:3]
    job = submitted("--null", "0")
    done = run("listen", job, "--json", "--until", "validation_ended")
    (line,) = done.stdout.splitlines()
    assert set(json.loads(line)) == {
        "job", "attempt", "status", "coarse", "seq", "ordinal", "time_unix_s", "cancelling",
        "queue_position", "progress", "error", "note",
    }  # fmt: skip


def test_whoever_leaves_is_told_how_to_come_back() -> None:
    assert farewell([]) == "no longer listening; jobs go on"
    two = [JobId("a"), JobId("b")]
    assert farewell(two) == "no longer waiting; the 2 jobs go on: stationctl wait a b"
    assert "the 9 jobs go on: the same command" in farewell([JobId(str(n)) for n in range(9)])


@pytest.mark.slow
def test_several_jobs_have_bars_on_a_terminal_and_ctrl_c_leaves_them_alone(
    there: ScriptedStation, distant_station: DistantStation
) -> None:
    wanted = several(there, 3)
    first = JobId(wanted[0])
    process, descriptor = in_terminal(there, "wait", "1", "2", "3")
    distant_station.wait_received(Listen)
    distant_station.tell(there.climb, first, *tuple(S)[1:11])
    distant_station.tell(there.report, first, Progress(done=30, total=60, unit="shots"), None)
    said = read_until(descriptor, "30/60 shots")
    assert "━" in said
    assert "3 jobs" in said
    process.send_signal(signal.SIGINT)
    said = read_all(descriptor)
    assert process.wait(60) == 130
    assert "the 3 jobs go on: stationctl wait 1 2 3" in said
    assert not any(view.cancelling for view in there.jobs.values())
