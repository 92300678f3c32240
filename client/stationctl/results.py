"""`results`: look at a job's results, draw them, or save them."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stationd.client.blocking import jobs
from stationd.client.references.item import IncompleteJobItemRef, ItemRef
from stationd.client.results.exporting import write_stream
from stationd.client.results.formats import FORMATS, SUFFIXES, TEXT, Format, format_of
from stationd.client.results.saved_result import attributes
from stationd.client.results.saving import arrays_of, save, summary
from stationd.client.stationctl.printing import Styled, on_terminal, print_json, print_text
from stationd.client.stationctl.typed.lookup import job_id
from stationd.client.stationctl.typed.options import json_option, station_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.client.results.outcome import Outcome


@click.command
@click.argument("job")
@click.option(
    "--item", "items", type=click.IntRange(min=0), multiple=True, metavar="N",
    help="This item alone, from 0; may be repeated.",
)  # fmt: skip
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), metavar="PATH",
    help="Write a .json and, for arrays, a .npz per item into this folder; or the file that"
    " --format or its end says.",
)  # fmt: skip
@click.option(
    "--format", "named", type=click.Choice(FORMATS),
    help="Of the file; printed without --output, if it is text.",
)  # fmt: skip
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
    help="Draw into a file: .png, .svg or .pdf.",
)  # fmt: skip
@click.option(
    "--allow-incomplete",
    is_flag=True,
    help="Show what there is of a job that is not READY, also while it runs.",
)
@json_option
@station_option
def results(
    job: str,
    *,
    items: tuple[int, ...],
    output: Path | None,
    named: Format | None,
    plot: Path | None,
    allow_incomplete: bool,
    as_json: bool,
) -> None:
    """Show a job's results, draw them into a file, or save them.

    On a terminal, counts are drawn as bars, a sweep of one setting as a line, one of two as a
    heat map.
    """
    found = job_id(job)
    refs = _chosen(jobs.results(found, allow_incomplete), items)
    wanted = named or (output and format_of(output))
    if wanted and plot is None:
        _export(refs, output, wanted, as_json=as_json)
    elif output is not None or plot is not None:
        _write(refs, output, plot, as_json=as_json)
    elif as_json:
        print_json([_document(ref) for ref in refs])
    else:
        for ref in refs:
            _print(ref)


def _chosen(
    refs: Sequence[jobs.ResultRef | IncompleteJobItemRef], items: tuple[int, ...]
) -> list[jobs.ResultRef | IncompleteJobItemRef]:
    unknown = set(items) - {ref.index for ref in refs}
    if unknown:
        raise click.UsageError(f"the job has no item {min(unknown)}: it has {len(refs)}, from 0")
    return [ref for ref in refs if not items or ref.index in items]


def _write(
    refs: list[jobs.ResultRef | IncompleteJobItemRef],
    output: Path | None,
    plot: Path | None,
    *,
    as_json: bool,
) -> None:
    """Write files, and print their names."""
    written = _save(refs, output) if output is not None else []
    if plot is not None:
        from stationd.client.stationctl.display.drawing import draw_results  # noqa: PLC0415 - slow

        outcomes = {
            f"item {ref.index} {ref.name}".rstrip(): ref.download_result()
            for ref in refs
            if isinstance(ref, ItemRef)
        }
        draw_results(outcomes, plot)
        written.append(str(plot))
    if as_json:
        print_json(written)
    else:
        click.echo("\n".join(written))


def _export(
    refs: list[jobs.ResultRef | IncompleteJobItemRef],
    output: Path | None,
    wanted: Format,
    *,
    as_json: bool,
) -> None:
    """Write each result in one format, and print the files' names; or print the result."""
    found = [ref for ref in refs if isinstance(ref, ItemRef)]
    if output is None:
        if wanted not in TEXT:
            raise click.UsageError(f"{wanted} is not printed: say where to, with --output")
        for ref in found:
            outcome, about = ref.download_result(), attributes(jobs.provenance(ref))
            text = BytesIO()
            write_stream(outcome, about, wanted, text)
            click.echo(text.getvalue(), nl=False)
        return
    single = len(refs) == 1 and not output.is_dir()
    written: list[str] = []
    for ref in found:
        path = output if single else output / f"{ref.job}-{ref.index}{SUFFIXES[wanted]}"
        try:
            written.append(str(jobs.save_result(ref, path, wanted)))
        except OSError as error:
            raise click.FileError(str(path), str(error)) from error
    if as_json:
        print_json(written)
    else:
        click.echo("\n".join(written))


def _save(refs: list[jobs.ResultRef | IncompleteJobItemRef], folder: Path) -> list[str]:
    written: list[str] = []
    for ref in refs:
        if isinstance(ref, ItemRef):
            stem = f"{ref.job}-{ref.index}"
            try:
                written += [str(path) for path in save(ref.download_result(), folder, stem)]
            except OSError as error:
                raise click.FileError(str(folder), str(error)) from error
    return written


def _document(ref: jobs.ResultRef | IncompleteJobItemRef) -> dict[str, object]:
    document: dict[str, object] = {"index": ref.index, "name": ref.name}
    if isinstance(ref, IncompleteJobItemRef):
        return document | {
            "status": ref.last_status,
            "message": ref.last_message,
            "error": ref.error,
        }
    outcome = ref.download_result()
    arrays = {name: array.tolist() for name, array in arrays_of(outcome).items() if name != "bits"}
    return document | {"partial": ref.partial, **summary(outcome), "arrays": arrays}


def _print(ref: jobs.ResultRef | IncompleteJobItemRef) -> None:
    partial = isinstance(ref, ItemRef) and ref.partial
    title = f"item {ref.index} {ref.name}".rstrip() + (" (partial)" if partial else "")
    print_text(Styled(title, "bold"))
    if isinstance(ref, IncompleteJobItemRef):
        style = "red" if ref.error is not None else ""
        print_text(Styled(f"{ref.last_status.name}: {ref.last_message}", style))
    else:
        _show(ref.download_result())
    print_text()


def _show(outcome: Outcome) -> None:
    if on_terminal():
        from stationd.client.stationctl.display.outcome_view import drawn  # noqa: PLC0415 - slow
        from stationd.client.stationctl.printing import console  # noqa: PLC0415 - slow

        out = console()
        for part in drawn(outcome, out.width):
            out.print(part)
        return
    from stationd.client.stationctl.display.outcome_text import told  # noqa: PLC0415 - slow

    click.echo("\n".join(told(outcome)))
