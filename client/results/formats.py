"""In which formats a result can be saved: which fit it, and what they are called.

Rule. A format is chosen by its name, else by how the file's name ends. One that does not fit is
      refused before anything is fetched or written, with those that do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, get_args

from stationd.client.results.outcome import (
    CircuitResult,
    CompiledCircuit,
    NullOutcome,
    Outcome,
    SweepData,
)
from stationd.proto.error import RequestError

if TYPE_CHECKING:
    from pathlib import Path

Format = Literal["json", "csv", "npz", "netcdf", "zarr", "qasm"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)
SUFFIXES: Final[dict[Format, str]] = {
    "json": ".json",
    "csv": ".csv",
    "npz": ".npz",
    "netcdf": ".nc",
    "zarr": ".zarr",
    "qasm": ".qasm",
}
TEXT: Final[frozenset[Format]] = frozenset({"json", "csv", "qasm"})
"""Those that can be printed."""
_FITTING: Final[dict[type[Outcome], tuple[str, tuple[Format, ...]]]] = {
    CircuitResult: ("a circuit", ("json", "csv", "npz")),
    SweepData: ("a sweep", ("json", "csv", "npz", "netcdf", "zarr")),
    CompiledCircuit: ("a compiled circuit", ("json", "qasm")),
    NullOutcome: ("a null program", ("json",)),
}


def format_of(path: Path) -> Format | None:
    """Return the format that the end of a file's name means; None if it means none.

    >>> from pathlib import Path
    >>> format_of(Path("t1.nc")), format_of(Path("results"))
    ('netcdf', None)
    """
    return next((name for name, suffix in SUFFIXES.items() if path.suffix == suffix), None)


def chosen(path: Path, named: str | None) -> Format:
    """Return the format that is meant.

    Args:
        path: The file.
        named: The format's name; None if the file's name tells.

    Raises:
        RequestError: There is no such format, or nothing tells.
    """
    if named is None:
        found = format_of(path)
        if found is None:
            ends = ", ".join(SUFFIXES.values())
            raise RequestError(f"{path.name!r} ends in none of {ends}: name a format")
        return found
    for one in FORMATS:
        if one == named:
            return one
    raise RequestError(f"there is no format {named!r}: there are {', '.join(FORMATS)}")


def check_fits(outcome: Outcome, wanted: Format) -> None:
    """Return if a result can be saved in a format.

    Raises:
        RequestError: It cannot be.
    """
    what, fitting = _FITTING[type(outcome)]
    if wanted not in fitting:
        raise RequestError(
            f"the result of {what} cannot be saved as {wanted}: choose one of {', '.join(fitting)}"
        )
