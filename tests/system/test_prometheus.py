"""A real Prometheus watches a real station: names, rules, and alerts that fire and clear.

The rules are those of `monitoring/`; a copy with short times is what it runs.
"""

import json
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import pytest

import stationd
from stationd import NullProgram, Observation, jobs
from tests.end_to_end.faulty_driver import RAISING
from tests.end_to_end.station import GATED, HELD, Station, until
from tests.end_to_end.test_bad_storage import limit_files, writer_of
from tests.monitoring.test_monitoring import DASHBOARD, exposed, expressions, named
from tests.system.needs import need_command

T = TypeVar("T")

MONITORING: Final = Path(__file__).parents[2] / "monitoring"
BROKEN: Final = """
[controllers.broken]
driver = "tests.end_to_end.faulty_driver:FaultyDriver"
[controllers.qpu]
driver = "simulated-qpu"
start = false
[controllers.qpu.options]
qubits = 5
[targets.broken]
controller = "broken"
[targets.qpu]
controller = "qpu"
[controllers.plate]
driver = "benchmarks.settable:Settable"
[guards.cold]
readout = "plate.y"
maximum = 1.0
targets = ["qpu"]
"""
SHORTER: Final = (
    (r"\[(\d+)[smhd]\]", "[4s]"),
    (r"for: \d+[smhd]+", "for: 1s"),
    (r"36 \* 3600", "10"),
)
"""Windows of seconds, so that what is over is forgotten while the test waits."""


def shortened(rules: str) -> str:
    """Return rules that fire and clear within seconds."""
    for long, short in SHORTER:
        rules, found = re.subn(long, short, rules)
        assert found, long
    return rules


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Sample(msgspec.Struct):
    """One of the samples that an expression finds."""

    metric: dict[str, str]
    value: tuple[float, str]


class Found(msgspec.Struct):
    """All of them."""

    result: list[Sample]


