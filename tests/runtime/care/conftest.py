"""Stations on disk, to be looked after."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from stationd.runtime.care.backup import Source
from tests.runtime.care.stations import make_station


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A station that no test changes."""
    return make_station(tmp_path_factory.mktemp("station"))


@pytest.fixture
def made(source: Source, tmp_path: Path) -> Callable[[], Source]:
    """Make a station of a test's own, a copy of that one."""

    def make() -> Source:
        shutil.copytree(source.state, tmp_path / "station" / "state")
        return Source(source.name, tmp_path / "station" / "state", source.configuration)

    return make
