"""`stationctl` against a station in a thread: what it prints, and how it ends."""

import json
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from stationd import jobs
from stationd.client.connection.connection import Connection
from stationd.client.scripted.station import DistantStation, ScriptedStation, whole_way
from stationd.client.stationctl.cli import COMMANDS
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobId
from stationd.proto.jobs_protocol import ControllerView, Listen, Retry, TargetView
from stationd.proto.program import Capabilities, Circuits
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import RemoteRetryStrategy
from tests.client.stationctl.shell import SWEEP, in_terminal, read_all, run, submitted

DRIVER_FAILED = ErrorInfo(ErrorCode.DRIVER_FAILED, "the source does not lock")


# --- submit ----------------------------------------------------------------------------------


def test_submit_prints_the_id_of_a_job_with_what_was_asked_for(
    there: ScriptedStation, bell: str
) -> None:
    job = JobId(submitted(bell, bell, "--shots", "7", "--priority", "2", "--name", "twice"))
    spec = there.specs[job]
    assert isinstance(spec.work, Circuits)
    assert (spec.work.n_shots, spec.name, spec.priority) == ((7, 7), "twice", 2)
    assert spec.work.programs[0].name == "bell"


def test_a_toml_file_is_a_sweep(there: ScriptedStation, tmp_path: Path) -> None:
    path = tmp_path / "scan.toml"
    path.write_text(SWEEP)
    spec = there.specs[JobId(submitted(str(path)))]
    assert (spec.kind, spec.name, spec.resume) == ("sweep", "scan", False)
    assert there.specs[JobId(submitted(str(path), "--resume"))].resume
    path.write_text("resume = true\n" + SWEEP)
    assert there.specs[JobId(submitted(str(path)))].resume


def test_null_takes_no_file(there: ScriptedStation) -> None:
    assert there.specs[JobId(submitted("--null", "0.5"))].items == 1


def test_submit_and_wait_says_how_it_climbed(there: ScriptedStation) -> None:
    done = run("submit", "--null", "0", "--wait")
    assert done.exit_code == 0
    assert done.stdout.splitlines()[-1].split()[1:] == ["COMPLETED", "ready"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "give files, or --null"),
        (["FILE", "--null", "1"], "give files, or --null"),
        (["FILE", "SWEEP"], "a sweep is a job of its own"),
        (["SWEEP", "--shots", "3"], "are for circuits"),
        (["FILE", "--shots", "3", "--compile-only"], "executes nothing"),
        (["FILE", "--shots", "0"], "is not in the range"),
        (["none.qasm"], "does not exist"),
    ],
)
def test_what_means_nothing_is_wrong_usage(
    there: ScriptedStation, tmp_path: Path, bell: str, words: list[str], why: str
) -> None:
    sweep = tmp_path / "scan.toml"
    sweep.write_text(SWEEP)
    names = {"FILE": bell, "SWEEP": str(sweep)}
    done = run("submit", *(names.get(word, word) for word in words))
    assert done.exit_code == 2
    assert why in done.stderr
    assert there.received == []


def test_a_mistake_in_a_sweep_is_told_with_its_key(there: ScriptedStation, tmp_path: Path) -> None:
    path = tmp_path / "scan.toml"
    path.write_text("color = 1")
    done = run("submit", str(path))
    assert done.exit_code == 4
    assert done.stderr.startswith(f"Error: {path} cannot be used:\n  - color: unknown")
    assert "Traceback" not in done.output


# --- list, show, cancel ----------------------------------------------------------------------


def test_jobs_are_listed_newest_first(there: ScriptedStation) -> None:
    ids = [submitted("--null", "0", "--name", f"job {index}") for index in range(3)]
    lines = run("list").stdout.splitlines()
    assert lines[0].split() == ["JOB", "NAME", "TYPE", "STATUS", "RUNG", "SUBMITTED"]
    assert [line.split()[0] for line in lines[1:]] == ["3", "2", "1"]
    assert len(run("list", "--limit", "2").stdout.splitlines()) == 3
    assert [job["id"] for job in json.loads(run("list", "--json").stdout)] == ids[::-1]
    (found,) = json.loads(run("list", "--json", "--name-like", "JOB 1").stdout)
    assert (found["coarse"], found["status"]) == ("COMPLETED", "ready")
    assert json.loads(run("list", "--json", "--status", "running").stdout) == []