class Prometheus:
    """A Prometheus that watches one station.

    Args:
        folder: Of its own.
        station: The address of the station's metrics.
    """

    def __init__(self, folder: Path, station: str) -> None:
        command = need_command("prometheus", "prometheus")
        self._address = f"127.0.0.1:{free_port()}"
        sample = (MONITORING / "prometheus.yml").read_text()
        for old, new in (
            ("127.0.0.1:9555", station),
            ("scrape_interval: 15s", "scrape_interval: 500ms"),
            ("evaluation_interval: 15s", "evaluation_interval: 500ms"),
        ):
            assert old in sample
            sample = sample.replace(old, new)
        (folder / "prometheus.yml").write_text(sample)
        (folder / "rules.yml").write_text(shortened((MONITORING / "rules.yml").read_text()))
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [
                    command,
                    f"--config.file={folder}/prometheus.yml",
                    f"--storage.tsdb.path={folder}/data",
                    f"--web.listen-address={self._address}",
                    "--query.lookback-delta=3s",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def get(self, path: str, kind: type[T]) -> T:
        """Return what its API answers."""
        with urllib.request.urlopen(f"http://{self._address}/api/v1/{path}", timeout=60) as answer:
            return msgspec.convert(msgspec.json.decode(answer.read())["data"], kind)

    def find(self, expression: str) -> list[Sample]:
        """Return what an expression finds now."""
        return self.get("query?" + urllib.parse.urlencode({"query": expression}), Found).result

    def ask(self, expression: str) -> list[dict[str, str]]:
        """Return the labels of what an expression finds now."""
        return [one.metric for one in self.find(expression)]

    def values(self, expression: str) -> list[float]:
        """Return the values of what an expression finds now."""
        return [float(one.value[1]) for one in self.find(expression)]

    def names(self) -> set[str]:
        """Return the names of all metrics that it knows."""
        return set(self.get("label/__name__/values", list[str]))

    def firing(self, alert: str) -> bool:
        """Return whether an alert fires."""
        return bool(self.ask(f'ALERTS{{alertname="{alert}", alertstate="firing"}}'))

    def wait_firing(self, alert: str) -> None:
        """Wait until an alert fires."""
        until(lambda: self.firing(alert), f"{alert} fires")

    def wait_clear(self, alert: str) -> None:
        """Wait until an alert does not fire."""
        until(lambda: not self.firing(alert), f"{alert} is clear")

    def answers(self) -> bool:
        """Return whether it has begun."""
        try:
            return bool(self.get("status/buildinfo", dict[str, str]))
        except OSError:
            return False


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    need_command("prometheus", "prometheus")
    # A port that stays when the daemon starts again.
    listen = f'listen = "127.0.0.1:{free_port()}"'
    station = Station("asyncio", BROKEN, GATED, settings=[('listen = "127.0.0.1:0"', listen)])
    try:
        station.start()
        station.wait_connected("broken", "nothing")
        stationd.connect(station.endpoint)
        yield station
        jobs.close()
    finally:
        station.close()


def metrics_of(station: Station) -> str:
    found = re.search(r"metrics at http://(\S+)", station.log)
    assert found is not None, station.log
    return found[1]


@pytest.fixture(scope="module")
def prometheus(station: Station) -> Iterator[Prometheus]:
    folder = Path(tempfile.mkdtemp(prefix="prometheus-", dir="/tmp"))
    prometheus = Prometheus(folder, metrics_of(station))
    try:
        until(prometheus.answers, "Prometheus answers")
        until(lambda: prometheus.ask('up{job="stationd"} == 1'), "the station is scraped")
        yield prometheus
    finally:
        prometheus.process.kill()
        prometheus.process.wait()
        shutil.rmtree(folder)


def promtool(*words: object, given: bytes = b"") -> None:
    """Let promtool check something, which should find nothing."""
    command = need_command("promtool", "prometheus")
    done = subprocess.run(
        [command, *map(str, words)], input=given, capture_output=True, check=False, cwd=MONITORING
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    assert not done.stderr or b"SUCCESS" in done.stdout, done.stderr.decode()


# --- without a station --------------------------------------------------------------------------


def test_rules_and_configuration_are_sound() -> None:
    promtool("check", "rules", "rules.yml")
    promtool("check", "config", "prometheus.yml")


def test_every_rule_does_what_its_cases_say() -> None:
    promtool("test", "rules", "rules_test.yml")


# --- with one -----------------------------------------------------------------------------------


def test_promtool_finds_nothing_wrong_with_what_the_station_shows(station: Station) -> None:
    with urllib.request.urlopen(f"http://{metrics_of(station)}/metrics", timeout=60) as answer:
        promtool("check", "metrics", given=answer.read())


def test_what_rules_and_dashboard_name_is_there(prometheus: Prometheus) -> None:
    until(lambda: len(prometheus.ask("instance:stationd_disk_free:ratio")) == 1, "rules are run")
    # Of a target without a calibration set there is none to see the age of.
    expected = {name for name in exposed() if not name.startswith("stationd_calibration")}
    until(lambda: expected <= prometheus.names(), f"there is {expected - prometheus.names()}")


def test_every_question_of_the_dashboard_is_understood(prometheus: Prometheus) -> None:
    fills = {
        "$job": "stationd",
        "$instance": ".*",
        "$controller": "broken",
        "$__rate_interval": "1m",
    }
    assert named(json.dumps(DASHBOARD))
    for expression in expressions().values():
        for name, value in fills.items():
            expression = expression.replace(name, value)  # noqa: PLW2901 - filled in bit by bit
        prometheus.ask(expression)


def test_a_well_station_has_the_watchdog_alone(prometheus: Prometheus) -> None:
    prometheus.wait_firing("Watchdog")
    # The one controller of the configuration that nobody has started yet is silent.
    prometheus.wait_firing("ControllerSilent")
    firing = {one["alertname"] for one in prometheus.ask('ALERTS{alertstate="firing"}')}
    assert firing <= {"Watchdog", "ControllerSilent"}


def test_a_controller_that_goes_and_comes_is_told(station: Station, prometheus: Prometheus) -> None:
    controller = subprocess.Popen(
        station.command("controller", "qpu"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=station.environment,
    )
    try:
        prometheus.wait_clear("ControllerSilent")
        controller.send_signal(signal.SIGSTOP)
        prometheus.wait_firing("ControllerSilent")
        controller.send_signal(signal.SIGCONT)
        prometheus.wait_clear("ControllerSilent")
    finally:
        controller.kill()
        controller.wait()


def test_jobs_that_a_driver_fails_are_told_by_their_code(prometheus: Prometheus) -> None:
    def fails() -> bool:
        jobs.submit(programs=NullProgram(duration=RAISING), target="broken")
        return prometheus.firing("JobsFail")

    until(fails, "JobsFail fires")
    (alert,) = prometheus.ask('ALERTS{alertname="JobsFail", alertstate="firing"}')
    assert alert["code"] == "driver_failed"
    assert alert["severity"] == "warning"
    prometheus.wait_clear("JobsFail")


def test_a_calibration_set_grows_old_until_there_is_a_newer_one(prometheus: Prometheus) -> None:
    measured = [Observation(path="QB1.t1", value=1e-5, unit="s")]
    jobs.import_calibration("qpu", measured)
    prometheus.wait_firing("CalibrationStale")
    jobs.import_calibration("qpu", measured, use=True)
    prometheus.wait_clear("CalibrationStale")


def test_a_disk_that_takes_nothing_more_is_told_until_it_does(
    station: Station, prometheus: Prometheus
) -> None:
    job = jobs.submit(programs=NullProgram(duration=HELD), target="null")
    station.wait_executions(1)
    writer = writer_of(station)
    before = limit_files(writer, 4096)
    station.let_go()
    prometheus.wait_firing("JournalFailing")
    resource.prlimit(writer, resource.RLIMIT_FSIZE, before)
    prometheus.wait_clear("JournalFailing")
    jobs.wait_for(job)


def test_a_station_that_is_gone_is_told_and_its_counters_begin_anew(
    station: Station, prometheus: Prometheus
) -> None:
    (before,) = prometheus.values("stationd_starts_total")
    jobs.close()
    station.kill()
    prometheus.wait_firing("StationDown")
    station.start()
    stationd.connect(station.endpoint)
    prometheus.wait_clear("StationDown")
    until(lambda: prometheus.values("stationd_starts_total") == [before + 1], "it is counted")
    # What a controller's time was spent on adds up to the time that the daemon runs.
    shares = "sum by (controller) (controller_state:stationd_controller_state_seconds:rate5m)"
    until(
        lambda: [round(one, 1) for one in prometheus.values(shares)] == [1.0] * 4,
        "the shares of the time add up to 1",
    )
