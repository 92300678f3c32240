"""The service on a booted systemd: installed as the page says, watched, killed, updated.

One machine for all: each test leaves a station that runs, with nothing under way, and the tests
stand in the order in which an operator would meet what they are about.
"""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.system.machine import Machine, booted, until
from tests.system.page_commands import UPGRADE, page_lines
from tests.system.rootfs import PYTHON
from tests.system.wheel import ROOT, built_wheel

DRIVER: Final = ROOT / "tests/end_to_end/gated_driver.py"
PACKAGES: Final = f"/opt/stationd/lib/python{PYTHON}/site-packages"
DAEMON: Final = "stationd.service"
GATED: Final = "stationd-controller@gated.service"
NEWER: Final = "99.0.0"
FAILS: Final = re.compile(r"^fail .*", re.MULTILINE)
"""What the doctor says of what does not work."""
DROP_IN: Final = "/etc/systemd/system/stationd.service.d/test.conf"
WATCHED: Final = "[Service]\nWatchdogSec=10\n"
"""Shorter than the unit's: a test waits for it."""
LAB: Final = """
[controllers.gated]
driver = "gated_driver:GatedDriver"
start = false
options = { executions = "/var/lib/stationd/executions", gates = "/var/lib/stationd/gates" }
[targets.gated]
controller = "gated"
"""
"""A controller whose jobs run until the test lets them go."""


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree's wheel, and one of a version to come in a folder of its own."""
    folder = tmp_path_factory.mktemp("wheels")
    (folder / "newer").mkdir()
    built_wheel(folder)
    built_wheel(folder / "newer", NEWER)
    return folder


@pytest.fixture(scope="module")
def machine(wheels: Path) -> Iterator[Machine]:
    """A machine without a station, but with all that is fetched from elsewhere."""
    with booted() as machine:
        shutil.copytree(wheels, machine.tree / "root/wheels")
        machine.put("/etc/pip.conf", "[global]\nno-index = true\nfind-links = /root/wheels\n")
        machine.run("useradd --create-home alice; useradd --create-home bob")
        yield machine


@pytest.fixture(scope="module")
def installed(machine: Machine) -> Machine:
    """The machine with the station that the page installs."""
    for line in page_lines("apt-get"):
        machine.run(line)
    machine.run("usermod -aG stationd bob")
    return machine


@pytest.fixture(scope="module")
def station(installed: Machine) -> Machine:
    """The same with a controller that holds jobs, in a unit of its own."""
    machine = installed
    machine.put(f"{PACKAGES}/gated_driver.py", DRIVER.read_text())
    machine.put("/etc/stationd/conf.d/lab.toml", LAB)
    machine.run("install -d -o stationd -g stationd /var/lib/stationd/gates")
    machine.run(f"systemctl restart stationd; systemctl start {GATED}")
    wait_connected(machine, "gated")
    return machine


def jobs(machine: Machine) -> dict[str, str]:
    """Return the rungs of all jobs."""
    found = json.loads(machine.run("stationctl list --json", "alice"))
    return {job["id"]: job["status"] for job in found}


def wait_rung(machine: Machine, job: str, rung: str) -> None:
    until(
        lambda: jobs(machine).get(job) == rung,
        f"{job} is {rung}",
        lambda: machine.run(f"stationctl why {job}", "alice", check=False) + machine.log(DAEMON),
    )


def wait_connected(machine: Machine, name: str) -> None:
    def is_connected() -> bool:
        found = json.loads(machine.run("stationctl controllers --json"))["controllers"]
        return any(one["name"] == name and one["connected"] for one in found)

    until(is_connected, f"{name} is connected", lambda: machine.log("stationd*"))


def hold(machine: Machine, seconds: int, user: str = "alice") -> str:
    """Submit a job that runs until `let_go`, and return its id."""
    return machine.run(
        f"stationctl submit --null {seconds} --target gated 2>/dev/null", user
    ).strip()


def let_go(machine: Machine, seconds: int) -> None:
    machine.run(f"touch /var/lib/stationd/gates/{seconds}")


def executions(machine: Machine) -> int:
    """Return how many programs the controller has begun with."""
    return len(machine.run("cat /var/lib/stationd/executions", check=False).split())


