"""A driver is found by name, and whatever is wrong with it is said with its name."""

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest

from stationd.actors.driver import Driver
from stationd.actors.drivers.built_in import BUILT_IN
from stationd.actors.drivers.null import Null
from stationd.actors.drivers.registry import load_driver, misfit
from stationd.actors.drivers.simulated_bench import SimulatedSource
from stationd.proto.error import InstrumentError


@pytest.mark.parametrize("where", BUILT_IN.values())
def test_every_built_in_driver_is_there(where: str) -> None:
    module, _, _ = where.partition(":")
    assert importlib.util.find_spec(module) is not None


def test_a_built_in_driver_gets_its_options(tmp_path: Path) -> None:
    # Whole numbers are what TOML makes of them.
    options: Mapping[str, object] = {"cable": str(tmp_path), "time_per_point": 1}
    assert isinstance(load_driver("simulated-source", options), SimulatedSource)


def test_any_class_is_found_by_its_path() -> None:
    assert isinstance(load_driver("stationd.actors.drivers.null:Null", {}), Null)


class Own(Driver):
    """Checks its options itself, as the base class does."""


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("nul", {}, r"no driver is called 'nul': there are 'null', 'simulated-qpu', .*'package"),
        ("nowhere.at.all:Driver", {}, r"'nowhere.at.all:Driver' cannot be imported: No module"),
        ("stationd.actors.drivers.null:Nil", {}, r"cannot be imported: .*no attribute 'Nil'"),
        ("pathlib:Path", {}, r"'pathlib:Path' is not a subclass of"),
        ("os:path", {}, r"'os:path' is not a subclass of"),
        (":Null", {}, r"':Null' cannot be imported"),
        ("null", {"log": 1}, r"'null' has no option 'log'; it has 'executions'"),
        ("null", {"executions": 1}, r"'null', option 'executions': Expected `str`, got `int`"),
        ("null", {"executions": "/no/where"}, r"'null' did not start: FileNotFoundError"),
        ("simulated-source", {}, r"'simulated-source' needs the option cable"),
        (
            "simulated-source",
            {"cable": "x", "time_per_point": -1.0},
            r"option 'time_per_point': Expected `float` >= 0",
        ),
        (f"{__name__}:Own", {"what": 1}, r"Own does not know the options what"),
    ],
)
def test_what_is_wrong_is_said(name: str, options: Mapping[str, object], message: str) -> None:
    with pytest.raises(InstrumentError, match=message):
        load_driver(name, options)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("simulated-qpu", {"qubits": 5}, ""),
        ("simulated-qpu", {"qubits": 50}, "option 'qubits': Expected `int` <= 20"),
        ("simulated-qpu", {"qbits": 5}, "has no option 'qbits'; it has 'qubits'"),
        ("qibolab", {}, "needs the option platform"),
        # To look at it one would have to import it, and that might move something.
        ("nowhere.at.all:Driver", {"qbits": 5}, ""),
    ],
)
def test_options_are_looked_at_without_making_the_driver(
    name: str, options: Mapping[str, object], message: str
) -> None:
    found = misfit(name, options)
    assert message in found
    assert bool(found) is bool(message)
