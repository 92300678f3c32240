"""A library that is missing is named with the extra that has it."""

import math

import pytest

from stationd.actors.untyped import load


def test_a_module_is_loaded_by_its_name() -> None:
    assert load("math") is math


def test_a_missing_one_says_what_to_install() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"nowhere.*stationd\[qiskit\]"):
        load("nowhere.to_be_found")
