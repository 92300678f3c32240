"""Results as files of every format that fits them, which others can read."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from stationd.client.results import exporting
from stationd.client.results.exporting import export
from stationd.client.results.formats import Format
from stationd.client.results.outcome import (
    CircuitResult,
    CompiledCircuit,
    NullOutcome,
    Outcome,
    SweepData,
)
from stationd.proto.error import Conflict, MissingExtra, RequestError
from stationd.proto.program import NativeCircuit

ABOUT: dict[str, str | int | float] = {"job": "j", "number": 7, "stationd": "0.1.0"}


def opened(path: Path) -> xr.Dataset:
    return xr.open_dataset(path)  # pyright: ignore[reportUnknownMemberType] - it is theirs


CIRCUIT = CircuitResult(
    counts={"00": 1, "11": 2},
    bits=np.array([[0, 0], [1, 1], [1, 1]], dtype=np.uint8),
    bit_names=("c[0]", "c[1]"),
    shots=3,
)
COMPILED = CompiledCircuit(
    openqasm="OPENQASM 3.0;\n", native=NativeCircuit(instructions=(), n_bits=0), depth=1,
    two_qubit_gates=0,
)  # fmt: skip
SWEEP = SweepData(
    axes={"a.x": np.array([0.0, 1.0]), "a.mode": np.array(["p", "q"]), "a.y": np.array([5, 6, 7])},
    dimensions={"a.x": 0, "a.mode": 0, "a.y": 1},
    arrays={
        "r.iq": np.arange(6).reshape(2, 3) * (1 + 2j),
        "r.trace": np.array([[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]] * 2),
        "r.on": np.array([[True, False, True]] * 2),
        "r.text": np.array([["a", "bc", ""]] * 2),
        "r.t": np.array([[0.5, np.nan, 1.5]] * 2),
    },
    units={"a.x": "s", "r.iq": "V"},
    spots_done=6,
)


def test_a_job_that_has_set_settings_and_nothing_else_is_a_table_of_them(tmp_path: Path) -> None:
    applied = '{"a.x":{"value":1e-6,"unit":"s"},"a.mode":{"value":"cw"}}'
    one = SweepData({}, {}, {}, {"a.x": "s"}, spots_done=1, metadata={"applied": applied})
    rows = export(one, ABOUT, "csv", tmp_path / "s.csv").read_text().splitlines()
    assert rows == ["a.x,a.mode", "1e-06,cw"]
    none = SweepData({}, {}, {}, {}, spots_done=0)
    assert export(none, ABOUT, "csv", tmp_path / "n.csv").read_text() == ""


@pytest.mark.parametrize("wanted", ["netcdf", "zarr"])
def test_xarray_opens_a_sweep_in_one_line_and_finds_all_of_it(
    wanted: Format, tmp_path: Path
) -> None:
    path = export(
        SWEEP, ABOUT, wanted, tmp_path / f"new/t{'.nc' if wanted == 'netcdf' else '.zarr'}"
    )
    with opened(path) as found:
        assert found["r.iq"].dims == ("a.x", "a.y")
        assert found["r.iq"].dtype.kind == "c"
        for name, array in SWEEP.arrays.items():
            np.testing.assert_array_equal(found[name].values, array)
        for name, axis in SWEEP.axes.items():
            np.testing.assert_array_equal(found[name].values, axis)
        assert found["a.mode"].dims == ("a.x",)
        assert found["a.x"].attrs["units"] == "s"
        assert found["r.iq"].attrs["units"] == "V"
        assert {name: found.attrs[name] for name in ABOUT} == ABOUT
        assert found.attrs["spots_done"] == 6
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_table_has_a_row_for_every_spot_and_a_column_for_every_number(tmp_path: Path) -> None:
    path = export(SWEEP, ABOUT, "csv", tmp_path / "t.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "a.x", "a.mode", "a.y", "r.iq.real", "r.iq.imag", "r.trace[0]", "r.trace[1]", "r.on",
        "r.text", "r.t",
    ]  # fmt: skip
    assert [row["a.y"] for row in rows] == ["5", "6", "7"] * 2
    assert [row["a.mode"] for row in rows] == ["p"] * 3 + ["q"] * 3
    assert (rows[4]["r.iq.real"], rows[4]["r.iq.imag"]) == ("4.0", "8.0")
    assert (rows[1]["r.trace[1]"], rows[1]["r.t"]) == ("4.0", "nan")


def test_a_long_table_is_made_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = export(SWEEP, ABOUT, "csv", tmp_path / "whole.csv").read_bytes()
    monkeypatch.setattr(exporting, "_ROWS", 4)
    assert export(SWEEP, ABOUT, "csv", tmp_path / "t.csv").read_bytes() == whole


def test_a_spot_without_axes_is_one_row(tmp_path: Path) -> None:
    one = SweepData({}, {}, {"r.p": np.array(0.5)}, {}, spots_done=1)
    assert export(one, ABOUT, "csv", tmp_path / "t.csv").read_text().split() == ["r.p", "0.5"]
    with opened(export(one, ABOUT, "netcdf", tmp_path / "t.nc")) as found:
        assert found["r.p"].item() == 0.5


def test_counts_are_a_table_too(tmp_path: Path) -> None:
    path = export(CIRCUIT, ABOUT, "csv", tmp_path / "c.csv")
    assert path.read_text().split() == ["outcome,count", "00,1", "11,2"]


def test_bits_are_packed_and_come_back(tmp_path: Path) -> None:
    with np.load(export(CIRCUIT, ABOUT, "npz", tmp_path / "c.npz"), allow_pickle=False) as found:
        assert found["bits"].shape == (3, 1)
        bits = np.unpackbits(found["bits"], axis=1, count=int(found["n_bits"]))
        np.testing.assert_array_equal(bits, CIRCUIT.bits)
        assert dict(zip(found["outcomes"].tolist(), found["counts"].tolist(), strict=True)) == (
            CIRCUIT.counts
        )
        about = json.loads(str(found["about"]))
    assert about["attributes"] == ABOUT
    assert about["bit_names"] == ["c[0]", "c[1]"]


def test_arrays_of_a_sweep_stand_beside_what_they_mean(tmp_path: Path) -> None:
    with np.load(export(SWEEP, ABOUT, "npz", tmp_path / "s.npz"), allow_pickle=False) as found:
        np.testing.assert_array_equal(found["r.iq"], SWEEP.arrays["r.iq"])
        about = json.loads(str(found["about"]))
    assert (about["dimensions"], about["units"]) == (SWEEP.dimensions, SWEEP.units)


def test_json_holds_everything_and_has_null_for_what_is_missing(tmp_path: Path) -> None:
    found = json.loads(export(SWEEP, ABOUT, "json", tmp_path / "s.json").read_bytes())
    assert found["arrays"]["r.t"] == [[0.5, None, 1.5]] * 2
    assert found["arrays"]["r.iq"]["imag"][0] == [0.0, 2.0, 4.0]
    assert found["axes"]["a.y"] == [5, 6, 7]
    assert found["attributes"] == ABOUT
    counts = json.loads(export(CIRCUIT, ABOUT, "json", tmp_path / "c.json").read_bytes())
    assert counts["counts"] == CIRCUIT.counts


def test_a_compiled_circuit_is_its_text(tmp_path: Path) -> None:
    assert export(COMPILED, ABOUT, "qasm", tmp_path / "c.qasm").read_text() == COMPILED.openqasm


@pytest.mark.parametrize(
    ("outcome", "wanted", "words"),
    [
        (CIRCUIT, "netcdf", "a circuit cannot be saved as netcdf: choose one of json, csv, npz"),
        (SWEEP, "qasm", "choose one of json, csv, npz, netcdf, zarr"),
        (COMPILED, "csv", "choose one of json, qasm"),
        (NullOutcome(1.0), "npz", "a null program cannot be saved as npz: choose one of json"),
    ],
)
def test_a_format_that_does_not_fit_is_refused_with_those_that_do(
    outcome: Outcome, wanted: Format, words: str, tmp_path: Path
) -> None:
    with pytest.raises(RequestError, match=words):
        export(outcome, ABOUT, wanted, tmp_path / "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wanted", "library"), [("netcdf", "h5py"), ("netcdf", "h5netcdf"), ("zarr", "zarr")]
)
def test_a_library_that_is_missing_is_named_with_its_extra(
    wanted: Format, library: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(name: str) -> object:
        return None if name == library else object()

    monkeypatch.setattr(exporting, "find_spec", found)
    with pytest.raises(MissingExtra, match=r"pip install 'stationd\[data\]'"):
        export(SWEEP, ABOUT, wanted, tmp_path / "x")


@pytest.mark.parametrize("wanted", ["netcdf", "zarr", "csv"])
def test_a_failure_leaves_nothing_behind_and_what_was_there(
    wanted: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    if wanted != "zarr":
        path.write_text("older")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        export(SWEEP, ABOUT, wanted, path)
    assert [one.read_text() for one in tmp_path.iterdir()] == ["older"] * (wanted != "zarr")


def test_a_zarr_folder_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "t.zarr").mkdir()
    with pytest.raises(Conflict, match="remove it, or name another place"):
        export(SWEEP, ABOUT, "zarr", tmp_path / "t.zarr")
