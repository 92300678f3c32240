"""A QCoDeS station file is a controller: real drivers, real protocols, and all their trouble."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from stationd.actors.driver import Driver
from stationd.actors.drivers.qcodes_station import QcodesStation
from stationd.actors.drivers.registry import load_driver
from stationd.proto.error import InstrumentError
from stationd.proto.program import Move, SettingValue, SweepWork
from tests.actors.drivers.scpi_server import Generator
from tests.actors.drivers.test_simulated_bench import Recording

qcodes = pytest.importorskip("qcodes", reason="needs QCoDeS: make instruments has it")

MOCKS = """
instruments:
  gates:
    type: qcodes.instrument_drivers.mock_instruments.DummyInstrument
    init: {gates: [plunger, barrier]}
    parameters:
      plunger: {limits: [-1, 1], initial_value: 0.5, unit: mV}
  multi:
    type: qcodes.instrument_drivers.mock_instruments.DummyChannelInstrument
"""
SIMULATED = """
instruments:
  sgs:
    type: qcodes.instrument_drivers.rohde_schwarz.RohdeSchwarzSGS100A
    address: TCPIP0::10.0.0.7::inst0::INSTR
    init: {visalib: "SIMULATION@sim"}
""".replace("SIMULATION", str(Path(__file__).parent / "generator.sim.yaml"))
OVER_TCP = """
instruments:
  sgs:
    type: qcodes.instrument_drivers.rohde_schwarz.RohdeSchwarzSGS100A
    address: TCPIP::127.0.0.1::PORT::SOCKET
    init: {visalib: "@py"}
    parameters:
      power: {initial_value: -30}
"""
PATIENT = 60.0
"""Seconds that an answer may take: no machine is so slow."""
IMPATIENT = 0.2
"""For answers that do not come."""

Open = Callable[..., QcodesStation]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens the instruments of a station file."""
    with ExitStack() as stack:

        def open_them(text: str, **options: object) -> QcodesStation:
            file = tmp_path / "lab.station.yaml"
            file.write_text(text)
            driver = load_driver("qcodes", {"station": str(file), **options})
            stack.callback(driver.close)
            assert isinstance(driver, QcodesStation)
            return driver

        yield open_them


@pytest.fixture
def generator() -> Iterator[Generator]:
    made = Generator()
    yield made
    made.power_off()


@pytest.fixture
def sgs(generator: Generator, opened: Open) -> QcodesStation:
    """The generator behind PyVISA-py and its QCoDeS driver."""
    return opened(OVER_TCP.replace("PORT", str(generator.port)), timeout=PATIENT)


def be_impatient() -> None:
    """Until the instrument is opened anew: what is withheld would otherwise take a minute."""
    qcodes.instrument.Instrument.find_instrument("sgs").timeout.set(IMPATIENT)


def prepare(driver: Driver, *names: str) -> None:
    driver.prepare(SweepWork(returns=names))


def ask(driver: QcodesStation, name: str) -> object:
    return np.asarray(driver.read(name)).tolist()


def test_the_station_file_says_what_there_is(opened: Open) -> None:
    offered = opened(MOCKS).describe()
    settings = {one.name: one for one in offered.settings}
    plunger = settings["gates.plunger"]
    assert (plunger.unit, plunger.minimum, plunger.maximum) == ("mV", -1.0, 1.0)
    assert plunger.doc == "Gate plunger"
    assert settings["multi.B.dummy_text"].type == "str"
    readouts = {one.name: one for one in offered.readouts}
    assert readouts["multi.A.dummy_parameter_with_setpoints_2d"].shape == (101, 101)
    assert not any(name.endswith(".IDN") for name in readouts)


