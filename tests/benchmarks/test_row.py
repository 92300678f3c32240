"""Rows are medians of runs beside their limits and budgets, and say whether they are met."""

import msgspec
from benchmarks.row import Point, Row, as_json, balance, cells, more_is_better, rows


def of(*values: float, **more: float) -> Row:
    """Return the row that some runs of one figure make."""
    (row,) = rows("trio", [[Point("speed", value, "1/s", **more)] for value in values])
    return row


def test_a_row_is_the_median_of_its_runs_with_the_lowest_and_the_highest() -> None:
    row = of(3.0, 1.0, 8.0, limit=4.0)
    assert (row.value, row.spread, row.runs, row.limit) == (3.0, (1.0, 8.0), 3, 4.0)
    assert (row.name, row.backend, row.unit) == ("speed", "trio", "1/s")


def test_a_figure_without_a_budget_is_neither_met_nor_missed() -> None:
    row = of(1.0)
    assert (row.budget, row.met, row.limit) == (None, None, None)


def test_a_budget_is_met_from_its_own_side() -> None:
    assert [of(value, at_least=5.0).met for value in (4.0, 5.0, 6.0)] == [False, True, True]
    assert [of(value, at_most=5.0).met for value in (4.0, 5.0, 6.0)] == [True, True, False]
    assert of(0.0, at_most=0.0).met
    assert of(1.0, at_most=0.0).met is False


def test_a_row_tells_whether_its_budget_is_a_lower_bound() -> None:
    assert all(more_is_better(of(value, at_least=5.0)) for value in (4.0, 6.0))
    assert not any(more_is_better(of(value, at_most=5.0)) for value in (4.0, 6.0))
    assert not more_is_better(of(0.0, at_most=0.0))


def test_every_row_has_every_key() -> None:
    plain: list[dict[str, object]] = msgspec.json.decode(as_json([of(1.0), of(2.0, at_most=1.0)]))
    keys = {"name", "backend", "value", "unit", "spread", "runs", "limit", "budget", "met"}
    assert [set(row) for row in plain] == [keys, keys]


def test_figures_keep_their_order_and_those_of_one_run_are_rows_of_their_own() -> None:
    run = [Point("gap, p50", 1.0, "us"), Point("gap, p99", 9.0, "us")]
    assert [(row.name, row.runs) for row in rows("trio", [run, run])] == [
        ("gap, p50", 2),
        ("gap, p99", 2),
    ]


def test_a_row_is_shown_with_its_ratio_to_the_limit() -> None:
    assert cells(of(3.0, 1.0, 8.0, limit=4.0, at_least=2.0)) == (
        "speed", "trio", "3", "1 - 8", "1/s", "4", "0.75", "2", "yes",
    )  # fmt: skip


def test_the_event_loops_are_compared_where_there_is_a_budget() -> None:
    slow, quick = of(2.0, at_most=9.0), of(6.0, at_most=9.0)
    other = msgspec.structs.replace(of(100.0), name="other")
    assert "*speed*: by a factor of 3," in balance([slow, quick, other])
    assert "One event loop" in balance([slow, other])
