"""Sweeps as people write them.

name = "ramsey"
returns = ["readout.population"]
resume = true                    # another attempt goes on where one was cut short

[settings]
"source.amplitude" = 0.1

[[axes]]                         # the slowest; each table is one group
"source.frequency" = [4.9e9, 5.0e9, 5.1e9]

[[axes]]                         # several keys in one table move together
"source.delay" = { start = 0.0, stop = 100e-6, points = 41 }
"source.phase" = { start = 1.0, stop = 1000.0, points = 41, scale = "log" }
"""

from __future__ import annotations

import math
from typing import Final, cast

from msgspec import Struct

from stationd.client.files.toml import check_keys, entry, of_kind, parse, wrong
from stationd.proto.program import MOST_SPOTS, Axis, SettingValue, Sweep

_KEYS: Final = ("name", "priority", "resume", "returns", "settings", "axes")
_RANGE_KEYS: Final = ("start", "stop", "points", "scale")


class SweepFile(Struct, frozen=True, kw_only=True):
    """A sweep, and what its file says about the job."""

    sweep: Sweep
    name: str = ""
    priority: int = 0
    resume: bool = False
    """Whether another attempt goes on where one was cut short."""


def read_sweep(text: str, source: str) -> SweepFile:
    """Read a sweep.

    Args:
        text: The file's content.
        source: The file's name, for errors.

    Raises:
        RequestError: Something is wrong; the message names the file, the key and the reason.
    """
    table = parse(text, source)
    check_keys(table, _KEYS, source)
    name = entry(table, "name", str, source, default="")
    sweep = Sweep(
        settings=_settings(entry(table, "settings", dict[str, object], source, default={}), source),
        axes=tuple(
            _group(group, f"axes[{index}]", source)
            for index, group in enumerate(entry(table, "axes", list[object], source, default=[]))
        ),
        returns=_returns(table, source),
        name=name,
    )
    return SweepFile(
        sweep=sweep,
        name=name,
        priority=entry(table, "priority", int, source, default=0),
        resume=entry(table, "resume", bool, source, default=False),
    )


def _returns(table: dict[str, object], source: str) -> tuple[str, ...]:
    names = entry(table, "returns", list[str], source, default=[])
    if not names and ("axes" in table or not table.get("settings")):
        raise wrong(
            source, "returns", 'must list what to read, as in returns = ["readout.population"]'
        )
    return tuple(names)


def _settings(table: dict[str, object], source: str) -> dict[str, SettingValue]:
    return {key: _value(value, f"settings.{key}", source) for key, value in table.items()}


def _group(group: object, place: str, source: str) -> tuple[Axis, ...]:
    table = of_kind(group, dict[str, object], place, source)
    if not table:
        raise wrong(source, place, "must name at least one setting and its values")
    axes = tuple(
        Axis(setting, _values(values, f"{place}.{setting}", source))
        for setting, values in table.items()
    )
    lengths = {axis.setting: len(axis.values) for axis in axes}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{setting} has {length}" for setting, length in lengths.items())
        raise wrong(
            source, place, f"settings of one table move together and need as many values: {told}"
        )
    return axes


def _values(values: object, key: str, source: str) -> tuple[SettingValue, ...]:
    match values:
        case dict():
            return _range(
                of_kind(cast("object", values), dict[str, object], key, source), key, source
            )
        case list():
            found = of_kind(cast("object", values), list[object], key, source)
        case _:
            found = []
    if not found:
        raise wrong(source, key, "must be a list of values, or { start, stop, points }")
    return tuple(_value(value, f"{key}[{index}]", source) for index, value in enumerate(found))


def _value(value: object, key: str, source: str) -> SettingValue:
    if isinstance(value, bool | int | float | str):
        return value
    raise wrong(source, key, "must be a number, a text, true or false")


def _range(table: dict[str, object], key: str, source: str) -> tuple[SettingValue, ...]:
    place = f"{key}."
    check_keys(table, _RANGE_KEYS, source, place)
    missing = [name for name in ("start", "stop", "points") if name not in table]
    if missing:
        raise wrong(source, f"{place}{missing[0]}", "is missing")
    start = entry(table, "start", float, source, place=place, default=0.0)
    stop = entry(table, "stop", float, source, place=place, default=0.0)
    points = entry(table, "points", int, source, place=place, default=0)
    scale = entry(table, "scale", str, source, place=place, default="linear")
    if not 1 <= points <= MOST_SPOTS:
        raise wrong(source, f"{place}points", f"must be from 1 to {MOST_SPOTS:,}")
    if not (math.isfinite(start) and math.isfinite(stop)):
        raise wrong(source, key, "start and stop must be finite")
    match scale:
        case "linear":
            return spaced(start, stop, points)
        case "log" if start > 0 and stop > 0:
            exponents = spaced(math.log(start), math.log(stop), points)
            inner = tuple(math.exp(exponent) for exponent in exponents[1:-1])
            return (start, *inner, stop)[:points]
        case "log":
            raise wrong(source, key, "start and stop must be above 0 on a log scale")
        case _:
            raise wrong(source, f"{place}scale", 'must be "linear" or "log"')


def spaced(start: float, stop: float, points: int) -> tuple[float, ...]:
    """Return equally spaced numbers, both ends included.

    >>> spaced(0.0, 1.0, 5)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    >>> spaced(3.0, 9.0, 1)
    (3.0,)
    """
    if points == 1:
        return (start,)
    last = points - 1
    inner = (start + (stop - start) * (index / last) for index in range(1, last))
    return (start, *inner, stop)
