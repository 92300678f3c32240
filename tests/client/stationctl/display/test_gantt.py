"""Timelines made of characters."""

from stationd.client.pictures.spans import Span
from stationd.client.stationctl.display.gantt import gantt, row
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.display.watched import entries, rendered, view

STAGES = [Span("queue", 10.0, 12.0), Span("execute", 12.0, 20.0)]


def test_a_cell_has_the_colour_of_what_took_the_most_of_it() -> None:
    line = row(STAGES, 10.0, 20.0, 5)
    assert line.plain == "█████"
    assert [str(span.style) for span in line.spans] == ["#dddddd"] + ["#4c78a8"] * 4


def test_before_and_after_there_is_nothing() -> None:
    assert row(STAGES, 0.0, 40.0, 4).plain == " █  "


def test_jobs_stand_on_one_axis_with_a_legend() -> None:
    whole_way = tuple(S)[:16]
    views = [view(1, entries(*whole_way)), view(2, entries(*whole_way, first=107.5))]
    lines = rendered(gantt(views, 80))
    assert [line.split()[-1] for line in lines[:2]] == ["COMPLETED"] * 2
    assert lines[0].index("█") < lines[1].index("█")
    assert lines[2].strip() == "0 … 22.5 s"
    assert "execute\u00a02.0\u00a0s" in " ".join(lines[3:])
    assert max(map(len, lines)) <= 80


def test_jobs_without_a_past_are_drawn_too() -> None:
    lines = rendered(gantt([view(1, entries(S.RECEIVED))], 80))
    assert lines[0].split()[-1] == "SUBMITTED"
