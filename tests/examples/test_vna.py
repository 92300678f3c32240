"""The driver of the network analyser, and the analyser that it speaks to."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from stationd import InstrumentError

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """An analyser that is switched on."""
    program = [sys.executable, str(EXAMPLES / "vna.py")]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        yield int(running.stdout.readline())
        running.terminate()


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    yield importlib.import_module("vna_driver")
    sys.modules.pop("vna_driver")


def test_what_the_analyser_does_not_like_is_an_error_and_the_talk_goes_on(
    port: int, driver: ModuleType
) -> None:
    with driver.Scpi(("127.0.0.1", port), 60.0) as analyser:
        with pytest.raises(InstrumentError, match="Undefined header or data; SOUR:POW high"):
            analyser.tell("SOUR:POW high")
        analyser.tell("SOUR:POW -10")
        with pytest.raises(InstrumentError, match="FREQ:DATE"):
            analyser.tell("FREQ:DATE 1")


def test_a_block_holds_as_many_numbers_as_a_trace_has_points(port: int, driver: ModuleType) -> None:
    with driver.Scpi(("127.0.0.1", port), 60.0) as analyser:
        for command in ("FREQ:STAR 1e9", "FREQ:STOP 2e9", "SWE:POIN 11", "INIT"):
            analyser.tell(command)
        assert np.array_equal(analyser.ask_block("FREQ:DATA?"), np.linspace(1e9, 2e9, 11))
        # Both parts of each.
        assert analyser.ask_block("CALC:DATA? SDAT").shape == (22,)
