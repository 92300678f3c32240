"""The driver of the page "Write a driver" breaks nothing, and would if it were shorter."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from stationd.testing import Report, check_driver

EXAMPLES = Path(__file__).parents[2] / "examples"
PAGE = (EXAMPLES.parent / "docs" / "write-a-driver.md").read_text(encoding="utf-8")


@pytest.fixture
def modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ModuleType, ModuleType]]:
    """The driver's module, and that of its instrument."""
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    names = ("own_driver", "own_instrument")
    yield importlib.import_module(names[0]), importlib.import_module(names[1])
    for name in names:
        sys.modules.pop(name)


def checked(modules: tuple[ModuleType, ModuleType], *, silent: bool, timeout: float) -> Report:
    driver, instruments = modules
    with instruments.Instrument().serving() as meter:
        return check_driver(
            lambda: driver.SourceMeter(host="127.0.0.1", port=meter.port, timeout=timeout),
            silence=meter.silence if silent else None,
            patience=120.0,
            abort_within=60.0,
        )


def test_the_driver_of_the_page_breaks_nothing(modules: tuple[ModuleType, ModuleType]) -> None:
    report = checked(modules, silent=False, timeout=60.0)
    report.assert_conforms()
    told = {one.check for one in report.findings if f"  {one.check} " in PAGE}
    assert told == {one.check for one in report.findings}


# An answer that does not come is waited for, and one that comes must not be late.
@pytest.mark.campaign
def test_it_gets_over_an_instrument_that_is_silent(
    modules: tuple[ModuleType, ModuleType],
) -> None:
    checked(modules, silent=True, timeout=3.0).assert_conforms()


@pytest.mark.campaign
def test_without_hanging_up_it_does_not(
    modules: tuple[ModuleType, ModuleType], monkeypatch: pytest.MonkeyPatch
) -> None:
    driver, _ = modules
    kept: list[Any] = []

    def go_on(meter: object) -> None:
        kept.append(meter)

    monkeypatch.setattr(driver.SourceMeter, "_hang_up", go_on)
    broken = checked(modules, silent=True, timeout=3.0).broken
    monkeypatch.undo()
    for one in kept:
        one._hang_up()
    assert [one.check for one in broken][:1] == ["run after hang"]
    assert "cannot read from timed out object" in broken[0].says
