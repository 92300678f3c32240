"""`list` and `show`: jobs as they stand now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Unpack

import click

from stationd.client.blocking import jobs
from stationd.client.stationctl.printing import (
    Cell,
    Styled,
    coarse_cell,
    duration,
    moment,
    print_json,
    print_table,
    print_text,
    words,
)
from stationd.client.stationctl.typed.lookup import job_id
from stationd.client.stationctl.typed.options import json_option, station_option
from stationd.client.stationctl.typed.searching import Search, search_options
from stationd.proto.job import ItemView, JobView, TimelineEntry

if TYPE_CHECKING:
    from stationd.client.references.job import JobRef

_COLUMNS: Final = ("JOB", "NAME", "TYPE", "STATUS", "RUNG", "SUBMITTED")
_WIDE: Final = ("CHANGED", "TARGET", "BY", "PRIORITY", "ATTEMPT", "ID", "PROPERTIES")


@click.command("list")
@search_options
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most so many.",
)  # fmt: skip
@click.option(
    "--page", type=click.IntRange(min=0), metavar="N", help="Skip N times as many as --limit says."
)
@click.option("--wide", "-w", is_flag=True, help="More columns.")
@click.option("--quiet", "-q", is_flag=True, help="Whole ids and nothing else.")
@click.option("--count", is_flag=True, help="How many match, and nothing else.")
@json_option
@station_option
def list_jobs(
    *,
    limit: int,
    page: int | None,
    wide: bool,
    quiet: bool,
    count: bool,
    as_json: bool,
    **search: Unpack[Search],
) -> None:
    """List jobs, the newest first.

    All filters must match; of several values of one, any may.
    """
    if page is None:
        found = jobs.get_all(**search)
    else:
        found = jobs.get_all(**search, page_number=page, page_size=limit)
    if count:
        _print_count(found.count(), as_json=as_json)
        return
    listed = found.list(limit)
    if as_json:
        print_json([job.id for job in listed] if quiet else [_plain(job) for job in listed])
    elif quiet:
        click.echo("".join(f"{job.id}\n" for job in listed), nl=False)
    elif not listed:
        click.echo("no jobs", err=True)
    else:
        columns = _COLUMNS + (_WIDE if wide else ())
        print_table(columns, [_row(job, wide=wide) for job in listed])


def _print_count(number: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"count": number})
    else:
        click.echo(str(number))


@click.command
@click.argument("job")
@json_option
@station_option
def show(job: str, as_json: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Show all that is known of a job: its timeline, its items, its errors."""
    view = jobs.view(job_id(job))
    if as_json:
        print_json(view)
        return
    for name, *value in _facts(view):
        print_text(Styled(f"{words(name):<12}", "bold"), *value)
    for attempt in sorted({entry.attempt for entry in view.timeline}):
        print_text()
        if view.attempt > 1:
            print_text(Styled(f"attempt {attempt}", "bold"))
        entries = tuple(entry for entry in view.timeline if entry.attempt == attempt)
        print_table(("RUNG", "TIME", "TOOK", ""), _timeline(entries))
    if view.items:
        print_text()
        print_table(("ITEM", "NAME", "RESULT"), [_item(item) for item in view.items])


def _plain(job: JobRef) -> dict[str, object]:
    return {
        "id": job.id,
        "number": job.number,
        "name": job.name,
        "description": job.description,
        "job_type": job.kind,
        "target": job.target,
        "project": job.project,
        "properties": job.properties,
        "creator": job.creator,
        "status": job.status,
        "coarse": job.last_status,
        "message": job.last_message,
        "priority": job.priority,
        "attempt": job.attempt,
        "created_unix_s": job.created_unix_s,
        "modified_unix_s": job.modified_unix_s,
    }


def _row(job: JobRef, *, wide: bool) -> tuple[Cell, ...]:
    row: tuple[Cell, ...] = (
        str(job.number),
        job.name or "-",
        job.kind,
        coarse_cell(job.last_status),
        str(job.status),
        moment(job.created_unix_s),
    )
    if not wide:
        return row
    properties = ", ".join(f"{name}={value}" for name, value in job.properties.items())
    return (
        *row,
        moment(job.modified_unix_s),
        job.target or "-",
        job.creator or "-",
        str(job.priority),
        str(job.attempt),
        job.id,
        properties or "-",
    )


def _facts(view: JobView) -> list[tuple[Cell, ...]]:
    facts: list[tuple[Cell, ...]] = [
        ("job", str(view.number)),
        ("id", view.id),
        ("name", view.name or "-"),
        ("type", view.kind),
        ("target", view.target or "-"),
        ("creator", view.creator or "-"),
        ("status", coarse_cell(view.coarse), f" ({view.status})"),
        ("submitted", moment(view.created_unix_s)),
        ("priority", str(view.priority)),
        ("attempt", str(view.attempt)),
        ("calibration", view.calibration_set or "-"),
    ]
    facts += [(name, str(value)) for name, value in view.properties.items()]
    if view.description:
        facts.append(("description", view.description))
    if view.queue_position is not None:
        facts.append(("in queue", f"{view.queue_position} ahead"))
    if view.progress is not None:
        facts.append(("progress", str(view.progress)))
    if view.error is not None:
        facts.append(("error", Styled(str(view.error), "red")))
    if view.note:
        facts.append(("note", view.note))
    return facts


def _timeline(entries: tuple[TimelineEntry, ...]) -> list[tuple[Cell, ...]]:
    """Return a row per fact; a rung took until the next one was reached."""
    ends = [entry.time_unix_s for entry in entries[1:]]
    rows: list[tuple[Cell, ...]] = []
    for index, entry in enumerate(entries):
        took = duration(ends[index] - entry.time_unix_s) if index < len(ends) else ""
        rows.append((str(entry.status), moment(entry.time_unix_s), took, _remark(entry)))
    return rows


def _remark(entry: TimelineEntry) -> str:
    words = [
        str(entry.error) if entry.error is not None else "",
        entry.note or ("cancel accepted" if entry.cancelling else ""),
        "another attempt follows" if entry.retrying else "",
    ]
    return "; ".join(word for word in words if word)


def _item(item: ItemView) -> tuple[Cell, ...]:
    if item.error is not None:
        return str(item.index), item.name or "-", Styled(str(item.error), "red")
    if item.result is None:
        return str(item.index), item.name or "-", "-"
    partial = "partial, " if item.partial else ""
    return str(item.index), item.name or "-", f"{partial}{item.result.size_bytes:,} bytes"
