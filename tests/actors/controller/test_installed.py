"""What is installed is told by its versions, a driver without a package by its file."""

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from stationd.actors.controller import installed
from stationd.actors.controller.installed import versions


def test_python_libraries_stationd_and_what_it_needs_are_told() -> None:
    found = versions("null")
    assert {"Linux", "Python", "SQLite", "libzmq"} <= found.keys()
    for name in ("stationd", "msgspec", "pyzmq", "numpy"):
        assert found[name] == version(name)
    assert list(found) == sorted(found)


def test_a_driver_of_another_package_is_told_with_what_that_needs() -> None:
    found = versions("hypothesis.strategies:Driver")
    assert found["hypothesis"] == version("hypothesis")
    assert found["sortedcontainers"] == version("sortedcontainers")


def test_a_driver_without_a_package_is_known_by_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "my_scope_driver.py"
    file.write_text("x = 1\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = versions("my_scope_driver:Scope")["my_scope_driver"]
    assert before.startswith("sha256:")
    assert versions("my_scope_driver:Scope")["my_scope_driver"] == before
    file.write_text("x = 2\n")
    assert versions("my_scope_driver:Scope")["my_scope_driver"] != before


@pytest.mark.parametrize("driver", ["no.such.module:Driver", "nonsense", ".:x"])
def test_a_driver_that_cannot_be_found_is_left_out(driver: str) -> None:
    assert versions(driver) == versions()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of newer Pythons, which tell of None
def test_what_is_installed_by_half_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "halved-1.0.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(installed, "requires", {"stationd": ["halved>=1", "msgspec"]}.get)
    found = versions()
    assert "halved" not in found
    assert found["msgspec"] == version("msgspec")
