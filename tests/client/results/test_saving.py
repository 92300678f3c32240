"""Saved results appear whole, and can be read without the station."""

import json
from pathlib import Path

import numpy as np
import pytest

from stationd.client.results.outcome import CircuitResult, NullOutcome, SweepData
from stationd.client.results.saving import save

CIRCUIT = CircuitResult(
    counts={"0": 1, "1": 1},
    bits=np.array([[0], [1]], dtype=np.uint8),
    bit_names=("c",),
    shots=2,
)


def test_arrays_and_the_rest_are_two_files(tmp_path: Path) -> None:
    written = save(CIRCUIT, tmp_path / "new", "bell")
    assert [path.name for path in written] == ["bell.npz", "bell.json"]
    with np.load(written[0]) as arrays:
        assert arrays["bits"].tolist() == [[0], [1]]
    assert json.loads(written[1].read_text())["counts"] == {"0": 1, "1": 1}
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["bell.json", "bell.npz"]


def test_a_sweeps_axes_are_saved_with_its_arrays(tmp_path: Path) -> None:
    data = SweepData(
        axes={"a.x": np.array([1.0, 2.0])},
        dimensions={"a.x": 0},
        arrays={"r.p": np.array([3.0, np.nan])},
        units={"a.x": "V"},
        spots_done=1,
    )
    npz, document = save(data, tmp_path, "s")
    with np.load(npz) as arrays:
        assert sorted(arrays) == ["a.x", "r.p"]
    assert json.loads(document.read_text())["units"] == {"a.x": "V"}


def test_what_has_no_arrays_is_one_file(tmp_path: Path) -> None:
    assert [path.name for path in save(NullOutcome(1.0), tmp_path, "n")] == ["n.json"]


def test_a_failure_leaves_nothing_half_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        save(CIRCUIT, tmp_path, "bell")
    assert list(tmp_path.iterdir()) == []
