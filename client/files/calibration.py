"""Calibration sets as people write them.

target = "qpu"
name = "monday morning"
valid_for = "12h"                # optional; or: expires = 2026-03-02T20:00:00Z

[[observation]]
path = "QB1.t1"
value = 42e-6
unit = "s"                       # optional, like the two below
uncertainty = 1e-6
time = 2026-03-02T08:15:00Z
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Final

from msgspec import Struct

from stationd.client.files.durations import seconds
from stationd.client.files.toml import check_keys, entry, of_kind, parse, wrong
from stationd.proto.calibration import Observation

_KEYS: Final = ("target", "name", "valid_for", "expires", "observation")
_OBSERVATION_KEYS: Final = ("path", "value", "unit", "uncertainty", "time")


class CalibrationFile(Struct, frozen=True, kw_only=True):
    """What a file says of a calibration."""

    target: str
    name: str
    valid_for: float | None
    """Seconds from when it is stored until it is fresh no longer."""
    expires_unix_s: float | None
    """Or when it is not."""
    observations: tuple[Observation, ...]


def read_calibration(text: str, source: str) -> CalibrationFile:
    """Read a calibration set.

    Args:
        text: The file's content.
        source: The file's name, for errors.

    Raises:
        RequestError: Something is wrong; the message names the file, the key and the reason.
    """
    table = parse(text, source)
    check_keys(table, _KEYS, source)
    target = entry(table, "target", str, source, default="")
    if not target:
        raise wrong(source, "target", "is missing: name what was calibrated")
    if "valid_for" in table and "expires" in table:
        raise wrong(source, "valid_for", "says what expires says, too: leave one out")
    rows = entry(table, "observation", list[object], source, default=[])
    if not rows:
        raise wrong(source, "observation", "is missing: write [[observation]] for each value")
    return CalibrationFile(
        target=target,
        name=entry(table, "name", str, source, default=""),
        valid_for=_duration(table.get("valid_for"), source),
        expires_unix_s=_time(table.get("expires"), "expires", source),
        observations=tuple(
            _observation(row, f"observation[{index}]", source) for index, row in enumerate(rows)
        ),
    )


def _observation(row: object, place: str, source: str) -> Observation:
    table = of_kind(row, dict[str, object], place, source)
    inside = f"{place}."
    check_keys(table, _OBSERVATION_KEYS, source, inside)
    for key in ("path", "value"):
        if key not in table:
            raise wrong(source, f"{inside}{key}", "is missing")
    uncertain = "uncertainty" in table
    return Observation(
        path=entry(table, "path", str, source, place=inside, default=""),
        value=entry(table, "value", float, source, place=inside, default=0.0),
        unit=entry(table, "unit", str, source, place=inside, default=""),
        uncertainty=entry(table, "uncertainty", float, source, place=inside, default=0.0)
        if uncertain
        else None,
        time_unix_s=_time(table.get("time"), f"{inside}time", source),
    )


def _duration(value: object, source: str) -> float | None:
    match value:
        case None:
            return None
        case bool():
            pass
        case int() | float() if value > 0:
            return float(value)
        case str():
            with suppress(ValueError):
                return seconds(value)
        case _:
            pass
    raise wrong(source, "valid_for", "must be seconds, or a text such as 90min, 12h or 2d")


def _time(value: object, key: str, source: str) -> float | None:
    match value:
        case None:
            return None
        case datetime():
            return value.timestamp()
        case bool():
            pass
        case int() | float():
            return float(value)
        case _:
            pass
    raise wrong(source, key, "must be a date with a time, or seconds since 1970")
