"""Whether a sweep can run: names, values and sizes against what the controllers offer."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Final

from stationd.actors.stages.wiring import sweep_differences
from stationd.actors.stages.wording import any_of
from stationd.proto.error import Problem
from stationd.proto.program import MOST_SPOTS, Setting, SettingValue, Sweep
from stationd.proto.result import MOST_RESULT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from stationd.proto.program import Capabilities, Readout

MOST_VALUES: Final = 100_000
"""The most values over all axes: they are checked in the daemon's loop, in some milliseconds."""
_MOST_BAD_VALUES: Final = 3
"""How many bad values of one axis are listed one by one."""

_TYPES: Final[dict[str, tuple[frozenset[type], str]]] = {
    # `bool` is a kind of `int` to Python and not to an instrument: types are compared exactly.
    "float": (frozenset({float, int}), "a number"),
    "int": (frozenset({int}), "a whole number"),
    "bool": (frozenset({bool}), "true or false"),
    "str": (frozenset({str}), "a string"),
}


def sweep_problems(sweep: Sweep, offers: Mapping[str, Capabilities | None]) -> Iterator[Problem]:
    """Yield everything that is wrong with a sweep."""
    bounds = list(_bound_problems(sweep))
    if bounds:
        # What is too large is not looked into any further.
        yield from bounds
        return
    yield from sweep_differences(sweep, offers)
    yield from _controller_problems(sweep, offers)
    yield from _shape_problems(sweep)
    if not sweep.returns and (sweep.axes or not sweep.settings):
        yield Problem(
            "reads nothing: name the readouts to store for every spot; only a sweep of settings"
            " alone, without axes, may do without",
            field="returns",
        )
    yield from _duplicate_problems(sweep)
    settings = _settings(offers)
    readouts = _readouts(offers)
    for name, values in _assignments(sweep):
        if name in settings:
            yield from _value_problems(name, values, settings[name])
    yield from _result_problems(sweep, readouts)


def _assignments(sweep: Sweep) -> list[tuple[str, tuple[SettingValue, ...]]]:
    fixed = [(name, (value,)) for name, value in sweep.settings.items()]
    return fixed + [(axis.setting, axis.values) for group in sweep.axes for axis in group]


# --- sizes -----------------------------------------------------------------------------------


def _bound_problems(sweep: Sweep) -> Iterator[Problem]:
    values = sum(len(values) for _, values in _assignments(sweep))
    if values > MOST_VALUES:
        yield Problem(
            f"the axes hold {values:,} values, at most {MOST_VALUES:,} are taken: split the sweep",
            field="axes",
        )
    # A product of many lengths may grow beyond all bounds; it is not needed exactly.
    spots = math.exp(min(700.0, sum(math.log(max(1, steps)) for steps in sweep.shape)))
    if round(spots) > MOST_SPOTS:
        shape = " x ".join(map(str, sweep.shape[:10]))
        yield Problem(
            f"the sweep visits {shape}{' x ...' if len(sweep.shape) > 10 else ''} spots, at most"  # noqa: PLR2004 - enough to see why
            f" {MOST_SPOTS:,} are taken: use fewer steps",
            field="axes",
        )


def _shape_problems(sweep: Sweep) -> Iterator[Problem]:
    for number, group in enumerate(sweep.axes):
        if not group:
            yield Problem(f"group {number} of the axes is empty: leave it out", field="axes")
            continue
        for axis in group:
            if not axis.values:
                yield Problem("has no values: give at least one", field=axis.setting)
        first = group[0]
        for axis in group[1:]:
            if len(axis.values) != len(first.values):
                yield Problem(
                    f"has {len(axis.values)} values, and {first.setting!r}, which moves together"
                    f" with it, has {len(first.values)}: give both the same number, or put them"
                    " into groups of their own",
                    field=axis.setting,
                )


