"""Bytes and days as people type and read them."""

from __future__ import annotations

import re
from typing import Final, Literal

import click

_SIZE: Final = re.compile(r"(?P<number>\d{1,12}(?:\.\d{1,9})?) ?(?P<unit>[kKMGT]?i?)B?")
_UNITS: Final[dict[str, int]] = {
    "": 1,
    "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40,
}  # fmt: skip
_MOST: Final = 2**53


class Size(click.ParamType[int]):
    """A number of bytes, as in ``20GiB``, ``500MB`` and ``none``, which is 0."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the bytes."""
        if isinstance(value, int):
            return value
        if value == "none":
            return 0
        found = _SIZE.fullmatch(str(value))
        unit = None if found is None else _UNITS.get(found["unit"].replace("k", "K"))
        if found is None or unit is None or not 1 <= float(found["number"]) * unit <= _MOST:
            self.fail(f"{value!r} is no size: 20GiB, 500MB, 1000000, none", param, ctx)
        return round(float(found["number"]) * unit)


class Days(click.ParamType[float | Literal["station"]]):
    """A number of days; ``forever`` is 0, and ``station`` stands for what holds for all others."""

    name = "days"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | Literal["station"]:
        """Return the days."""
        if value == "station":
            return "station"
        if value == "forever":
            return 0.0
        try:
            days = float(str(value))
        except ValueError:
            days = -1.0
        if not 0 < days <= 100_000:  # noqa: PLR2004 - as the station takes them
            self.fail(f"{value!r}: days above 0, forever, or station", param, ctx)
        return days


def amount(size: int) -> str:
    """Return bytes in a unit that people know.

    >>> amount(500), amount(1536), amount(20 * 2**30)
    ('500 B', '1.5 KiB', '20 GiB')
    """
    for prefix in ("Ti", "Gi", "Mi", "Ki"):
        if size >= _UNITS[prefix]:
            return f"{size / _UNITS[prefix]:.3g} {prefix}B"
    return f"{size} B"
