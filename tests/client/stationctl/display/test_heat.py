"""Heat maps made of characters."""

import math

from rich.text import Text

from stationd.client.stationctl.display.heat import coarsened, extent, heat_map, scale

NAN = math.nan


def colours(line: Text) -> list[str]:
    return [str(span.style) for span in line.spans]


def test_two_rows_share_a_line_and_the_first_row_is_at_the_bottom() -> None:
    lines = heat_map([[0.0], [1.0], [2.0], [3.0]], 1)
    assert [line.plain for line in lines] == ["▀", "▀"]
    (top,), (bottom,) = map(colours, lines)
    assert top.startswith("#fde725")  # the highest
    assert bottom.endswith("on #440154")  # the lowest


def test_an_odd_row_has_half_a_line() -> None:
    assert len(heat_map([[0.0], [1.0], [2.0]], 1)) == 2


def test_few_points_are_drawn_wide_and_many_are_averaged() -> None:
    assert len(heat_map([[1.0, 2.0]] * 2, 80)[0].plain) == 8
    assert len(heat_map([[float(n) for n in range(500)]] * 2, 80)[0].plain) == 80
    assert len(heat_map([[1.0]] * 500, 80)) == 12


def test_what_was_not_read_stays_empty() -> None:
    (line,) = heat_map([[NAN, 1.0, NAN], [NAN, NAN, 2.0]], 3)
    assert line.plain == " ▄▀"


def test_means_leave_out_what_was_not_read() -> None:
    assert coarsened([[1.0, 3.0], [NAN, NAN]], 1) == [[1.0, 3.0]]
    assert extent([[NAN]]) == (0.0, 0.0)


def test_a_flat_map_is_drawn_all_the_same() -> None:
    assert heat_map([[2.0, 2.0]], 2)[0].plain == "▀▀"
    assert scale([[2.0, 2.0]], "V").plain.startswith("2 V ")
