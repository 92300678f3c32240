"""`list` and `show`: jobs as they stand now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from stationd.client import jobs
from stationd.client.stationctl.lookup import job_id
from stationd.client.stationctl.options import json_option, station_option
from stationd.client.stationctl.printing import (
    SHORT_ID,
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
from stationd.proto.job import ItemView, JobView, TimelineEntry
from stationd.proto.status import JobExecutorStatus, JobStatusEnum

if TYPE_CHECKING:
    from stationd.client.awaiting import AnyStatus
    from stationd.client.references import JobRef

_STATUSES = {status.value: status for status in JobStatusEnum}
_RUNGS = {status.value: status for status in JobExecutorStatus}


def _statuses(_: click.Context, __: click.Parameter, names: tuple[str, ...]) -> list[AnyStatus]:
    found: list[AnyStatus] = []
    for name in names:
        status = _STATUSES.get(name.upper()) or _RUNGS.get(name.lower())
        if status is None:
            raise click.BadParameter(
                f"{name!r} is no status; choose among {', '.join([*_STATUSES, *_RUNGS])}"
            )
        found.append(status)
    return found


@click.command("list")
@click.option(
    "--status", "statuses", multiple=True, callback=_statuses, metavar="STATUS",
    help="QUEUED, RUNNING, ... or a rung, as in pending_execution; may be repeated.",
)  # fmt: skip
@click.option("--name-like", metavar="TEXT", help="Part of the name, in any case.")
@click.option("--target", metavar="NAME", help="The QPU.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@json_option
@station_option
def list_jobs(
    statuses: list[AnyStatus],
    name_like: str | None,
    target: str | None,
    limit: int,
    as_json: bool,  # noqa: FBT001 - click calls it by name
) -> None:
    """List jobs, the newest first."""
    found = jobs.get_all(name_like=name_like, job_status=statuses, target=target).list(limit)
    if as_json:
        print_json([_plain(job) for job in found])
        return
    if not found:
        click.echo("no jobs", err=True)
        return
    columns = ("JOB", "NAME", "TYPE", "STATUS", "RUNG", "SUBMITTED")
    print_table(columns, [_row(job) for job in found])


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
        "job_type": job.job_type,
        "target": job.target,
        "status": job.status.value,
        "coarse": job.last_status.name,
        "message": job.last_message,
        "priority": job.priority,
        "attempt": job.attempt,
        "created_unix_s": job.created_unix_s,
    }


def _row(job: JobRef) -> tuple[Cell, ...]:
    return (
        job.id[:SHORT_ID],
        job.name or "-",
        job.job_type,
        coarse_cell(job.last_status),
        str(job.status),
        moment(job.created_unix_s),
    )


def _facts(view: JobView) -> list[tuple[Cell, ...]]:
    facts: list[tuple[Cell, ...]] = [
        ("job", view.id),
        ("name", view.name or "-"),
        ("type", view.kind),
        ("target", view.target or "-"),
        ("status", coarse_cell(view.coarse), f" ({view.status})"),
        ("submitted", moment(view.created_unix_s)),
        ("priority", str(view.priority)),
        ("attempt", str(view.attempt)),
        ("calibration", view.calibration_set or "-"),
    ]
    if view.queue_position is not None:
        facts.append(("in queue", f"{view.queue_position} ahead"))
    if view.progress is not None:
        progress = view.progress
        facts.append(("progress", f"{progress.done} of {progress.total} {progress.unit}"))
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
