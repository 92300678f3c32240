"""A library that is missing is named with the extra that has it."""

import math
import re
import sys
import tomllib
from pathlib import Path

import pytest

from stationd.actors.untyped import EXTRAS, load

ROOT = Path(__file__).parents[2]


def test_a_module_is_loaded_by_its_name() -> None:
    assert load("math") is math


def test_a_missing_one_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stim", None)
    with pytest.raises(ModuleNotFoundError, match=r"stim.*pip install 'stationd\[qiskit\]'"):
        load("stim.to_be_found")


def test_one_that_no_extra_has_is_named_alone() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"^No module named 'nowhere'$"):
        load("nowhere.to_be_found")


def test_each_package_of_instruments_and_circuits_is_known_by_its_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    named = {
        re.split(r"[<>=\[]", package)[0].replace("-", "_"): extra
        for extra in ("qiskit", "qcodes", "qblox", "qibolab", "laboneq")
        for package in extras[extra]
        if not package.startswith("stationd[")
    }
    assert named == EXTRAS
