"""Results as files of one's choice, with all that is known of where they come from.

Rule. A file appears whole or not at all, and so does the folder that zarr makes.
"""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

import msgspec

from stationd.client.references.table import missing
from stationd.client.results.formats import Format, check_fits
from stationd.client.results.outcome import CircuitResult, CompiledCircuit, Outcome, SweepData
from stationd.client.results.saving import arrays_of, summary, write_whole
from stationd.proto.error import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    import numpy as np
    from numpy.typing import NDArray

Attributes = Mapping[str, str | int | float]
"""What is known of where a result comes from, by name."""

_ROWS: Final = 16_384
"""Rows of a table that are made at a time."""


def export(outcome: Outcome, attributes: Attributes, wanted: Format, path: Path) -> Path:
    """Write a result to a file.

    Args:
        outcome: The result.
        attributes: What is known of where it comes from; CSV and OpenQASM have no place for it.
        wanted: The format.
        path: The file; with zarr, a folder. The folder that it is in is made if there is none.

    Returns:
        The path.

    Raises:
        RequestError: The format does not fit the result.
        MissingExtra: The library for the format is not installed.
        Conflict: There is something at the place of a zarr folder.
        OSError: The disk is full or fails; nothing was left behind.
    """
    check_fits(outcome, wanted)
    path.parent.mkdir(parents=True, exist_ok=True)
    if wanted == "zarr":
        return _zarr(cast("SweepData", outcome), attributes, path)
    if wanted == "netcdf":
        return _netcdf(cast("SweepData", outcome), attributes, path)
    return write_whole(path, lambda file: write_stream(outcome, attributes, wanted, file))


def write_stream(outcome: Outcome, attributes: Attributes, wanted: Format, file: BinaryIO) -> None:
    """Write a result to an open file, in a format that needs no more than that.

    Raises:
        RequestError: The format does not fit the result.
    """
    check_fits(outcome, wanted)
    _STREAMED[wanted](outcome, attributes, file)


# --- text and arrays ---------------------------------------------------------------------------


def _json(outcome: Outcome, attributes: Attributes, file: BinaryIO) -> None:
    document: dict[str, object] = {**summary(outcome), "attributes": attributes}
    if isinstance(outcome, SweepData):
        document["axes"] = {name: _listed(axis) for name, axis in outcome.axes.items()}
        document["arrays"] = {name: _listed(array) for name, array in outcome.arrays.items()}
    file.write(msgspec.json.encode(document))
    file.write(b"\n")


def _listed(array: NDArray[Any]) -> object:
    """Return an array as lists; JSON has no complex numbers, and for NaN it has null."""
    if array.dtype.kind == "c":
        numbers = cast("NDArray[np.complexfloating[Any]]", array)
        return {"real": numbers.real.tolist(), "imag": numbers.imag.tolist()}
    return array.tolist()


def _csv(outcome: Outcome, attributes: Attributes, file: BinaryIO) -> None:
    del attributes
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        if isinstance(outcome, CircuitResult):
            csv.writer(text).writerows([("outcome", "count"), *outcome.counts.items()])
        else:
            _table(cast("SweepData", outcome), text)
    finally:
        # The file is closed by whoever opened it.
        text.detach()


def _table(sweep: SweepData, text: TextIO) -> None:
    writer = csv.writer(text)
    if not sweep.axes and not sweep.arrays:
        # Nothing was stepped through and nothing read: what there is to say is what was set.
        writer.writerows([[*sweep.applied], [*sweep.applied.values()]] if sweep.applied else [])
        return
    shape = _swept(sweep)
    columns = [*_columns(sweep, len(shape))]
    writer.writerow([*sweep.axes, *(name for name, _ in columns)])
    spots = 1
    for steps in shape:
        spots *= steps
    for first in range(0, spots, _ROWS):
        last = min(first + _ROWS, spots)
        rows = slice(first, last)
        axes = _axes_at(sweep, shape, first, last)
        writer.writerows(zip(*axes, *(values[rows].tolist() for _, values in columns), strict=True))


