"""A controller's settings and readouts as rows of a table, however many there are.

A rack of instruments has a thousand and more. So a long list is folded: what has a part of its
name in common is one row, which says how to unfold it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from stationd.client.stationctl.printing import Cell, Styled
from stationd.proto.program import Readout, Setting

COLUMNS: Final = ("NAME", "USE", "VALUES", "UNIT", "WHAT IT IS")
MOST_ROWS: Final = 60
"""A longer list is folded."""
_MOST_CHOICES: Final = 4
_KINDS: Final = {
    "f": ("number", "numbers"),
    "i": ("whole number", "whole numbers"),
    "u": ("whole number", "whole numbers"),
    "b": ("true or false", "times true or false"),
    "U": ("text", "texts"),
    "c": ("complex number", "complex numbers"),
}


class Parameter(Struct, frozen=True):
    """What has one name: a setting, a readout, or both."""

    name: str
    setting: Setting | None
    readout: Readout | None


def merged(settings: Iterable[Setting], readouts: Iterable[Readout]) -> list[Parameter]:
    """Return settings and readouts by name: what can be set and read is one."""
    by_set = {one.name: one for one in settings}
    by_read = {one.name: one for one in readouts}
    return [Parameter(name, by_set.get(name), by_read.get(name)) for name in (by_set | by_read)]


def chosen(parameters: Iterable[Parameter], patterns: Sequence[str]) -> list[Parameter]:
    """Return those that any of the patterns means; all if there are none.

    Args:
        parameters: Among which.
        patterns: Names, beginnings of names (whole parts), or names with ``*`` for any text.
    """
    if not patterns:
        return list(parameters)
    texts = (".*".join(map(re.escape, pattern.split("*"))) for pattern in patterns)
    # What follows on a beginning is a further part, or the number of a channel.
    wanted = re.compile(rf"(?:{'|'.join(texts)})(?:[.\[].*)?")
    return [one for one in parameters if wanted.fullmatch(one.name)]


def rows(controller: str, parameters: Sequence[Parameter]) -> list[tuple[Cell, ...]]:
    """Return a row for each parameter, under the name that jobs use."""
    return [_row(controller, one) for one in parameters]


def folded(controller: str, parameters: Sequence[Parameter]) -> list[tuple[Cell, ...]]:
    """Return a row for what has the next part of its name in common."""
    groups: dict[str, list[Parameter]] = {}
    depth = _common_depth([one.name for one in parameters])
    for one in parameters:
        groups.setdefault(".".join(one.name.split(".")[: depth + 1]), []).append(one)
    return [
        _row(controller, group[0]) if group[0].name == head else _group(controller, head, group)
        for head, group in groups.items()
    ]


def _common_depth(names: Sequence[str]) -> int:
    """Return how many parts all the names begin with.

    >>> _common_depth(["awg.ch1.gain", "awg.ch2.gain"])
    1
    """
    depth = 0
    for parts in zip(*(name.split(".")[:-1] for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        depth += 1
    return depth


def _group(controller: str, head: str, group: Sequence[Parameter]) -> tuple[Cell, ...]:
    settings = sum(one.setting is not None for one in group)
    readouts = sum(one.readout is not None for one in group)
    content = f"{settings} settings, {readouts} readouts"
    return Styled(f"{controller}.{head}.*", "cyan"), "", Styled(content, "dim"), "", ""


def _row(controller: str, one: Parameter) -> tuple[Cell, ...]:
    described = one.setting or one.readout
    uses = [use for use, there in (("set", one.setting), ("read", one.readout)) if there]
    return (
        f"{controller}.{one.name}",
        ", ".join(uses),
        _values(one),
        (described.unit if described is not None else "") or "-",
        Styled(described.doc if described is not None else "", "dim"),
    )


def _values(one: Parameter) -> str:
    if one.setting is not None:
        return domain(one.setting)
    return reading(one.readout) if one.readout is not None else ""


def domain(setting: Setting) -> str:
    """Return the values that a setting takes, in words.

    >>> domain(Setting(name="x", minimum=-2.0, maximum=2.0))
    '-2 to 2'
    >>> domain(Setting(name="mode", type="str", choices=("cw", "pulsed")))
    'cw, pulsed'
    """
    if setting.choices:
        shown = ", ".join(map(str, setting.choices[:_MOST_CHOICES]))
        more = len(setting.choices) - _MOST_CHOICES
        return f"{shown}, {more} more" if more > 0 else shown
    word = {"float": "number", "int": "whole number", "bool": "true, false", "str": "text"}
    low, high = (_bound(setting, one) for one in (setting.minimum, setting.maximum))
    if low and high:
        bounds = f"{low} to {high}"
    elif low or high:
        bounds = f"from {low}" if low else f"up to {high}"
    else:
        return word[setting.type]
    return f"{bounds}, whole" if setting.type == "int" else bounds


def _bound(setting: Setting, bound: float | None) -> str:
    if bound is None:
        return ""
    return f"{bound:,.0f}" if setting.type == "int" else f"{bound:g}"


def reading(readout: Readout) -> str:
    """Return what one reading is, in words.

    >>> reading(Readout(name="trace", shape=(3, 101)))
    '3 x 101 numbers'
    """
    one, several = _KINDS.get(np.dtype(readout.dtype).kind, (readout.dtype, readout.dtype))
    return f"{' x '.join(map(str, readout.shape))} {several}" if readout.shape else one