def test_it_sweeps_and_reads_scalars_arrays_and_text(opened: Open) -> None:
    driver, execution = opened(MOCKS), Recording()
    work = SweepWork(
        settings=(("multi.A.dummy_text", "warm"),),
        shape=(3,),
        moves=(Move("gates.plunger", 0, (-1.0, 0.0, 1.0)),),
        returns=("gates.plunger", "multi.A.dummy_array_parameter", "multi.A.dummy_text"),
    )
    driver.prepare(work)
    driver.run(work, execution)
    assert execution.values == {
        "gates.plunger": [-1.0, 0.0, 1.0],
        "multi.A.dummy_array_parameter": [[2.0] * 5] * 3,
        "multi.A.dummy_text": ["warm"] * 3,
    }


def test_a_sweep_says_how_all_settings_stood(opened: Open) -> None:
    driver, execution = opened(MOCKS), Recording()
    driver.run(SweepWork(settings=(("gates.plunger", -0.5),)), execution)
    standing = execution.standing
    assert standing["gates.plunger"] == -0.5
    assert standing.keys() == {one.name for one in driver.describe().settings}


def test_every_readout_reads_what_it_declares(opened: Open) -> None:
    driver = opened(MOCKS)
    # These two want their set points set up first.
    aside = ("setpoints", "_sp_axis")
    names = [
        one.name for one in driver.describe().readouts if not any(x in one.name for x in aside)
    ]
    assert len(names) > 50
    for name in names:
        driver.read(name)


def test_a_value_beyond_its_limits_reaches_no_instrument(opened: Open) -> None:
    driver = opened(MOCKS)
    with pytest.raises(ValueError, match="must be between -1 and 1"):
        driver.set("gates.plunger", 1.5)
    # Nothing is wrong with the instrument.
    assert ask(driver, "gates.plunger") == 0.5


def test_patterns_choose_what_jobs_may_use(opened: Open) -> None:
    driver = opened(MOCKS, include=["gates.*", "multi.A.temp*"], exclude=["*.barrier"])
    names = [one.name for one in driver.describe().settings]
    assert names == ["gates.plunger", "gates.fixed_parameter", "multi.A.temperature"]
    with pytest.raises(InstrumentError, match=r"no setting 'gates\.barrier'"):
        driver.set("gates.barrier", 0.1)


def test_only_the_instruments_that_are_named_are_opened(opened: Open) -> None:
    driver = opened(MOCKS, instruments=["gates"])
    assert {one.name.partition(".")[0] for one in driver.describe().readouts} == {"gates"}


def test_names_are_free_again_after_close(opened: Open) -> None:
    # QCoDeS knows instruments by their names, one of each in a process.
    for _ in range(2):
        opened(MOCKS).close()
    with pytest.raises(InstrumentError, match="nonsense"):
        opened(MOCKS, instruments=["gates", "nonsense"])
    opened(MOCKS)


@pytest.mark.parametrize(
    ("text", "options", "reason"),
    [
        (MOCKS, {"instruments": ["gate"]}, "no instrument 'gate'; there are gates, multi"),
        (MOCKS, {"timeout": 0.0}, "timeout"),
        ("instruments: [", {}, "cannot be read"),
        (MOCKS.replace("DummyInstrument", "Nothing"), {}, "'gates' cannot be opened: Attribute"),
        (MOCKS.replace("value: 0.5", "value: 7"), {}, "'gates' cannot be opened: ValueError: 7 is"),
    ],
)
def test_what_is_wrong_with_a_station_file_is_said(
    opened: Open, text: str, options: dict[str, object], reason: str
) -> None:
    with pytest.raises(InstrumentError, match=reason):
        opened(text, **options)
    opened(MOCKS)


def test_a_station_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstrumentError, match=r"there is no station file '.*absent\.yaml'"):
        load_driver("qcodes", {"station": str(tmp_path / "absent.yaml")})


@pytest.mark.parametrize(
    ("name", "value"), [("sgs.frequency", 6.25e9), ("sgs.status", True), ("sgs.status", False)]
)
def test_a_simulated_scpi_instrument_is_set_and_read(
    opened: Open, name: str, value: SettingValue
) -> None:
    driver = opened(SIMULATED)
    driver.set(name, value)
    assert ask(driver, name) == value


