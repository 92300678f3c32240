"""A Qblox cluster in a station file: the vendor's own dummy of it, with its own validators."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from stationd.actors.driver import SettingsDriver
from stationd.actors.drivers.registry import load_driver
from stationd.proto.program import Setting

pytest.importorskip("qblox_instruments", reason="the extra 'qblox' is not installed")

# Qblox' package never closes the event loop that it makes for itself.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

STATION = """
instruments:
  cluster:
    type: qblox_instruments.Cluster
    init:
      dummy_cfg: {2: Cluster QCM, 4: Cluster QRM}
"""
FREQUENCY = "cluster.module2.sequencer0.nco_freq"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SettingsDriver]:
    station: Path = tmp_path_factory.mktemp("lab") / "lab.station.yaml"
    station.write_text(STATION)
    driver = load_driver("qcodes", {"station": str(station), "include": ["cluster.module*"]})
    assert isinstance(driver, SettingsDriver)
    yield driver
    driver.close()
    del driver
    gc.collect()


def test_modules_and_sequencers_are_found_with_units_and_limits(cluster: SettingsDriver) -> None:
    found = {one.name: one for one in cluster.describe().settings}
    # An NCO reaches 500 MHz on either side: Qblox' data sheet of its modules.
    assert found[FREQUENCY] == Setting(
        name=FREQUENCY, unit="Hz", minimum=-5e8, maximum=5e8, doc=found[FREQUENCY].doc
    )
    assert {"cluster.module2.out3_offset", "cluster.module4.in0_gain"} <= found.keys()


def test_what_is_set_reads_back(cluster: SettingsDriver) -> None:
    cluster.set(FREQUENCY, 50e6)
    assert cluster.read(FREQUENCY) == 50e6


def test_what_the_vendor_does_not_allow_is_not_set(cluster: SettingsDriver) -> None:
    cluster.set(FREQUENCY, 1e6)
    with pytest.raises(ValueError, match="must be between -500000000"):
        cluster.set(FREQUENCY, 5e9)
    assert cluster.read(FREQUENCY) == 1e6
