"""The drivers for what vendors make can be relied on, as far as the emulations go."""

import gc
from collections.abc import Callable
from pathlib import Path

import pytest

from stationd.actors.drivers.registry import load_driver
from stationd.testing import check_driver

# Qblox' package never closes the event loop that it makes for itself.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

CLUSTER = """
instruments:
  cluster:
    type: qblox_instruments.Cluster
    init:
      dummy_cfg: {2: Cluster QCM, 4: Cluster QRM}
"""


def _cluster(folder: Path) -> dict[str, object]:
    station = folder / "lab.station.yaml"
    station.write_text(CLUSTER)
    return {"station": str(station), "include": ["cluster.module*"]}


def _platform(_folder: Path) -> dict[str, object]:
    return {"platform": "dummy"}


def _lab(_folder: Path) -> dict[str, object]:
    return {"platform": "tests.actors.drivers.laboneq_lab:platform", "emulate": True}


@pytest.mark.parametrize(
    ("needs", "driver", "options"),
    [
        ("qblox_instruments", "qcodes", _cluster),
        ("qibolab", "qibolab", _platform),
        ("laboneq", "laboneq", _lab),
    ],
)
def test_it_breaks_nothing(
    needs: str, driver: str, options: Callable[[Path], dict[str, object]], tmp_path: Path
) -> None:
    pytest.importorskip(needs, reason=f"{needs} is not installed: make instruments has it")
    given = options(tmp_path)
    report = check_driver(lambda: load_driver(driver, given), patience=300.0, abort_within=120.0)
    gc.collect()
    report.assert_conforms()
    assert {one.check: one.verdict for one in report.findings}["abort"] == "kept"
