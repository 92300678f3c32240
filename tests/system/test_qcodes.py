"""Instruments of a QCoDeS station file at a real station: jobs, limits, and a power cycle."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import stationd
from stationd import jobs
from stationd.client.results.outcome import SweepData
from stationd.proto.error import InvalidJob, JobError
from stationd.proto.program import Axis, Sweep
from tests.actors.drivers.scpi_server import Generator
from tests.end_to_end.station import PATIENCE, Station

pytest.importorskip("qcodes", reason="needs QCoDeS: make instruments has it")

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "instruments.md").read_text()

CONFIG = """
[controllers.lab]
driver = "qcodes"
[controllers.lab.options]
station = "{folder}/lab.station.yaml"
timeout = 30.0
exclude = ["multi.B.*"]
"""
LAB = """
instruments:
  gates:
    type: qcodes.instrument_drivers.mock_instruments.DummyInstrument
    init: {gates: [plunger]}
    parameters:
      plunger: {limits: [-1, 1], unit: mV}
  multi:
    type: qcodes.instrument_drivers.mock_instruments.DummyChannelInstrument
  sgs:
    type: qcodes.instrument_drivers.rohde_schwarz.RohdeSchwarzSGS100A
    address: TCPIP::127.0.0.1::PORT::SOCKET
    init: {visalib: "@py"}
"""


@pytest.fixture(scope="module")
def generator() -> Iterator[Generator]:
    made = Generator()
    yield made
    made.power_off()


@pytest.fixture(scope="module")
def lab(generator: Generator) -> Iterator[Station]:
    """A station with instruments in memory, and one at the other end of a TCP connection."""
    station = Station("asyncio", CONFIG)
    try:
        (station.folder / "lab.station.yaml").write_text(LAB.replace("PORT", str(generator.port)))
        stationd.connect(station.start().endpoint)
        station.wait_connected("lab")
        yield station
    finally:
        jobs.close()
        station.close()


def swept(sweep: Sweep) -> SweepData:
    job = jobs.submit(sweep=sweep)
    jobs.wait_for(job, timeout=PATIENCE)
    (reference,) = jobs.results(job)
    assert isinstance(reference, jobs.ResultRef)
    data = reference.download_result()
    assert isinstance(data, SweepData)
    return data


def test_a_job_sweeps_instruments_of_the_station_file(lab: Station, generator: Generator) -> None:
    voltages = (-0.5, 0.0, 0.5)
    data = swept(
        Sweep(
            settings={"lab.sgs.status": True, "lab.multi.A.dummy_text": "cold"},
            axes=((Axis("lab.gates.plunger", voltages),), (Axis("lab.sgs.frequency", (4e9, 5e9)),)),
            returns=(
                "lab.sgs.status",
                "lab.multi.A.dummy_text",
                "lab.multi.A.dummy_array_parameter",
                "lab.multi.A.dummy_complex",
            ),
        )
    )
    assert data.units["lab.gates.plunger"] == "mV"
    assert data.units["lab.sgs.frequency"] == "Hz"
    assert data["lab.gates.plunger"].tolist() == list(voltages)
    assert data["lab.sgs.status"].tolist() == [[True] * 2] * 3
    assert data["lab.multi.A.dummy_text"].tolist() == [["cold"] * 2] * 3
    assert data["lab.multi.A.dummy_array_parameter"].shape == (3, 2, 5)
    assert data["lab.multi.A.dummy_complex"].dtype == np.complex128
    assert generator.settings["SOUR:FREQ"] == "5000000000.00"


def test_what_the_station_file_does_not_allow_is_refused_at_submission(lab: Station) -> None:
    sweep = Sweep(
        settings={"lab.gates.plunger": 1.5, "lab.multi.B.dummy_text": "x", "lab.sgs.status": 1},
        returns=("lab.gates.plungr",),
    )
    with pytest.raises(InvalidJob) as refused:
        jobs.submit(sweep=sweep)
    text = str(refused.value)
    assert "1.5 mV is above its greatest value, 1.0 mV" in text
    assert "lab.multi.B.dummy_text" in text
    assert "1 is not true or false" in text
    assert "'lab.gates.plunger'" in text


def test_a_power_cycle_needs_no_restart(lab: Station, generator: Generator) -> None:
    sweep = Sweep(returns=("lab.sgs.power",))
    pid = lab.controller_pid("lab")
    assert swept(sweep)["lab.sgs.power"].tolist() == -10.0
    generator.power_off()
    with pytest.raises(JobError, match=r"sgs\.power"):
        swept(sweep)
    with pytest.raises(JobError, match="'sgs' cannot be opened"):
        swept(sweep)
    # The others work on meanwhile.
    assert swept(Sweep(returns=("lab.multi.A.temperature",))).spots_done == 1
    generator.power_on()
    assert swept(sweep)["lab.sgs.power"].tolist() == -10.0
    assert lab.controller_pid("lab") == pid


def test_the_page_about_instruments_works() -> None:
    blocks = {
        language: re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[0]
        for language in ("yaml", "toml", "python", "text")
    }
    config = blocks["toml"].replace("/etc/stationd", "{folder}")
    station = Station("asyncio", config)
    try:
        (station.folder / "lab.station.yaml").write_text(blocks["yaml"])
        station.start().wait_connected("lab")
        done = subprocess.run(
            [sys.executable, "-c", blocks["python"]],
            capture_output=True,
            check=False,
            text=True,
            timeout=PATIENCE,
            env=station.environment,
        )
    finally:
        station.close()
    assert done.returncode == 0, done.stderr
    assert done.stdout == blocks["text"]


def test_one_setting_is_set_and_read_back_through_the_queue(lab: Station) -> None:
    job = jobs.set_settings({"lab.gates.plunger": -0.25}, timeout=PATIENCE)
    assert jobs.view(job).kind == "sweep"
    found = jobs.get_readouts(["lab.gates.plunger"], timeout=PATIENCE)["lab.gates.plunger"]
    assert (found.value, found.unit) == (-0.25, "mV")
    with pytest.raises(InvalidJob, match="above its greatest value"):
        jobs.set_settings({"lab.gates.plunger": 2.0})


def test_a_result_says_how_the_instruments_stood(lab: Station) -> None:
    jobs.set_settings({"lab.gates.plunger": 0.75}, timeout=PATIENCE)
    data = swept(Sweep(returns=("lab.multi.A.temperature",)))
    assert data.settings["lab.gates.plunger"] == 0.75


def test_the_controller_says_what_the_station_file_has(lab: Station) -> None:
    found = jobs.describe_controller("lab")
    plunger = next(one for one in found.settings if one.name == "gates.plunger")
    assert (plunger.unit, plunger.minimum, plunger.maximum) == ("mV", -1.0, 1.0)
    assert found.health == "healthy"
    assert "qcodes" in found.versions