def test_an_unknown_status_is_wrong_usage(there: ScriptedStation) -> None:
    done = run("list", "--status", "sleeping")
    assert done.exit_code == 2
    assert "choose among COMPLETED" in done.stderr


def test_show_tells_timeline_and_items(there: ScriptedStation) -> None:
    there.answer = None
    job = JobId(submitted("--null", "0", "--name", "bell"))
    shown = run("show", job[:6]).stdout
    assert shown.splitlines()[:2] == ["job         1", f"id          {job}"]
    assert "execution_started" in shown
    assert "1.0 s" in shown
    document = json.loads(run("show", job, "--json").stdout)
    assert (document["id"], document["coarse"]) == (job, "COMPLETED")
    assert len(document["timeline"]) == 16


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("abc", "at least the first 4"),
        ("bell", "names no job"),
        ("00000000-0000-4000-8000-000000000000", "no job 0000"),
    ],
)
def test_a_job_that_is_not_there_is_refused(there: ScriptedStation, name: str, why: str) -> None:
    done = run("show", name)
    assert done.exit_code == 4
    assert why in done.stderr
    assert done.stdout == ""


def test_cancel_says_what_comes_of_it(there: ScriptedStation) -> None:
    there.plan = lambda _: ()
    job = submitted("--null", "1")
    assert run("cancel", job).stdout == f"{job} is being cancelled\n"
    assert run("cancel", job).stdout == f"{job} was over already\n"
    assert json.loads(run("cancel", job, "--json").stdout) == {job: "already_over"}


def test_retry_says_what_comes_of_it(there: ScriptedStation) -> None:
    job = submitted("--null", "1")
    assert run("retry", job).stdout.startswith(f"{job} has nothing to collect; --strategy")
    again = run("retry", job, "--strategy", "full_restart", "--status", "error", "--json")
    assert json.loads(again.stdout) == {job: "opened"}
    (first, second) = [r for r in there.received if isinstance(r, Retry)]
    assert (first.strategy, first.retry_status) == (RemoteRetryStrategy.DEFAULT, None)
    assert (second.strategy, second.retry_status) == (
        RemoteRetryStrategy.FULL_RESTART,
        ("ERROR",),
    )
    shown = run("show", job).stdout
    assert "attempt 1\n" in shown
    assert "attempt 2\n" in shown


def test_a_job_is_sent_with_all_the_attempts_that_it_wants(there: ScriptedStation) -> None:
    job = submitted(
        "--null", "1", "--max-attempts", "3", "--retry-on", "driver_failed", "--on-lost", "requeue"
    )
    spec = there.specs[JobId(job)]
    assert (spec.max_attempts, spec.on_lost) == (3, "requeue")
    assert spec.retry_on == (ErrorCode.DRIVER_FAILED,)
    assert run("submit", "--null", "1", "--retry-on", "bad_luck").exit_code == 2


# --- wait, listen ----------------------------------------------------------------------------


def test_waiting_for_a_failed_job_ends_with_1_and_says_why(there: ScriptedStation) -> None:
    there.plan = lambda _: (S.VALIDATION_STARTED, S.FAILED)
    bad = JobId(submitted("--null", "1"))
    there.plan = whole_way
    good = submitted("--null", "0")
    done = run("wait", bad, good)
    assert done.exit_code == 1
    assert done.stderr == f"Error: job {bad} has failed\n"
    ended = run("wait", bad, good, "--json")
    assert ended.exit_code == 1
    assert [one["status"] for one in json.loads(ended.stdout)] == ["failed", "ready"]


def test_waiting_too_short_ends_with_5_and_leaves_the_job(there: ScriptedStation) -> None:
    there.plan = lambda _: ()
    job = submitted("--null", "9")
    timeout = 0.05
    while "nothing was heard of it" in (done := run("wait", job, "--timeout", f"{timeout}")).stderr:
        timeout *= 3  # the machine was too slow even for the first answer
    assert done.exit_code == 5
    assert "its last status is received; it goes on" in done.stderr


