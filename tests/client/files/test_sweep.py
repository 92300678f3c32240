"""Sweep files: what they mean, and what is said of mistakes."""

import pytest

from stationd.client.files.sweep import read_sweep
from stationd.proto.error import RequestError
from stationd.proto.program import Axis

RAMSEY = """
name = "ramsey"
priority = 5
resume = true
returns = ["readout.population"]

[settings]
"source.amplitude" = 0.1
"source.on" = true

[[axes]]
"source.frequency" = [4.9e9, 5.0e9]

[[axes]]
"source.delay" = { start = 0.0, stop = 100e-6, points = 3 }
"source.phase" = { start = 1, stop = 100, points = 3, scale = "log" }
"""


def test_a_table_is_a_group_and_its_keys_move_together() -> None:
    found = read_sweep(RAMSEY, "ramsey.toml")
    assert (found.name, found.priority, found.resume) == ("ramsey", 5, True)
    sweep = found.sweep
    assert sweep.settings == {"source.amplitude": 0.1, "source.on": True}
    assert sweep.axes[0] == (Axis("source.frequency", (4.9e9, 5.0e9)),)
    delay, phase = sweep.axes[1]
    assert delay == Axis("source.delay", (0.0, 50e-6, 100e-6))
    assert phase.values == pytest.approx((1, 10, 100))
    assert (phase.values[0], phase.values[-1]) == (1.0, 100.0)
    assert sweep.shape == (2, 3)


def test_no_axes_are_one_spot() -> None:
    assert read_sweep('returns = ["readout.population"]', "x.toml").sweep.spots == 1


RETURNS = 'returns = ["readout.population"]\n'
MISTAKES = {
    "returns = [": r"not TOML",
    "": r"returns: must list what to read",
    "returns = [1]": r"returns: expected str, got int",
    RETURNS + "color = 1": r"color: unknown; known are axes, name, priority, resume, returns",
    RETURNS + 'priority = "high"': r"priority: expected int, got str",
    RETURNS + "priority = true": r"priority: expected int, got bool",
    RETURNS + "resume = 1": r"resume: expected bool, got int",
    RETURNS + "settings = 3": r"settings: expected object, got int",
    RETURNS + '[settings]\n"source.delay" = [1]': r"settings.source.delay: must be a number",
    RETURNS + "axes = 3": r"axes: expected array, got int",
    RETURNS + "[[axes]]": r"axes\[0\]: must name at least one setting",
    RETURNS + '[[axes]]\n"a.b" = []': r"axes\[0\].a.b: must be a list of values",
    RETURNS + '[[axes]]\n"a.b" = 1': r"axes\[0\].a.b: must be a list of values",
    RETURNS + '[[axes]]\n"a.b" = [[1]]': r"axes\[0\].a.b\[0\]: must be a number",
    RETURNS + '[[axes]]\n"a.b" = [1]\n"a.c" = [1, 2]': r"a.b has 1, a.c has 2",
    RETURNS + '[[axes]]\n"a.b" = { start = 1, stop = 2 }': r"a.b.points: is missing",
    RETURNS + '[[axes]]\n"a.b" = { start = 1, stop = 2, points = 0 }': r"points: must be from 1",
    RETURNS + '[[axes]]\n"a.b" = { start = 1, stop = 2, points = 2, step = 1 }': r"step: unknown",
    RETURNS + '[[axes]]\n"a.b" = { start = nan, stop = 2, points = 2 }': r"must be finite",
    RETURNS
    + '[[axes]]\n"a.b" = { start = 0, stop = 2, points = 2, scale = "log" }': r"must be above 0",
    RETURNS + '[[axes]]\n"a.b" = { start = 1, stop = 2, points = 2, scale = "cubic" }': r"linear",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_file_key_and_reason(text: str) -> None:
    with pytest.raises(RequestError, match=MISTAKES[text]) as caught:
        read_sweep(text, "my.toml")
    assert "my.toml cannot be used" in str(caught.value)
