"""Jobs to draw, and what has been drawn."""

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from stationd import JobExecutorStatus, JobView, TimelineEntry
from stationd.proto.job import JobId


def timeline(*facts: tuple[JobExecutorStatus, float], cancelling: int = 99) -> list[TimelineEntry]:
    """Statuses and their times; from the fact with the number `cancelling` on, a cancel holds."""
    return [
        TimelineEntry(
            seq=number,
            ordinal=number + 1,
            attempt=1,
            status=status,
            time_unix_s=moment,
            cancelling=number >= cancelling and not status.is_terminal,
        )
        for number, (status, moment) in enumerate(facts)
    ]


def job(name: str, entries: list[TimelineEntry]) -> JobView:
    return JobView(
        id=JobId("5f0c8a8e-32f2-4f3c-8a43-52c6a2b0e0b1"),
        number=1,
        kind="circuits",
        target="qpu",
        status=entries[-1].status,
        attempt=1,
        created_unix_s=entries[0].time_unix_s,
        modified_unix_s=entries[-1].time_unix_s,
        seq=entries[-1].seq,
        name=name,
        timeline=tuple(entries),
    )


def bars(axes: Axes) -> list[Rectangle]:
    return [patch for patch in axes.patches if isinstance(patch, Rectangle)]


def labels(axes: Axes) -> list[str]:
    legend = axes.get_legend()
    return [text.get_text() for text in legend.get_texts()] if legend is not None else []