def test_an_instrument_is_spoken_to_over_tcp(sgs: QcodesStation, generator: Generator) -> None:
    sgs.set("sgs.frequency", 5e9)
    sgs.set("sgs.status", value=True)
    assert ask(sgs, "sgs.frequency") == 5e9
    assert ask(sgs, "sgs.status") is True
    assert ask(sgs, "sgs.power") == -30.0
    assert generator.settings["SOUR:FREQ"] == "5000000000.00"
    assert generator.settings[":OUTP:STAT"] == "1"


def test_a_late_reply_answers_no_later_question(sgs: QcodesStation, generator: Generator) -> None:
    be_impatient()
    late = generator.withhold()
    with pytest.raises(InstrumentError, match=r"sgs\.frequency: .*[Tt]imeout.*opened anew"):
        sgs.read("sgs.frequency")
    late.set()
    generator.wait_answered()
    # It would be the answer to this one.
    with pytest.raises(InstrumentError, match="had trouble and is not open"):
        sgs.set("sgs.power", -20.0)
    prepare(sgs, "sgs.power")
    assert ask(sgs, "sgs.power") == -30.0
    assert ask(sgs, "sgs.frequency") == 1e6
    generator.wait_connected(1)


def test_a_reading_outside_of_jobs_opens_the_instrument_anew_too(
    sgs: QcodesStation, generator: Generator
) -> None:
    be_impatient()
    late = generator.withhold()
    with pytest.raises(InstrumentError, match=r"sgs\.frequency: .*[Tt]imeout.*opened anew"):
        sgs.read("sgs.frequency")
    late.set()
    generator.wait_answered()
    # A guard would hold all jobs for ever, one of which alone would open it.
    assert ask(sgs, "sgs.power") == -30.0


def test_a_reply_that_makes_no_sense_is_trouble_too(
    sgs: QcodesStation, generator: Generator
) -> None:
    generator.settings["SOUR:FREQ"] = "-113, undefined header"
    with pytest.raises(InstrumentError, match=r"sgs\.frequency: ValueError.*opened anew"):
        sgs.read("sgs.frequency")
    with pytest.raises(InstrumentError, match="had trouble"):
        sgs.set("sgs.power", 0.0)


def test_a_power_cycle_costs_jobs_and_no_restart(sgs: QcodesStation, generator: Generator) -> None:
    sgs.set("sgs.frequency", 5e9)
    be_impatient()
    generator.power_off()
    with pytest.raises(InstrumentError, match=r"sgs\.frequency: "):
        sgs.read("sgs.frequency")
    for _ in range(2):
        with pytest.raises(InstrumentError, match=r"'sgs' cannot be opened: .* look at its power"):
            prepare(sgs, "sgs.frequency")
    # Work that does not need it is not held up.
    prepare(sgs, "gates.plunger")
    generator.power_on()
    prepare(sgs, "sgs.frequency")
    assert ask(sgs, "sgs.frequency") == 1e6
    # What the station file says holds again.
    assert ask(sgs, "sgs.power") == -30.0
    assert generator.settings["SOUR:POW"] == "-30.00"


@pytest.mark.parametrize(
    ("right", "wrong"), [("-30", "1000"), ('"@py"', '"@py", timeout: soon')], ids=["after", "while"]
)
def test_an_instrument_that_fails_to_open_keeps_no_connection(
    generator: Generator, opened: Open, right: str, wrong: str
) -> None:
    # An instrument that takes one connection could never be opened again.
    text = OVER_TCP.replace("PORT", str(generator.port))
    with pytest.raises(InstrumentError, match=r"'sgs' cannot be opened: [TV].*Error"):
        opened(text.replace(right, wrong))
    generator.wait_connected(0)
    driver = opened(text, timeout=PATIENT)
    assert ask(driver, "sgs.power") == -30.0
    driver.close()
    generator.wait_connected(0)