def restarted(machine: Machine, pid: int) -> None:
    """Wait until the daemon is another process, and takes jobs."""
    until(
        lambda: (
            machine.pid(DAEMON) not in {0, pid} and machine.shown(DAEMON, "ActiveState") == "active"
        ),
        "the daemon is started again",
        lambda: machine.log(DAEMON),
    )


# --- installed, and used ----------------------------------------------------------------------


def test_the_page_makes_a_service_that_takes_jobs(installed: Machine) -> None:
    station = installed
    assert station.shown(DAEMON, "ActiveState") == "active"
    assert station.shown(DAEMON, "UnitFileState") == "enabled"
    status = station.shown(DAEMON, "StatusText")
    assert status == "accepting jobs at ipc:///run/stationd/jobs.sock"
    # Compiled by a worker and run by a simulator, behind all that the unit closes.
    for line in page_lines("OPENQASM"):
        assert "failed" not in station.run(line, "alice")
    assert "ready" in jobs(station).values()


def test_systemd_has_nothing_to_say_against_the_units(station: Machine) -> None:
    assert station.run(f"systemd-analyze verify {DAEMON} {GATED}") == ""
    for unit in (DAEMON, GATED):
        station.run(f"systemd-analyze security --no-pager --threshold=12 {unit}")


def test_the_daemon_sees_and_writes_what_it_must_and_no_more(station: Machine) -> None:
    pid = station.pid(DAEMON)
    status = station.run(f"cat /proc/{pid}/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    inside = f"nsenter -t {pid} --mount --"
    assert "Read-only file system" in station.run(f"{inside} touch /etc/x /usr/x", check=False)
    assert station.run(f"{inside} ls /home") == ""
    assert "Permission denied" in station.run("ls /var/lib/stationd", "alice", check=False)
    refused = station.run("cat /etc/stationd/keys/x", "alice", check=False)
    assert "Permission denied" in refused


def test_a_second_install_leaves_everything_as_it_is(station: Machine) -> None:
    station.run("echo '# mine' >> /etc/stationd/stationd.toml")
    said = station.run("stationctl service install")
    assert "write" not in said
    assert station.run("tail -n1 /etc/stationd/stationd.toml") == "# mine\n"


def test_who_is_not_in_the_group_gets_no_answer(station: Machine) -> None:
    station.run("useradd carol")
    assert "Permission denied" in station.run("ls /run/stationd/jobs.sock", "carol", check=False)


# --- reload, and two users --------------------------------------------------------------------


def test_a_reload_takes_roles_and_says_what_waits_for_a_restart(station: Machine) -> None:
    roles = '[users.alice]\nrole = "submitter"\n[users.bob]\nrole = "submitter"\n'
    station.put("/etc/stationd/conf.d/users.toml", roles)
    pid = station.pid(DAEMON)
    station.put("/etc/stationd/conf.d/workers.toml", "[workers]\nprocesses = 1\n")
    station.run("systemctl reload stationd")
    wait_status(station, "restart to apply workers.processes")
    assert "restart to apply workers.processes" in station.run("stationctl service status")
    station.run("rm /etc/stationd/conf.d/workers.toml; systemctl reload stationd")
    wait_status(station, "accepting jobs at ipc:///run/stationd/jobs.sock")
    assert station.pid(DAEMON) == pid


def test_two_users_are_told_apart(station: Machine) -> None:
    mine, theirs = hold(station, 11, "alice"), hold(station, 11, "bob")
    made = {one["id"]: one["creator"] for one in json.loads(station.run("stationctl list --json"))}
    assert (made[mine], made[theirs]) == ("alice", "bob")
    refused = station.ended(f"stationctl cancel {mine}", "bob")
    assert refused.returncode == 4
    assert "belongs to alice" in refused.stdout
    station.run(f"stationctl cancel {theirs}", "bob")
    let_go(station, 11)
    station.run(f"stationctl wait {mine}", "alice")
    assert station.ended(f"stationctl wait {theirs}", "bob").returncode == 1


def test_a_reload_of_a_broken_file_changes_nothing_and_is_told(station: Machine) -> None:
    station.put("/etc/stationd/conf.d/broken.toml", "[workers]\nprocesses = 'many'\n")
    station.run("systemctl reload stationd")
    wait_status(station, "not reloaded:", "workers.processes")
    assert "the configuration stays as it was" in station.log(DAEMON)
    station.run("stationctl ping", "alice")
    station.run("rm /etc/stationd/conf.d/broken.toml; systemctl reload stationd")
    wait_status(station, "accepting jobs at ipc:///run/stationd/jobs.sock")


def wait_status(machine: Machine, *words: str) -> None:
    """Wait for the daemon's own line: under this systemd a reload is over when it is asked for."""
    until(
        lambda: (
            all(word in machine.shown(DAEMON, "StatusText") for word in words)
            and ("restart" in words[0] or "not" in words[0] or is_plain(machine))
        ),
        f"the status has {words}",
        lambda: machine.shown(DAEMON, "StatusText") + machine.log(DAEMON),
    )


def is_plain(machine: Machine) -> bool:
    return ";" not in machine.shown(DAEMON, "StatusText")


# --- logged, and opened to the network --------------------------------------------------------


def test_the_system_s_log_is_searched_by_job(station: Machine) -> None:
    done, other = (
        station.run("stationctl submit --null 0 --wait --target gated 2>/dev/null", "alice")
        for _ in "12"
    )
    job = done.split()[0]
    entries = [
        json.loads(line)
        for line in station.run(f"journalctl --output=json STATIOND_JOB_ID={job}").splitlines()
    ]
    assert entries
    assert {entry["_SYSTEMD_UNIT"] for entry in entries} <= {DAEMON, GATED}
    assert any(f"job {job} ready" in entry["MESSAGE"] for entry in entries)
    assert not any(other.split()[0] in entry["MESSAGE"] for entry in entries)


NETWORK: Final = """
[api]
endpoints = ["ipc:///run/stationd/jobs.sock", "tcp://127.0.0.1:7000"]
[users.alice]
keys = ['{key}']
"""


def test_the_drop_in_for_the_network_opens_it_to_those_with_a_key(station: Machine) -> None:
    shipped = f"{PACKAGES}/stationd/systemd/lan.conf"
    station.run(f"install -D -m 644 {shipped} -t /etc/systemd/system/stationd.service.d/")
    station.run("stationd keygen station --for station --out /etc/stationd/keys")
    station.run("stationd keygen alice --out /home/alice", "alice")
    key = station.run("cat /home/alice/alice.public").strip()
    station.put("/etc/stationd/conf.d/network.toml", NETWORK.replace("{key}", key))
    station.run("systemctl daemon-reload; systemctl restart stationd")
    ours = station.run("cat /etc/stationd/keys/station.public").strip()
    there = f"stationctl --station tcp://127.0.0.1:7000 --station-key '{ours}'"
    who = "--key-file /home/alice/alice.secret"
    wait_connected(station, "gated")
    submit = f"{there} {who} submit --null 0 --target gated --wait 2>/dev/null"
    job = station.run(submit, "alice").split()[0]
    made = json.loads(station.run(f"stationctl show {job} --json"))
    assert made["creator"] == "alice"
    station.run("systemd-analyze security --no-pager --threshold=13 stationd")
    station.run("rm /etc/stationd/conf.d/network.toml")
    station.run("rm /etc/systemd/system/stationd.service.d/lan.conf")
    station.run("systemctl daemon-reload; systemctl restart stationd")
    wait_connected(station, "gated")


# --- killed, stopped, updated -----------------------------------------------------------------


def test_a_killed_daemon_comes_back_and_the_running_job_goes_on(station: Machine) -> None:
    before, job = executions(station), hold(station, 12)
    wait_rung(station, job, "execution_started")
    controller, pid = station.pid(GATED), station.pid(DAEMON)
    station.run(f"kill -KILL {pid}")
    restarted(station, pid)
    wait_connected(station, "gated")
    assert jobs(station)[job] == "execution_started"
    assert station.pid(GATED) == controller
    let_go(station, 12)
    station.run(f"stationctl wait {job}", "alice")
    assert executions(station) == before + 1


@pytest.fixture
def watched(station: Machine) -> Iterator[Machine]:
    """The station with a watchdog that is soon out of patience."""
    station.put(DROP_IN, WATCHED)
    station.run("systemctl daemon-reload; systemctl restart stationd")
    wait_connected(station, "gated")
    yield station
    station.run(f"rm {DROP_IN}; systemctl daemon-reload; systemctl restart stationd")
    wait_connected(station, "gated")


def test_the_watchdog_heals_a_daemon_that_hangs_and_one_whose_journal_hangs(
    watched: Machine,
) -> None:
    before, job = executions(watched), hold(watched, 13)
    wait_rung(watched, job, "execution_started")
    controller, pid = watched.pid(GATED), watched.pid(DAEMON)
    watched.run(f"kill -STOP {pid}")
    restarted(watched, pid)
    assert "watchdog timeout" in watched.log(DAEMON).lower()
    # Its loop turns, and yet it could do nothing for anybody.
    pid = watched.pid(DAEMON)
    writer = watched.run(f"pgrep --parent {pid} --full runtime.journal.writer").strip()
    watched.run(f"kill -STOP {writer}")
    restarted(watched, pid)
    assert "no sign of life from the journal or the dispatcher" in watched.log(DAEMON)
    wait_connected(watched, "gated")
    assert watched.pid(GATED) == controller
    let_go(watched, 13)
    watched.run(f"stationctl wait {job}", "alice")
    assert executions(watched) == before + 1


def test_a_stop_waits_for_the_running_job_and_ends_in_order(station: Machine) -> None:
    job = hold(station, 14)
    wait_rung(station, job, "execution_started")
    station.run("systemctl stop --no-block stationd")
    until(
        lambda: station.shown(DAEMON, "ActiveState") == "deactivating",
        "the daemon is stopping",
    )
    let_go(station, 14)
    until(lambda: station.shown(DAEMON, "ActiveState") == "inactive", "the daemon has stopped")
    assert station.shown(DAEMON, "Result") == "success"
    station.run("systemctl start stationd")
    assert jobs(station)[job] == "ready"
    wait_connected(station, "gated")


def test_an_update_takes_over_the_running_job_and_the_queue(station: Machine) -> None:
    before, running = executions(station), hold(station, 15)
    wait_rung(station, running, "execution_started")
    queued = [hold(station, 15, user) for user in ("alice", "bob", "alice")]
    # The stop does not wait for the running job's end: it goes on at its controller.
    station.put("/etc/stationd/conf.d/stop.toml", "[station]\nstop_timeout = 1\n")
    station.run("systemctl reload stationd")
    wait_reloaded(station, "station.stop_timeout")
    station.put("/etc/pip.conf", "[global]\nno-index = true\nfind-links = /root/wheels/newer\n")
    station.run("mkdir /backup")
    *_, doctor = [station.run(line) for line in page_lines("backup", UPGRADE)]
    assert not FAILS.findall(doctor), doctor
    wait_connected(station, "gated")
    assert json.loads(station.run("stationctl ping --json"))["version"] == NEWER
    assert jobs(station)[running] == "execution_started"
    let_go(station, 15)
    for job in (running, *queued):
        station.run(f"stationctl wait {job}")
    assert executions(station) == before + 1 + len(queued)
    station.run(f"systemctl restart {GATED}")
    wait_connected(station, "gated")


def wait_reloaded(machine: Machine, key: str) -> None:
    until(lambda: f"reloaded {key}" in machine.log(DAEMON), f"{key} is reloaded")


# --- looked at, and taken away ----------------------------------------------------------------


def test_a_controller_of_the_page_gets_a_unit_of_its_own(station: Machine) -> None:
    for line in page_lines("printf"):
        station.run(line)
    wait_connected(station, "qpu")
    assert station.shown("stationd-controller@qpu.service", "ActiveState") == "active"


def test_the_page_s_look_at_the_service(station: Machine) -> None:
    *_, said = [station.run(line) for line in page_lines("check-config")]
    assert 'Status: "accepting jobs at ipc:///run/stationd/jobs.sock' in said
    assert "stationd-controller@gated.service" in said
    assert "is accepting jobs" in station.run("stationctl service logs --lines 10000")
    (doctor,) = [station.run(line) for line in page_lines("doctor")]
    assert not FAILS.findall(doctor), doctor


def test_taking_the_service_away_keeps_what_is_the_operator_s(station: Machine) -> None:
    known = jobs(station)
    for line in page_lines("uninstall"):
        station.run(line)
    assert station.run("systemctl list-units --no-legend 'stationd*'") == ""
    assert station.run("pgrep --uid stationd", check=False) == ""
    station.run("test -s /etc/stationd/stationd.toml")
    station.run("stationctl service install && systemctl start stationd")
    assert jobs(station) == known
