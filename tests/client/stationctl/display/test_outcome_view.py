"""Results on a terminal."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from rich.console import Group

from stationd.client.results.outcome import CircuitResult, NullOutcome, SweepData
from stationd.client.stationctl.display.outcome_text import told
from stationd.client.stationctl.display.outcome_view import drawn
from tests.client.stationctl.display.watched import rendered

Arrays = dict[str, NDArray[np.generic]]


def shown(outcome: CircuitResult | SweepData | NullOutcome) -> list[str]:
    return rendered(Group(*drawn(outcome, 80)))


def sweep(*shape: int, trailing: tuple[int, ...] = ()) -> SweepData:
    axes: Arrays = {f"a.{n}": np.linspace(0, 1e-6, size) for n, size in enumerate(shape)}
    values = np.arange(np.prod(shape + trailing), dtype=float).reshape(shape + trailing)
    return SweepData(
        axes=axes,
        dimensions={name: n for n, name in enumerate(axes)},
        arrays={"r.p": values},
        units=dict.fromkeys(axes, "s"),
        spots_done=int(np.prod(shape)),
    )


def test_counts_are_bars() -> None:
    bits = np.zeros((4, 2), dtype=np.uint8)
    lines = shown(CircuitResult({"00": 3, "11": 1}, bits, ("c[0]", "c[1]"), shots=4))
    assert lines[0] == "4 of 4 shots"
    assert lines[1].startswith("00  3  ███")


def test_one_setting_makes_a_line() -> None:
    lines = shown(sweep(30))
    assert lines[0] == "30 of 30 points"
    assert any(line.startswith("29 │") for line in lines)
    assert lines[-1].strip() == "0 s … 1 µs  a.0"


def test_two_settings_make_a_heat_map() -> None:
    lines = shown(sweep(4, 6))
    assert lines[0] == "24 of 24 points"
    assert "r.p over a.0" in lines
    assert [line.strip()[-1] for line in lines if "│" in line] == ["▀", "▀"]
    assert lines[-1].split()[0] == "0"
    assert lines[-1].endswith(" 23")


def test_traces_and_cubes_are_told_and_not_drawn() -> None:
    for data in (sweep(4, trailing=(5,)), sweep(2, 2, 2)):
        assert not any("│" in line for line in shown(data))


def test_a_job_that_sets_says_what_and_draws_no_empty_table() -> None:
    applied = '{"a.x":{"value":1e-6,"unit":"s"},"a.on":{"value":true}}'
    data = replace(sweep(), arrays={}, units={"a.x": "s"}, metadata={"applied": applied})
    assert shown(data) == told(data) == ["set a.x = 1e-06 s", "set a.on = True"]
    # Stored before results said it.
    assert shown(replace(data, metadata={})) == ["nothing was read"]
    assert shown(replace(data, spots_done=0)) == ["nothing was set"]


def test_nothing_is_told_in_words() -> None:
    assert shown(NullOutcome(duration=2.0)) == ["nothing was done for 2 s"]
