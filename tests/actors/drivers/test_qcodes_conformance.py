"""The driver `qcodes` is one that a controller can rely on: in memory, and over a connection."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stationd.actors.driver import Driver
from stationd.actors.drivers.registry import load_driver
from stationd.proto.program import Move, SweepWork
from stationd.testing import check_driver
from tests.actors.drivers import scpi_server

qcodes = pytest.importorskip("qcodes", reason="needs QCoDeS: make instruments has it")

MOCKS = """
instruments:
  gates:
    type: qcodes.instrument_drivers.mock_instruments.DummyInstrument
    init: {gates: [plunger, barrier]}
    parameters:
      plunger: {limits: [-1, 1], unit: mV}
  multi:
    type: qcodes.instrument_drivers.mock_instruments.DummyChannelInstrument
"""
OVER_TCP = """
instruments:
  sgs:
    type: qcodes.instrument_drivers.rohde_schwarz.RohdeSchwarzSGS100A
    address: TCPIP::127.0.0.1::PORT::SOCKET
    init: {visalib: "@py"}
"""
PATIENT = 60.0
IMPATIENT = 0.2


def maker(file: Path, text: str, **options: object) -> Callable[[], Driver]:
    file.write_text(text)
    return lambda: load_driver("qcodes", {"station": str(file), **options})


def test_instruments_in_memory(tmp_path: Path) -> None:
    # Some want their set points set up first; of an array of complex numbers QCoDeS does not say
    # what it is of.
    aside = ("*_setpoints*", "*_sp_axis*", "*complex_array*")
    make = maker(tmp_path / "lab.yaml", MOCKS, exclude=aside)
    report = check_driver(make, beyond_limits=True, patience=120.0, abort_within=60.0)
    report.assert_conforms()
    verdicts = {one.check: one.verdict for one in report.findings}
    assert (verdicts["limits"], verdicts["abort"], verdicts["steps"]) == ("kept",) * 3


def test_an_instrument_that_is_silent_for_a_while(tmp_path: Path) -> None:
    instrument = scpi_server.Generator()

    @contextmanager
    def silence() -> Generator[None]:
        # It is opened anew afterwards, with all the time that the options give it.
        qcodes.instrument.Instrument.find_instrument("sgs").timeout.set(IMPATIENT)
        late = instrument.withhold()
        yield
        late.set()
        instrument.wait_answered()

    try:
        report = check_driver(
            maker(
                tmp_path / "lab.yaml",
                OVER_TCP.replace("PORT", str(instrument.port)),
                timeout=PATIENT,
            ),
            work=SweepWork(
                settings=(("sgs.power", -20.0),),
                shape=(2,),
                moves=(Move("sgs.frequency", 0, (5e9, 6e9)),),
                returns=("sgs.frequency", "sgs.power"),
            ),
            silence=silence,
            patience=120.0,
            abort_within=60.0,
        )
    finally:
        instrument.power_off()
    report.assert_conforms()
    verdicts = {one.check: one.verdict for one in report.findings}
    assert (verdicts["hang"], verdicts["run after hang"]) == ("kept",) * 2
