"""`results`: look at a job's results, or save them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from rich.console import Console
from rich.text import Text

from stationd.client import jobs
from stationd.client.references import IncompleteJobItemRef, ItemRef
from stationd.client.results import CircuitResult, CompiledCircuit, NullOutcome, Outcome, SweepData
from stationd.client.saving import arrays_of, save, summary
from stationd.client.stationctl.lookup import job_id
from stationd.client.stationctl.options import json_option, station_option
from stationd.client.stationctl.pictures import curve, histogram, styled
from stationd.client.stationctl.printing import console, on_terminal, print_json, table

if TYPE_CHECKING:
    from rich.console import RenderableType

_NO_WIDTH = 10_000


@click.command
@click.argument("job")
@click.option(
    "--output", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Write a .json and, for arrays, a .npz per item there.",
)  # fmt: skip
@click.option(
    "--allow-incomplete", is_flag=True, help="Show what there is of a job that is not READY."
)
@json_option
@station_option
def results(job: str, output: Path | None, *, allow_incomplete: bool, as_json: bool) -> None:
    """Show a job's results, or save them."""
    found = job_id(job)
    refs = jobs.results(found, allow_incomplete)
    if output is not None:
        _save(refs, output, as_json=as_json)
    elif as_json:
        print_json([_document(ref) for ref in refs])
    else:
        out = console() if on_terminal() else Console(highlight=False, width=_NO_WIDTH)
        for ref in refs:
            _print(out, ref)


def _save(
    refs: list[jobs.ResultRef | IncompleteJobItemRef], folder: Path, *, as_json: bool
) -> None:
    written: list[str] = []
    for ref in refs:
        if isinstance(ref, ItemRef):
            stem = f"{ref.job}-{ref.index}"
            try:
                written += [str(path) for path in save(ref.download_result(), folder, stem)]
            except OSError as error:
                raise click.FileError(str(folder), str(error)) from error
    if as_json:
        print_json(written)
    else:
        click.echo("\n".join(written))


def _document(ref: jobs.ResultRef | IncompleteJobItemRef) -> dict[str, object]:
    document: dict[str, object] = {"index": ref.index, "name": ref.name}
    if isinstance(ref, IncompleteJobItemRef):
        return document | {
            "status": ref.last_status.name,
            "message": ref.last_message,
            "error": ref.error,
        }
    outcome = ref.download_result()
    arrays = {name: array.tolist() for name, array in arrays_of(outcome).items() if name != "bits"}
    return document | {"partial": ref.partial, **summary(outcome), "arrays": arrays}


def _print(out: Console, ref: jobs.ResultRef | IncompleteJobItemRef) -> None:
    partial = isinstance(ref, ItemRef) and ref.partial
    title = f"item {ref.index} {ref.name}".rstrip() + (" (partial)" if partial else "")
    out.print(Text(title, style="bold"))
    if isinstance(ref, IncompleteJobItemRef):
        style = "red" if ref.error is not None else ""
        out.print(Text(f"{ref.last_status.name}: {ref.last_message}", style=style))
    else:
        for part in _shown(ref.download_result(), bars=out.is_terminal):
            out.print(part)
    out.print()


def _shown(outcome: Outcome, *, bars: bool) -> list[RenderableType]:
    match outcome:
        case CircuitResult():
            done = f"{len(outcome.bits)} of {outcome.shots} shots"
            return [done, styled(histogram(outcome.counts, bars=bars))]
        case SweepData():
            return _sweep(outcome, bars=bars)
        case CompiledCircuit():
            facts = f"// depth {outcome.depth}, {outcome.two_qubit_gates} two-qubit gates"
            return [styled([facts, outcome.openqasm])]
        case NullOutcome():
            return [f"nothing was done for {outcome.duration:g} s"]


def _sweep(data: SweepData, *, bars: bool) -> list[RenderableType]:
    rows = [
        (name, "x".join(map(str, array.shape)) or "1", data.units.get(name, ""), _range(array))
        for name, array in (data.axes | data.arrays).items()
    ]
    shown: list[RenderableType] = [table(("NAME", "SHAPE", "UNIT", "RANGE"), rows)]
    if bars and len(data.axes) == 1:
        (setting, values), *_ = data.axes.items()
        for name, array in data.arrays.items():
            if _plottable(values) and _plottable(array):
                shown.append(
                    styled(
                        curve(
                            values.tolist(),
                            array.tolist(),
                            _labelled(setting, data),
                            _labelled(name, data),
                        )
                    )
                )
    return shown


def _plottable(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> bool:
    return array.ndim == 1 and array.dtype.kind in "iuf"


def _labelled(name: str, data: SweepData) -> str:
    unit = data.units.get(name, "")
    return f"{name} [{unit}]" if unit else name


def _range(array: np.ndarray[tuple[int, ...], np.dtype[np.generic]]) -> str:
    if array.dtype.kind not in "iuf" or not array.size:
        return ""
    numbers = array.astype(float)
    if np.isnan(numbers).all():
        return "nothing read"
    return f"{np.nanmin(numbers):g} … {np.nanmax(numbers):g}"
