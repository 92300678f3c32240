"""Results saved with all that is known of where they come from; asynchronous."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from anyio import to_thread

from stationd.client.references.item import ItemRef
from stationd.client.results.exporting import export
from stationd.client.results.fetching import download_result
from stationd.client.results.formats import chosen
from stationd.client.results.provenance import provenance

if TYPE_CHECKING:
    from stationd.proto.provenance import Provenance

MOST_SOURCE_BYTES: Final = 64 * 1024
"""The text of a larger circuit is not saved with its result: its digest is."""


async def save_result(result: ItemRef, path: Path | str, format: str | None = None) -> Path:  # noqa: A002 - as numpy and pandas call it
    """Save a result as a file, with all that is known of where it comes from.

    What a file holds is in docs/how-to/data.md. It appears whole or not at all.

    Args:
        result: Its reference.
        path: The file; with zarr, a folder.
        format: ``json``, ``csv``, ``npz``, ``netcdf``, ``zarr`` or ``qasm``; None for what the
            name's end means. A sweep can be any but the last; counts and bits ``json``, ``csv``
            and ``npz``; a compiled circuit ``json`` and ``qasm``; a null program ``json``.

    Returns:
        The path.

    Raises:
        RequestError: The format does not fit the result.
        MissingExtra: What the format needs is in `stationd[data]`, and not installed.
        Conflict: There is something at the place of a zarr folder.
        UnknownArtifact: The station does not have the result any more.
        ProtocolViolation: What arrived is not what was stored.
        OSError: The file cannot be written.
    """
    place = Path(path)
    wanted = chosen(place, format)
    outcome = await download_result(result)
    found = attributes(await provenance(result))
    return await to_thread.run_sync(export, outcome, found, wanted, place)


def attributes(found: Provenance) -> dict[str, str | int | float]:
    """Return where a result comes from as values that every format can hold."""
    versions = {"daemon": found.daemon, **{one.name: one.versions for one in found.controllers}}
    given: dict[str, str | int | float | None] = {
        "job": found.job,
        "number": found.number,
        "item": found.item,
        "attempt": found.attempt,
        "kind": found.kind,
        "name": found.name,
        "program_name": found.program_name,
        "target": found.target,
        "creator": found.creator,
        "project": found.project,
        "station": found.station,
        "station_name": found.station_name,
        "submitted": _moment(found.created_unix_s),
        "executed": _moment(found.executed_unix_s),
        "ended": _moment(found.ended_unix_s),
        "ticket": found.ticket,
        "shots": found.n_shots or None,
        "seed": found.seed,
        "optimisation_level": found.optimisation_level,
        "program_sha256": found.program_sha256,
        "program": _source(found),
        "stationd": found.daemon.get("stationd"),
        "drivers": _json({one.name: one.driver for one in found.controllers}),
        "versions": _json(versions),
    }
    if found.artifact is not None:
        given |= {"artifact": found.artifact.id, "artifact_sha256": found.artifact.sha256}
    if found.calibration is not None:
        given["calibration_set"] = found.calibration.id
        given["calibration_set_stored"] = _moment(found.calibration.created_unix_s)
    if found.compiled is not None:
        given["compiled_sha256"] = found.compiled.sha256
        given["compiled_depth"] = found.compiled.depth
        given["compiled_two_qubit_gates"] = found.compiled.two_qubit_gates
    return {name: value for name, value in given.items() if value is not None and value != ""}


def _moment(time_unix_s: float | None) -> str | None:
    """Return a time as text that any program reads; UTC."""
    if time_unix_s is None:
        return None
    return datetime.fromtimestamp(time_unix_s, UTC).isoformat(timespec="milliseconds")


def _source(found: Provenance) -> str:
    """Return the text of a circuit; a sweep's axes and readings are in its result."""
    source = getattr(found.program, "source", "")
    small = isinstance(source, str) and len(source) <= MOST_SOURCE_BYTES
    return source if small else ""


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
