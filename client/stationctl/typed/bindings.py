"""What a circuit's parameters are set to, as it is typed: ``theta=0:3.14:11``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import click

from stationd.proto.program import MOST_ITEMS

if TYPE_CHECKING:
    from collections.abc import Sequence

_RANGE_PARTS: Final = 3


def read_bindings(
    _: click.Context, param: click.Parameter, given: Sequence[str]
) -> dict[str, list[float] | float]:
    """Return a table of values by the parameters' names.

    Raises:
        click.BadParameter: One cannot be read.
    """
    table: dict[str, list[float] | float] = {}
    for one in given:
        name, equals, values = one.partition("=")
        if not equals or not name or not values:
            raise click.BadParameter(f"{one!r}: write NAME=VALUES, as in theta=0:3.14:11")
        if name in table:
            raise click.BadParameter(f"{name!r} is given twice", param=param)
        try:
            table[name] = _values(values)
        except ValueError as error:
            raise click.BadParameter(f"{one!r}: {error}", param=param) from error
    return table


def _values(text: str) -> list[float] | float:
    """Return one number, those of a list, or as many of a range as it says."""
    parts = text.split(":")
    if len(parts) == 1:
        numbers = [_number(part) for part in text.split(",")]
        return numbers if "," in text else numbers[0]
    if len(parts) != _RANGE_PARTS:
        raise ValueError("a range is FROM:TO:POINTS, as in 0:3.14:11")
    first, last = _number(parts[0]), _number(parts[1])
    points = int(parts[2]) if parts[2].isdecimal() else 0
    if not 1 < points <= MOST_ITEMS:
        raise ValueError(f"a range has 2 to {MOST_ITEMS} points, not {parts[2]!r}")
    return [first + (last - first) * index / (points - 1) for index in range(points)]


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is not a number")
    return number
