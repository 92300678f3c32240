"""`stationctl` as people type it: what it prints, the files it writes and how it ends."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

from stationd import jobs
from stationd.client.connection import endpoint as chosen
from stationd.client.stationctl.cli import main
from tests.end_to_end.station import BENCH, NULL, PATIENCE, QPU, Station

EXAMPLES = Path(__file__).parents[2] / "examples"
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STATIONCTL = [str(Path(sys.executable).with_name("stationctl"))]


class Shell:
    """Runs `stationctl` against one station."""

    def __init__(self, station: Station) -> None:
        self.station = station

    def run(self, *words: str) -> Result:
        """Run a command, which must not break down whatever its exit code.

        In this process: one of its own for each would cost the suite fifteen seconds.
        """
        endpoint = {"STATIOND_ENDPOINT": self.station.endpoint}
        return CliRunner(env=endpoint).invoke(main, words, catch_exceptions=False)

    def output(self, *words: str) -> str:
        """Run a command that must succeed, and return what it printed."""
        ended = self.run(*words)
        assert ended.exit_code == 0, ended.stderr
        return ended.stdout

    def json(self, *words: str) -> Any:  # noqa: ANN401 - what JSON holds is the test's to say
        """Run a command that must succeed, and return what it printed as JSON."""
        return json.loads(self.output(*words, "--json"))

    def start(self, *words: str) -> "subprocess.Popen[str]":
        """Start a command as a process and wait for its first line."""
        process = subprocess.Popen(
            [*STATIONCTL, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.station.environment,
        )
        assert process.stdout is not None
        assert process.stdout.readline()
        return process


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    """A station for the shell alone: its event loop makes no difference to the shell."""
    station = Station("asyncio", NULL, QPU, BENCH)
    try:
        station.start()
        station.wait_connected("nothing", "qpu", "source", "readout")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chosen, "_chosen", [])
            yield Shell(station)
        jobs.close()
        station.check()
    finally:
        station.close()


def test_circuits_from_files_end_in_counts(shell: Shell, tmp_path: Path) -> None:
    files = [str(EXAMPLES / name) for name in ("bell.qasm", "bell_v2.qasm")]
    submitted = shell.run("submit", *files, "--shots", "200", "--target", "qpu", "--wait")
    assert submitted.exit_code == 0, submitted.stderr
    job = submitted.stdout.splitlines()[0]
    assert UUID.fullmatch(job)

    (number,) = [str(one["number"]) for one in shell.json("list") if one["id"] == job]
    shown = shell.output("results", number)
    assert "200 of 200 shots" in shown
    assert re.search(r"^00 +\d+", shown, re.MULTILINE)

    documents = shell.json("results", job)
    assert [sum(one["counts"].values()) for one in documents] == [200, 200]

    written = [
        Path(line) for line in shell.output("results", job, "--output", str(tmp_path)).split()
    ]
    assert all(path.exists() for path in written)
    arrays = [path for path in written if path.suffix == ".npz"]
    assert len(arrays) == 2
    with np.load(arrays[0], allow_pickle=False) as saved:
        assert saved["bits"].shape == (200, 2)


def test_a_sweep_from_a_file_ends_in_arrays(shell: Shell, tmp_path: Path) -> None:
    submitted = shell.run("submit", str(EXAMPLES / "t1_sweep.toml"), "--wait", "--name", "mine")
    assert submitted.exit_code == 0, submitted.stderr
    job = submitted.stdout.split()[0]

    assert "readout.population" in shell.output("results", job)
    files = shell.output("results", job, "--output", str(tmp_path)).split()
    with np.load(
        next(name for name in files if name.endswith(".npz")), allow_pickle=False
    ) as saved:
        delays, population = saved["source.delay"], saved["readout.population"]
    assert population.shape[-1] == len(delays)
    assert "mine" in shell.output("list")


def test_a_job_can_be_found_shown_and_waited_for(shell: Shell) -> None:
    # Ids of one moment begin alike: what names a job shortly is its number.
    made = [
        shell.json("submit", "--null", "0", "--target", "null", "--name", name)
        for name in ("hay", "needle", "hay")
    ]
    job, number = made[1]["id"], str(made[1]["number"])

    waited = shell.run("wait", number, "--timeout", "80")
    assert waited.exit_code == 0, waited.stderr
    (listed,) = shell.json("list", "--name-like", "NEEDLE", "--status", "completed")
    assert listed["id"] == job
    shown = shell.output("show", number)
    assert job in shown
    assert "execution_started" in shown
    view = shell.json("show", job)
    assert [entry["ordinal"] for entry in view["timeline"]] == list(range(1, 17))
    heard = [json.loads(line) for line in shell.output("listen", job, "--json").splitlines()]
    assert heard[-1]["status"] == "ready"


def test_compile_only_gives_openqasm(shell: Shell) -> None:
    bell = str(EXAMPLES / "bell.qasm")
    submitted = shell.run("submit", bell, "--compile-only", "--target", "qpu", "--wait")
    assert submitted.exit_code == 0, submitted.stderr
    assert "OPENQASM 3.0;" in shell.output("results", submitted.stdout.split()[0])


def test_the_same_id_is_the_same_job(shell: Shell) -> None:
    words = ["submit", "--null", "0", "--target", "null"]
    wanted = "5f0c8a8e-32f2-4f3c-8a43-52c6a2b0e0b1"
    assert [shell.output(*words, "--id", wanted).strip() for _ in range(2)] == [wanted] * 2
    assert len([one for one in shell.json("list") if one["id"] == wanted]) == 1


def test_a_cancelled_job_ends_a_wait_with_1_and_its_data_is_there(shell: Shell) -> None:
    bell = str(EXAMPLES / "bell.qasm")
    job = shell.output("submit", bell, "--shots", "1000000", "--target", "qpu").strip()
    listener = shell.start("listen", job)
    assert listener.stdout is not None
    while "/1,000,000 shots" not in listener.stdout.readline():
        assert listener.poll() is None

    assert shell.run("wait", job, "--timeout", "0.1").exit_code == 5
    assert "is being cancelled" in shell.output("cancel", job)
    assert listener.wait(PATIENCE) == 1
    assert "aborted" in listener.stdout.read()
    listener.stdout.close()

    assert shell.run("wait", job).exit_code == 1
    assert "was over already" in shell.output("cancel", job)
    assert shell.run("results", job).exit_code == 1
    assert "(partial)" in shell.output("results", job, "--allow-incomplete")


@pytest.mark.parametrize("command", ["wait", "listen"])
def test_ctrl_c_ends_the_waiting_and_leaves_the_job_alone(shell: Shell, command: str) -> None:
    job = shell.output("submit", "--null", "3600", "--target", "null").strip()
    waiting = shell.start(command, job)

    waiting.send_signal(signal.SIGINT)

    assert waiting.wait(PATIENCE) == 130
    assert waiting.stdout is not None
    assert "Traceback" not in waiting.stdout.read()
    waiting.stdout.close()
    assert shell.json("show", job)["status"] in {"execution_started", "pending_execution"}
    shell.output("cancel", job)
    assert shell.run("wait", job, "--timeout", "80").exit_code == 1


def test_a_wait_outlives_a_restart_of_the_daemon(shell: Shell) -> None:
    before = shell.output("submit", "--null", "3600", "--target", "null").strip()
    job = shell.output("submit", "--null", "0", "--target", "null").strip()
    waiting = shell.start("wait", job)

    shell.station.kill()
    shell.station.start()
    shell.output("cancel", before)

    assert waiting.wait(PATIENCE) == 0
    assert waiting.stdout is not None
    assert "ready" in waiting.stdout.read()
    waiting.stdout.close()


def test_a_calibration_set_is_imported_shown_and_used(shell: Shell) -> None:
    imported = shell.output("calibration", "import", str(EXAMPLES / "calibration.toml")).strip()
    assert UUID.fullmatch(imported)
    assert imported in shell.output("calibration", "list")
    assert "QB1.t1" in shell.output("calibration", "show", imported)
    assert shell.run("calibration", "use", imported).exit_code == 0

    bell = str(EXAMPLES / "bell.qasm")
    job = shell.run("submit", bell, "--shots", "10", "--target", "qpu", "--wait").stdout.split()[0]
    assert shell.json("show", job)["calibration_set"] == imported


def test_the_station_says_what_it_is_made_of(shell: Shell) -> None:
    assert "'test'" in shell.output("ping")
    shown = shell.output("controllers")
    for name in ("nothing", "qpu", "source", "readout"):
        assert re.search(rf"^{name} .* yes ", shown, re.MULTILINE)
    assert {one["name"] for one in shell.json("controllers")["targets"]} == {"null", "qpu"}


def test_a_jobs_story_begins_with_its_timeline(shell: Shell) -> None:
    job = shell.run("submit", "--null", "0", "--target", "null", "--wait").stdout.split()[0]
    told = [line["message"] for line in shell.json("logs", job) if line["source"] == "journal"]
    assert (told[0], told[-1]) == ("received", "ready")


def test_the_station_is_shown_in_numbers(shell: Shell) -> None:
    job = shell.run("submit", "--null", "0", "--target", "null", "--wait").stdout.split()[0]
    seen = shell.json("top")
    assert seen["overview"]["ended"]["ready"] >= 1
    assert seen["overview"]["received"] >= 1
    assert job in {one["id"] for one in seen["newest"]}
    assert "CONTROLLER" in shell.output("top")


def test_jobs_have_projects_properties_and_words_and_are_found_by_them(shell: Shell) -> None:
    assert "'fridge' is made" in shell.output("projects", "create", "fridge")
    shell.output("projects", "define", "fridge", "chip", "string", "--required")
    words = ["submit", "--null", "0", "--target", "null", "--project", "fridge"]
    assert "chip" in shell.run(*words).stderr
    job = shell.output(*words, "--property", "chip=A1", "--name", "cold").strip()

    shell.output("annotate", job, "--description", "first light", "--property", "chip=A2")
    (found,) = shell.json("list", "--project", "fridge", "--property", "chip=A2")
    assert (found["id"], found["description"]) == (job, "first light")
    assert shell.output("list", "--project", "fridge", "--created-after", "1h", "-q").strip() == job
    assert shell.json("list", "--name", "cold", "--count") == {"count": 1}
    assert shell.run("list", "--project", "oven").exit_code == 4
    assert "first light" in shell.output("show", job)

    assert "is in the archive" in shell.output("projects", "archive", "fridge")
    assert [one["name"] for one in shell.json("projects", "list", "--archived")] == ["fridge"]
    assert shell.run(*words, "--property", "chip=A1").exit_code == 4
    shell.output("projects", "restore", "fridge")


def test_a_job_that_is_over_is_deleted_once_and_for_all(shell: Shell) -> None:
    running = shell.output("submit", "--null", "3600", "--target", "null").strip()
    assert shell.run("delete", running).exit_code == 2
    assert shell.run("delete", running, "--yes").exit_code == 4
    shell.output("cancel", running)
    assert shell.run("wait", running).exit_code == 1
    assert shell.output("delete", running, "--yes") == f"{running} is deleted\n"
    assert shell.json("delete", running, "--yes") == {running: "already_gone"}
    assert shell.run("show", running).exit_code == 4


def test_jobs_are_listed_in_any_order(shell: Shell) -> None:
    names = ["order b", "order a", "order c"]
    for name in names:
        shell.output("submit", "--null", "0", "--target", "null", "--name", name)
    listed = shell.json("list", "--name-like", "order", "--sort", "name")
    assert [one["name"] for one in listed] == sorted(names)
    (third,) = shell.json(
        "list", "--name-like", "order", "--sort", "-name", "--limit", "1", "--page", "2"
    )
    assert third["name"] == "order a"


def test_many_jobs_are_waited_for_and_told_of_their_places(shell: Shell) -> None:
    first = shell.output("submit", "--null", "3600", "--target", "null").strip()
    made = [shell.json("submit", "--null", "0", "--target", "null") for _ in range(5)]
    behind = [str(one["number"]) for one in made]
    waiting = shell.start("wait", *behind)
    shell.output("cancel", first)
    assert waiting.wait(PATIENCE) == 0
    assert waiting.stdout is not None
    said = waiting.stdout.read()
    waiting.stdout.close()
    assert all(f"  {job}  COMPLETED" in said for job in behind)


REFUSED = {
    "a job that is not there": (["show", "deadbeef"], 4, "deadbeef"),
    "an ambiguous target": (["submit", "--null", "0"], 4, "'null' or 'qpu'"),
    "a file that is not there": (["submit", "nothing.qasm"], 2, "nothing.qasm"),
    "nothing to submit": (["submit"], 2, "--null"),
    "no shots": (["submit", "--shots", "0", "x.qasm"], 2, "--shots"),
    "a status that is none": (["list", "--status", "thinking"], 2, "thinking"),
    "no such command": (["sumbit"], 2, "sumbit"),
    "a station of no form": (["--station", "lab", "ping"], 4, "lab"),
    "a calibration that is none": (
        ["calibration", "import", str(EXAMPLES / "t1_sweep.toml")],
        4,
        "t1_sweep.toml",
    ),
}


@pytest.mark.parametrize(("words", "code", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_done_is_said_in_a_line(
    shell: Shell, words: list[str], code: int, reason: str
) -> None:
    ended = shell.run(*words)
    assert ended.exit_code == code, ended.stderr
    assert reason in ended.stderr
    assert not ended.stdout


def test_a_terminal_shows_the_ladder_live(shell: Shell) -> None:
    bell = str(EXAMPLES / "bell.qasm")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*STATIONCTL, "submit", bell, "--shots", "3000", "--target", "qpu", "--wait"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**shell.station.environment, "TERM": "xterm-256color", "COLUMNS": "100"},
    )
    os.close(theirs)
    shown = b""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            shown += os.read(ours, 65536)
        except OSError:  # the other end is closed
            break
    os.close(ours)

    assert process.wait(PATIENCE) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    last = text[text.rindex("received") :]
    rungs = re.findall(r"[a-z]+_[a-z_]+|ready", last)
    assert rungs[-1] == "ready"
    assert len(rungs) == len(set(rungs)) == 15
    # The cursor is there again.
    assert shown.rstrip().endswith(b"\x1b[?25h")
