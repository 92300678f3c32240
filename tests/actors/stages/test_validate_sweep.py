"""Every rule for sweeps, with what it says."""

import math

import pytest

from stationd.actors.stages.validate_sweep import MOST_VALUES, sweep_problems
from stationd.proto.program import Axis, Capabilities, Readout, Setting, SettingValue, Sweep

OFFERS: dict[str, Capabilities | None] = {
    "source": Capabilities(
        settings=(
            Setting(name="delay", unit="s", minimum=0.0, maximum=1.0),
            Setting(name="amplitude"),
            Setting(name="count", type="int", minimum=1),
            Setting(name="on", type="bool"),
            Setting(name="mode", type="str", choices=("sine", "square")),
            Setting(name="label", type="str"),
            Setting(name="range", choices=(0.1, 1.0)),
        )
    ),
    "readout": Capabilities(
        readouts=(Readout(name="population"), Readout(name="trace", shape=(1000,)))
    ),
    "new": None,
}


def problems(
    *groups: tuple[Axis, ...],
    settings: dict[str, SettingValue] | None = None,
    returns: tuple[str, ...] = ("readout.population",),
) -> list[str]:
    sweep = Sweep(settings=settings or {}, axes=groups, returns=returns)
    return [str(one) for one in sweep_problems(sweep, OFFERS)]


def test_a_sound_sweep_has_no_problems() -> None:
    assert (
        problems(
            (Axis("source.delay", (0.0, 0.5, 1)), Axis("source.amplitude", (1, 2.5, -3.0))),
            (Axis("source.mode", ("sine", "square")),),
            settings={
                "source.on": True,
                "source.count": 3,
                "source.label": "a",
                "source.range": 0.1,
            },
            returns=("readout.population", "readout.trace"),
        )
        == []
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "source.dealy",
            1.0,
            "source.dealy: there is no such setting; did you mean 'source.delay'?",
        ),
        ("sauce.delay", 1.0, "sauce.delay: there is no controller 'sauce'; did you mean 'source'?"),
        (
            "delay",
            1.0,
            "delay: is not a dotted name: write the controller's name, a dot and the parameter's",
        ),
        (
            "new.x",
            1.0,
            (
                "new.x: the controller 'new' has never connected to this station, so nothing is"
                " known of what it can do: start it, then submit again"
            ),
        ),
        ("readout.population", 1.0, "readout.population: is a readout, which cannot be set"),
        ("source.delay", True, "source.delay: True is not a number"),
        ("source.delay", "1", "source.delay: '1' is not a number"),
        ("source.count", 1.5, "source.count: 1.5 is not a whole number"),
        ("source.count", True, "source.count: True is not a whole number"),
        ("source.on", 1, "source.on: 1 is not true or false"),
        ("source.label", 1, "source.label: 1 is not a string"),
        ("source.delay", -0.1, "source.delay: -0.1 s is below its least value, 0.0 s"),
        ("source.delay", 1.5, "source.delay: 1.5 s is above its greatest value, 1.0 s"),
        ("source.count", 0, "source.count: 0 is below its least value, 1"),
        ("source.amplitude", math.nan, "source.amplitude: nan is not a finite number"),
        ("source.amplitude", math.inf, "source.amplitude: inf is not a finite number"),
        ("source.amplitude", -math.inf, "source.amplitude: -inf is not a finite number"),
        (
            "source.mode",
            "saw",
            "source.mode: 'saw' is not one of its choices; there is 'sine' or 'square'",
        ),
        ("source.range", 0.2, "source.range: 0.2 is not one of its choices; there is 0.1, 1.0"),
    ],
)
def test_each_rule_for_values_holds_in_settings_and_axes(
    name: str, value: SettingValue, said: str
) -> None:
    assert problems(settings={name: value}) == [said]
    assert problems((Axis(name, (value,)),)) == [said]


@pytest.mark.parametrize(
    ("returns", "said"),
    [
        (("source.delay",), "source.delay: is a setting, which cannot be read"),
        (
            ("readout.population.x",),
            "readout.population.x: there is no such readout; did you mean 'readout.population'?",
        ),
        (
            ("readout.population", "readout.population"),
            "readout.population: is returned 2 times: keep one",
        ),
    ],
)
def test_each_rule_for_returns(returns: tuple[str, ...], said: str) -> None:
    assert problems(returns=returns) == [said]


def test_a_nan_among_many_values_is_found() -> None:
    axis = Axis("source.amplitude", (*map(float, range(1000)), math.nan, 5.0))
    assert problems((axis,)) == ["source.amplitude: nan is not a finite number"]


def test_many_bad_values_are_listed_briefly() -> None:
    found = problems((Axis("source.delay", tuple(float(-n) for n in range(1, 11))),))
    assert len(found) == 4
    assert found[-1] == "source.delay: 7 more of its values do not fit"


def test_zipped_axes_must_be_equally_long() -> None:
    assert problems(
        (Axis("source.delay", (0.1, 0.2)), Axis("source.amplitude", (1.0, 2.0, 3.0)))
    ) == [
        (
            "source.amplitude: has 3 values, and 'source.delay', which moves together with it, has"
            " 2: give both the same number, or put them into groups of their own"
        )
    ]


def test_empty_groups_and_axes_are_refused() -> None:
    assert problems(()) == ["axes: group 0 of the axes is empty: leave it out"]
    assert problems((Axis("source.delay", ()),)) == [
        "source.delay: has no values: give at least one"
    ]


@pytest.mark.parametrize("again", ["axis", "setting"])
def test_a_setting_is_set_in_one_place(again: str) -> None:
    axis = Axis("source.delay", (0.1,))
    found = (
        problems((axis,), (axis,))
        if again == "axis"
        else problems((axis,), settings={"source.delay": 0.1})
    )
    assert found == ["source.delay: is set by 2 entries of settings and axes: keep one"]


def test_too_many_spots_are_refused() -> None:
    axis = tuple(float(n) / 10_000 for n in range(4000))
    assert problems((Axis("source.delay", axis),), (Axis("source.amplitude", axis),)) == [
        "axes: the sweep visits 4000 x 4000 spots, at most 10,000,000 are taken: use fewer steps"
    ]
    many = tuple((Axis(f"source.s{n}", (0.0,) * 100),) for n in range(500))
    assert "100 x 100" in problems(*many)[0]


def test_too_many_values_are_refused_before_they_are_looked_at() -> None:
    found = problems((Axis("nowhere", (0.0,) * (MOST_VALUES + 1)),))
    assert found == [
        "axes: the axes hold 100,001 values, at most 100,000 are taken: split the sweep"
    ]


def test_too_large_a_result_is_refused() -> None:
    amplitudes = tuple(map(float, range(80_000)))
    found = problems(
        (Axis("source.amplitude", amplitudes),),
        (Axis("source.delay", (0.0, 0.25, 0.5, 1.0)),),
        returns=("readout.trace",),
    )
    assert found == [
        (
            "returns: the result would take 2,560,000,000 bytes, at most 2,000,000,000 are stored:"
            " use fewer steps or read less"
        )
    ]


def test_settings_alone_need_no_readout() -> None:
    assert problems(settings={"source.delay": 0.5}, returns=()) == []


@pytest.mark.parametrize("groups", [(), ((Axis("source.delay", (0.5, 1.0)),),)])
def test_a_sweep_that_reads_nothing_is_refused(groups: tuple[tuple[Axis, ...], ...]) -> None:
    (said,) = problems(*groups, returns=())
    assert "reads nothing: name the readouts" in said
