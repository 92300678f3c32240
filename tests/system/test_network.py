"""A real station over TCP: users and a controller with keys, which are replaced and taken back.

Needs nothing but time: neither root nor packages.
"""

import signal
import socket
import subprocess
import threading
from collections.abc import Iterator

import pytest

import stationd
from stationd import Forbidden, JobExecutorStatus, NullProgram, jobs
from stationd.proto.curve import KeyPair
from stationd.runtime.security.making import make_files
from tests.end_to_end.station import FOREVER, GATED, HELD, PATIENCE, Station, until

NETWORK = """
[api]
endpoints = ["ipc://{folder}/run/jobs.sock", "tcp://127.0.0.1:{users_port}"]
[instruments]
listen = ["tcp://127.0.0.1:{controllers_port}"]
grace = 600.0
[security]
secret_key_file = "{folder}/station.secret"
[users.ada]
keys = ['{ada}']
[users.bob]
role = "observer"
keys = ['{bob}']
"""
FAR = """
[station]
state = "{folder}/far"
runtime = "{folder}/far"
[instruments]
endpoint = "tcp://127.0.0.1:{controllers_port}"
[security]
station_key = '{station}'
"""
OWN_KEY = 'driver = "tests.end_to_end.gated_driver:GatedDriver"'


class OpenStation(Station):
    """A station on two ports, with a controller that is somewhere else."""

    def __init__(self, backend: str) -> None:
        self.users_port, self.controllers_port = free_port(), free_port()
        super().__init__(backend, NETWORK, GATED)
        self.keys = {name: make_files(name, self.folder) for name in ("station", "ada", "bob")}
        self.keys["nothing"] = make_files("nothing", self.folder)
        for name in ("users_port", "controllers_port"):
            self.change(f"{{{name}}}", str(getattr(self, name)))
        for name in ("ada", "bob"):
            self.change(f"{{{name}}}", self.keys[name].public)
        self.change(OWN_KEY, f"{OWN_KEY}\nstart = false\n{keys_of(self.keys['nothing'])}")
        self.far_config = self.folder / "far.toml"
        text = FAR.replace("{station}", self.keys["station"].public)
        text = text.replace("{controllers_port}", str(self.controllers_port)) + GATED
        text = text.replace(OWN_KEY, f'{OWN_KEY}\nkey_file = "{{folder}}/nothing.secret"')
        self.far_config.write_text(text.replace("{folder}", str(self.folder)))
        self.far_log = self.folder / "far.log"

    def start_controller(self) -> None:
        command = [*self.command("controller", "nothing")[:-1], str(self.far_config)]
        with self.far_log.open("wb") as log:
            self.controller_process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self.environment,
                start_new_session=True,
            )

    def connect_as(self, name: str) -> None:
        jobs.close()
        stationd.connect(
            f"tcp://127.0.0.1:{self.users_port}",
            station_key=self.keys["station"].public,
            key_file=self.folder / f"{name}.secret",
        )

    def reload(self, old: str, new: str) -> None:
        """Replace something in the configuration that runs, and wait until it holds."""
        count = self.log.count("reloading: reloaded")
        self.change(old, new)
        self.send_signal(signal.SIGHUP)
        until(lambda: self.log.count("reloading: reloaded") > count, "it is reloaded")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def keys_of(*pairs: KeyPair) -> str:
    return "keys = [{}]".format(", ".join(f"'{pair.public}'" for pair in pairs))


@pytest.fixture(params=["asyncio", "trio"])
def lab(request: pytest.FixtureRequest) -> Iterator[OpenStation]:
    station = OpenStation(str(request.param))
    try:
        station.start()
        station.start_controller()
        station.wait_connected("nothing")
        yield station
        station.check()
    finally:
        jobs.close()
        station.close()
        station.controller_process.wait(PATIENCE)


def test_jobs_run_over_a_network_and_a_controller_s_key_is_replaced_while_one_does(
    lab: OpenStation,
) -> None:
    lab.connect_as("bob")
    with pytest.raises(Forbidden, match="bob has the role observer"):
        jobs.submit(programs=NullProgram())
    lab.connect_as("ada")
    job = jobs.submit(programs=NullProgram(duration=HELD))
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    old = lab.keys["nothing"]
    new = make_files("nothing", lab.folder, force=True)
    lab.reload(keys_of(old), keys_of(new))
    until(lambda: "refuses the key" in lab.far_log.read_text(), "the controller is refused")
    lab.reload(keys_of(new), keys_of(old, new))
    lab.wait_connected("nothing")
    lab.let_go()
    assert jobs.wait_for(job, timeout=PATIENCE).status is JobExecutorStatus.READY


def test_a_user_whose_key_is_taken_back_hears_no_more_and_all_others_do(lab: OpenStation) -> None:
    lab.connect_as("ada")
    job = jobs.submit(programs=NullProgram(duration=HELD))
    jobs.wait_for(job, JobExecutorStatus.EXECUTION_STARTED, timeout=PATIENCE)
    told: list[BaseException] = []

    def wait() -> None:
        try:
            jobs.wait_for(job, timeout=FOREVER)
        except Forbidden as error:
            told.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    lab.reload(keys_of(lab.keys["ada"]), "keys = []")
    waiting.join(PATIENCE)
    assert "does not know the key" in str(told[0]) or "refuses the key" in str(told[0])
    jobs.close()
    with pytest.raises(Forbidden, match="refuses the key"):
        jobs.ping()
    lab.connect_as("bob")
    lab.let_go()
    assert jobs.wait_for(jobs.get(id=job.id), timeout=PATIENCE).status is JobExecutorStatus.READY


def test_the_sockets_are_for_the_group(lab: OpenStation) -> None:
    for name in ("jobs", "instruments"):
        assert (lab.folder / "run" / f"{name}.sock").stat().st_mode & 0o777 == 0o660
    assert (lab.folder / "run").stat().st_mode & 0o777 == 0o750