def _swept(sweep: SweepData) -> tuple[int, ...]:
    """Return the steps of each dimension that is swept."""
    steps = {dimension: len(sweep.axes[name]) for name, dimension in sweep.dimensions.items()}
    return tuple(steps[dimension] for dimension in sorted(steps))


def _axes_at(
    sweep: SweepData, shape: tuple[int, ...], first: int, last: int
) -> Iterator[list[object]]:
    import numpy as np  # noqa: PLC0415 - most uses of the client never need it

    if not shape:
        return
    places = np.unravel_index(np.arange(first, last), shape)
    for name, axis in sweep.axes.items():
        yield axis[places[sweep.dimensions[name]]].tolist()


def _columns(sweep: SweepData, swept: int) -> Iterator[tuple[str, NDArray[Any]]]:
    """Yield a column for every number of every reading, each with a row for every spot."""
    import numpy as np  # noqa: PLC0415

    for name, array in sweep.arrays.items():
        shape = array.shape[swept:]
        flat = array.reshape(-1, *shape)
        for place in np.ndindex(*shape):
            title = name + (f"[{','.join(map(str, place))}]" if place else "")
            values = flat[(slice(None), *place)]
            if values.dtype.kind == "c":
                yield f"{title}.real", np.real(values)
                yield f"{title}.imag", np.imag(values)
            else:
                yield title, values


def _npz(outcome: Outcome, attributes: Attributes, file: BinaryIO) -> None:
    import numpy as np  # noqa: PLC0415

    arrays: dict[str, Any] = dict(arrays_of(outcome))
    about: dict[str, object] = {**summary(outcome), "attributes": attributes}
    if isinstance(outcome, CircuitResult):
        # A byte for eight bits: numpy.unpackbits(bits, axis=1, count=n_bits) gives them back.
        arrays["bits"] = np.packbits(outcome.bits, axis=1)
        arrays["n_bits"] = np.asarray(outcome.bits.shape[1])
        arrays["outcomes"] = np.asarray(list(outcome.counts), dtype=np.str_)
        arrays["counts"] = np.asarray(list(outcome.counts.values()), dtype=np.int64)
        about.pop("counts")
    arrays["about"] = np.asarray(msgspec.json.encode(about).decode())
    np.savez(file, **arrays)


def _qasm(outcome: Outcome, attributes: Attributes, file: BinaryIO) -> None:
    del attributes
    file.write(cast("CompiledCircuit", outcome).openqasm.encode())


_STREAMED: Final[dict[Format, Callable[[Outcome, Attributes, BinaryIO], None]]] = {
    "json": _json,
    "csv": _csv,
    "npz": _npz,
    "qasm": _qasm,
}

# --- labelled arrays ---------------------------------------------------------------------------


def _netcdf(sweep: SweepData, attributes: Attributes, path: Path) -> Path:
    if find_spec("h5netcdf") is None or find_spec("h5py") is None:
        raise missing("h5netcdf and h5py", "files of netCDF")
    # Whose own signatures are not wholly typed.
    labelled: Any = sweep.dataset().assign_attrs(attributes)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        labelled.to_netcdf(temporary, engine="h5netcdf")
        temporary.chmod(0o644)
        _flush(temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _zarr(sweep: SweepData, attributes: Attributes, path: Path) -> Path:
    if find_spec("zarr") is None:
        raise missing("zarr", "folders of zarr")
    if path.exists():
        raise Conflict(f"there is something at {path} already: remove it, or name another place")
    labelled: Any = sweep.dataset().assign_attrs(attributes)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        # Format 2 says how text and complex numbers are stored; format 3 does not yet.
        labelled.to_zarr(temporary, mode="w", zarr_format=2, consolidated=True)
        temporary.chmod(0o755)
        for one in temporary.rglob("*"):
            _flush(one)
        _flush(temporary)
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return path


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
