"""Timelines have a row for each job."""

from stationd import JobExecutorStatus, plot
from tests.client.pictures.drawn import bars, job, labels, timeline

S = JobExecutorStatus


def test_timelines_have_a_row_for_each_job() -> None:
    first = job("Bell", timeline((S.PENDING_EXECUTION, 10.0), (S.EXECUTION_STARTED, 12.0)))
    second = job("GHZ", timeline((S.RECEIVED, 11.0), (S.ABORTED, 14.0)))
    axes = plot.timelines([first, second])
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "Bell\nexecution_started",
        "GHZ\naborted",
    ]
    assert [(bar.get_x(), bar.get_width()) for bar in bars(axes)] == [(0.0, 2.0), (1.0, 3.0)]
    assert labels(axes) == ["validate", "queue"]
