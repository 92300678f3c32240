"""What jobs did when, as bars of their stages."""

# Matplotlib leaves many keyword arguments without a type.
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from stationd.client.pictures.axes import new_axes
from stationd.client.pictures.spans import CANCELLING, STAGES, spans
from stationd.proto.job import JobView
from stationd.proto.status import JobExecutorStatus

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_S = JobExecutorStatus


_END_MARKS: Final = {
    _S.READY: ("o", "#54a24b"),
    _S.FAILED: ("X", "#e45756"),
    _S.ABORTED: ("s", "#e45756"),
}


def timelines(jobs: Sequence[JobView], *, axes: Axes | None = None) -> Axes:
    """Draw what each job did when: one row per job, the stages as bars, the end as a mark.

    Args:
        jobs: As `jobs.view` returns them; a job that is under way ends at its newest status.
        axes: Where to draw; None for new ones.
    """
    axes = axes or new_axes()
    colours = {name: colour for name, (colour, _) in STAGES.items()} | dict([CANCELLING])
    begin = min((job.created_unix_s for job in jobs), default=0.0)
    drawn: set[str] = set()
    for row, job in enumerate(jobs):
        for span in spans(job.timeline):
            axes.barh(
                row,
                span.end - span.start,
                left=span.start - begin,
                height=0.6,
                color=colours[span.stage],
                label="_" if span.stage in drawn else span.stage,
            )
            drawn.add(span.stage)
        if job.timeline and job.status in _END_MARKS:
            marker, colour = _END_MARKS[job.status]
            axes.plot(
                job.timeline[-1].time_unix_s - begin, row, marker, color=colour, clip_on=False
            )
    names = [job.name or f"job {job.number}" for job in jobs]
    labels = [f"{name}\n{job.status}" for name, job in zip(names, jobs, strict=True)]
    axes.set_yticks(range(len(jobs)), labels)
    axes.invert_yaxis()
    axes.set_xlabel("seconds since the first job was stored")
    axes.spines[["top", "right"]].set_visible(False)
    if drawn:
        _add_legend(axes, list(colours))
    return axes


def _add_legend(axes: Axes, order: Sequence[str]) -> None:
    handles, labels = axes.get_legend_handles_labels()
    by_label = dict(zip(labels, handles, strict=True))
    shown = [label for label in order if label in by_label]
    axes.legend(
        [by_label[label] for label in shown],
        shown,
        loc="lower center",
        bbox_to_anchor=(0.5, 1.0),
        ncols=4,
        frameon=False,
    )
