"""Stations on disk, to be looked after."""

from collections.abc import Callable

import pytest

from stationd.runtime.care.backup import Source
from tests.runtime.care.stations import make_station


@pytest.fixture
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Source]:
    """Make a station, as often as it is called."""
    return lambda: make_station(tmp_path_factory.mktemp("station"))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A station that no test changes."""
    return make_station(tmp_path_factory.mktemp("station"))