def _result_problems(sweep: Sweep, readouts: Mapping[str, Readout]) -> Iterator[Problem]:
    import numpy as np  # noqa: PLC0415 - the daemon begins without it: see `runtime.work.heavy`

    size = 0
    for name in sweep.returns:
        if name in readouts:
            one = readouts[name]
            size += sweep.spots * math.prod(one.shape) * np.dtype(one.dtype).itemsize
    if size > MOST_RESULT_BYTES:
        yield Problem(
            f"the result would take {size:,} bytes, at most {MOST_RESULT_BYTES:,} are stored:"
            " use fewer steps or read less",
            field="returns",
        )


# --- names -----------------------------------------------------------------------------------


def _controller(name: str) -> str:
    return name.partition(".")[0]


def _settings(offers: Mapping[str, Capabilities | None]) -> dict[str, Setting]:
    return {
        f"{controller}.{one.name}": one
        for controller, offered in offers.items()
        if offered is not None
        for one in offered.settings
    }


def _readouts(offers: Mapping[str, Capabilities | None]) -> dict[str, Readout]:
    return {
        f"{controller}.{one.name}": one
        for controller, offered in offers.items()
        if offered is not None
        for one in offered.readouts
    }


def _controller_problems(
    sweep: Sweep, offers: Mapping[str, Capabilities | None]
) -> Iterator[Problem]:
    for name in sweep.parameters():
        controller = _controller(name)
        if controller == name:
            yield Problem(
                "is not a dotted name: write the controller's name, a dot and the parameter's",
                field=name,
            )
        elif controller in offers and offers[controller] is None:
            yield Problem(
                f"the controller {controller!r} has never connected to this station, so nothing"
                " is known of what it can do: start it, then submit again",
                field=name,
            )


def _duplicate_problems(sweep: Sweep) -> Iterator[Problem]:
    for name, times in Counter(name for name, _ in _assignments(sweep)).items():
        if times > 1:
            yield Problem(f"is set by {times} entries of settings and axes: keep one", field=name)
    for name, times in Counter(sweep.returns).items():
        if times > 1:
            yield Problem(f"is returned {times} times: keep one", field=name)


# --- values ----------------------------------------------------------------------------------


def _value_problems(
    name: str, values: Sequence[SettingValue], setting: Setting
) -> Iterator[Problem]:
    if _all_fit(values, setting):
        return
    bad = [reason for value in values if (reason := _misfit(value, setting))]
    for reason in bad[:_MOST_BAD_VALUES]:
        yield Problem(reason, field=name)
    if len(bad) > _MOST_BAD_VALUES:
        yield Problem(f"{len(bad) - _MOST_BAD_VALUES} more of its values do not fit", field=name)


def _all_fit(values: Sequence[SettingValue], setting: Setting) -> bool:
    """Whether certainly nothing is wrong, told at the speed of C: the usual case."""
    kinds, _ = _TYPES[setting.type]
    if setting.choices or not set(map(type, values)) <= kinds:
        return False
    if setting.type in {"str", "bool"} or not values:
        return True
    numbers = [value for value in values if not isinstance(value, str)]
    # The extremes tell of infinities and of limits, but a NaN compares false with everything.
    low, high = min(numbers), max(numbers)
    return (
        not any(map(math.isnan, numbers))
        and not _out_of_range(low, setting)
        and not _out_of_range(high, setting)
    )


def _misfit(value: SettingValue, setting: Setting) -> str:
    """Return what is wrong with one value; empty if it fits."""
    kinds, wanted = _TYPES[setting.type]
    if type(value) not in kinds:
        return f"{value!r} is not {wanted}"
    if setting.choices and value not in setting.choices:
        return f"{value!r} is not one of its choices; there is {_listed(setting.choices)}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _out_of_range(value, setting)
    return ""


def _out_of_range(value: float, setting: Setting) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return f"{value} is not a finite number"
    unit = f" {setting.unit}" if setting.unit else ""
    if setting.minimum is not None and value < setting.minimum:
        return f"{value}{unit} is below its least value, {setting.minimum}{unit}"
    if setting.maximum is not None and value > setting.maximum:
        return f"{value}{unit} is above its greatest value, {setting.maximum}{unit}"
    return ""


def _listed(choices: Sequence[SettingValue]) -> str:
    if all(isinstance(choice, str) for choice in choices):
        return any_of(str(choice) for choice in choices)
    return ", ".join(map(repr, choices[:8]))