def test_listen_prints_a_line_of_json_for_each_change(there: ScriptedStation) -> None:
    job = submitted("--null", "0")
    done = run("listen", job, "--json")
    assert done.exit_code == 0
    (update,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (update["job"], update["status"], update["coarse"]) == (job, "ready", "COMPLETED")


@pytest.mark.slow
def test_on_a_terminal_the_ladder_is_drawn(there: ScriptedStation) -> None:
    job = submitted("--null", "0")
    process, descriptor = in_terminal(there, "wait", job)
    said = read_all(descriptor)
    assert process.wait(60) == 0
    assert job in said
    for rung in ("received", "compilation_started", "ready"):
        assert rung in said


@pytest.mark.slow
def test_ctrl_c_ends_with_130_and_says_how_to_come_back(
    there: ScriptedStation, distant_station: DistantStation
) -> None:
    there.plan = lambda _: ()
    job = submitted("--null", "9")
    process, descriptor = in_terminal(there, "wait", job)
    distant_station.wait_received(Listen)
    process.send_signal(signal.SIGINT)
    said = read_all(descriptor)
    assert process.wait(60) == 130
    # By its number, once the station has told it.
    (last,) = (line for line in said.splitlines() if "the job goes on: stationctl wait" in line)
    assert last.split()[-1] in (job, "1")
    assert "Traceback" not in said


# --- results ---------------------------------------------------------------------------------


def test_counts_are_shown_most_frequent_first(there: ScriptedStation, bell: str) -> None:
    job = submitted(bell)
    assert run("results", job).stdout.splitlines()[:4] == [
        "item 0 bell",
        "4 of 4 shots",
        "11  3",
        "00  1",
    ]
    (item,) = json.loads(run("results", job, "--json").stdout)
    assert item["counts"] == {"00": 1, "11": 3}


def test_a_sweep_is_shown_as_a_table(there: ScriptedStation, tmp_path: Path) -> None:
    path = tmp_path / "scan.toml"
    path.write_text(SWEEP)
    job = submitted(str(path))
    shown = run("results", job).stdout
    assert "a.x" in shown
    assert "0 … 1" in shown
    (item,) = json.loads(run("results", job, "--json").stdout)
    assert item["arrays"]["r.p"] == [0.0, 0.5, 1.0, 0.5, None]


def test_results_are_saved_as_files(there: ScriptedStation, bell: str, tmp_path: Path) -> None:
    job = submitted(bell)
    done = run("results", job, "--output", str(tmp_path / "out"), "--json")
    names = [Path(name).name for name in json.loads(done.stdout)]
    assert names == [f"{job}-0.npz", f"{job}-0.json"]
    with np.load(tmp_path / "out" / names[0]) as arrays:
        assert arrays["bits"].tolist() == [[0, 0], [1, 1], [1, 1], [1, 1]]


def test_results_of_an_unfinished_job_need_leave(there: ScriptedStation) -> None:
    there.plan = lambda _: (S.PENDING_EXECUTION,)
    job = submitted("--null", "1")
    assert run("results", job).exit_code == 4
    done = run("results", job, "--allow-incomplete")
    assert done.exit_code == 0
    assert "QUEUED" in done.stdout


# --- the station -----------------------------------------------------------------------------


def test_calibrations_are_imported_listed_shown_and_chosen(
    there: ScriptedStation, tmp_path: Path
) -> None:
    path = tmp_path / "monday.toml"
    path.write_text('target = "qpu"\n[[observation]]\npath = "QB1.t1"\nvalue = 4e-5\nunit = "s"\n')
    first = run("calibration", "import", str(path), "--use").stdout.strip()
    second = run("calibration", "import", str(path)).stdout.strip()
    assert there.defaults == {"qpu": first}
    assert run("calibration", "use", second).stdout == f"{second} is the default of qpu\n"
    assert "QB1.t1" in run("calibration", "show", first).stdout
    sets = json.loads(run("calibration", "list", "--json").stdout)
    assert {one["id"]: one["default"] for one in sets} == {first: False, second: True}
    assert first in run("calibration", "list", "--target", "qpu").stdout
    assert run("calibration", "show", "none").exit_code == 4
    path.write_text(path.read_text().replace("4e-5", "5e-5"))
    fresh = run("calibration", "import", str(path), "--valid-for", "12h").stdout.strip()
    assert there.calibrations[fresh].expires_unix_s == 1_700_000_000 + 12 * 3600
    assert "expired 20" in run("calibration", "show", fresh).stdout
    third = run("calibration", "import", str(path)).stdout.strip()
    *_, changed, rest = run("calibration", "diff", first, third).stdout.splitlines()
    assert changed.split() == ["QB1.t1", "4e-05", "5e-05", "s", "+25", "%", "-"]
    assert rest == "0 of 1 are unchanged"
    (told,) = json.loads(run("calibration", "diff", first, third, "--json").stdout)["changes"]
    assert (told["kind"], told["before"], told["after"]) == ("changed", 4e-5, 5e-5)
    assert run("calibration", "diff", first, second).stdout == "1 of 1 are unchanged\n"


def test_controllers_are_shown_with_what_they_can_do(there: ScriptedStation) -> None:
    there.controllers = (
        ControllerView(
            name="qpu",
            driver="simulated-qpu",
            connected=True,
            running=None,
            line=2,
            capabilities=Capabilities(null=True),
        ),
        ControllerView(
            name="source", driver="", connected=False, running=None, line=0, capabilities=None
        ),
    )
    there.targets = (TargetView(name="five", controller="qpu"),)
    shown = run("controllers").stdout
    assert "null programs" in shown
    assert "has never connected" in shown
    assert json.loads(run("controllers", "--json").stdout)["targets"][0]["name"] == "five"


def test_ping_says_who_is_there(there: ScriptedStation) -> None:
    assert "station 'scripted'" in run("ping").stdout
    assert json.loads(run("ping", "--json").stdout)["name"] == "scripted"


# --- everything else -------------------------------------------------------------------------


def test_a_station_that_is_not_there_ends_with_3(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurried = partial(Connection, connect_wait=0.05)
    monkeypatch.setattr("stationd.client.connection.shared.Connection", hurried)
    for words in (["ping", "--station", endpoint], ["--station", endpoint, "ping"]):
        done = run(*words)
        assert done.exit_code == 3
        assert "is stationd running?" in done.stderr
    jobs.close()


def test_what_is_no_endpoint_is_refused(endpoint: str) -> None:
    done = run("ping", "--station", "lab")
    assert done.exit_code == 4
    assert "knows no station 'lab'" in done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = run(name, "--help")
    assert done.exit_code == 0
    of_no_station = name in {"completion", "doctor"}
    assert of_no_station or "--station" in done.stdout or "COMMAND [ARGS]" in done.stdout


def test_the_help_names_all_commands_and_exit_codes() -> None:
    shown = run("--help").stdout
    assert all(name in shown for name in COMMANDS)
    assert "130  interrupted" in shown


def test_the_help_lists_the_commands_by_their_names() -> None:
    assert list(COMMANDS) == sorted(COMMANDS)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("lst", "did you mean 'list'"), ("cancle", "did you mean 'cancel'?"), ("quit", "")],
)
def test_a_command_that_is_not_there_is_answered_with_those_that_may_be_meant(
    typed: str, answer: str
) -> None:
    done = run(typed)
    assert done.exit_code == 2
    assert f"there is no command '{typed}'" in done.stderr
    assert answer in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("imported", ["click", "stationd.client.stationctl.queueing"])
def test_ctrl_c_while_the_command_is_imported_ends_it_in_a_sentence(imported: str) -> None:
    script = (
        "import os, signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {imported!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from stationd.client.stationctl.entry import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "queue"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted; jobs go on\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str) -> None:
    assert "_STATIONCTL_COMPLETE" in run("completion", shell).stdout


def test_the_version_is_told_without_importing_anything_slow() -> None:
    script = (
        "import sys; from stationd.client.stationctl.cli import main\n"
        "try: main(['--version'])\n"
        "finally: print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    version, modules = done.stdout.splitlines()
    assert version.startswith("stationctl ")
    assert not {"anyio", "msgspec", "numpy", "rich", "zmq"} & set(modules.split())
