"""Does the unit of systemd fit the configuration, where there is one?"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stationd.runtime.care.doctor.finding import Finding, fail, ok, warn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stationd.runtime.settings import Settings

UNIT: Final = "stationd.service"
_ASKED: Final = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "NeedDaemonReload",
    "TimeoutStopUSec",
    "LimitNOFILE",
    "PrivateUsers",
)
_SPARE: Final = 20.0
"""Seconds that ending the controllers may take, beyond what running jobs get."""
_FEW_FILES: Final = 4096
_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}
_PATIENCE: Final = 20.0


def unit(settings: Settings) -> Iterator[Finding]:
    """Look at the unit, if systemd runs here."""
    if not Path("/run/systemd/system").is_dir() or shutil.which("systemctl") is None:
        yield ok("systemd", "it does not run here")
        return
    command = ["systemctl", "show", UNIT, f"--property={','.join(_ASKED)}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    shown = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    yield from judged(shown, settings.station.stop_timeout)


def judged(shown: Mapping[str, str], stop_timeout: float) -> Iterator[Finding]:
    """Judge what `systemctl show` says.

    Args:
        shown: Properties of the unit.
        stop_timeout: What running jobs get, in seconds.
    """
    if shown.get("LoadState") != "loaded":
        yield ok("systemd", f"{UNIT} is not installed; `stationctl service install` does it")
        return
    problems = [*_problems(shown, stop_timeout)]
    yield from problems
    if not problems:
        state = f"{shown.get('ActiveState', '')} ({shown.get('SubState', '')})"
        yield ok("systemd", f"{UNIT} is {state} and fits the configuration")


def _problems(shown: Mapping[str, str], stop_timeout: float) -> Iterator[Finding]:
    if shown.get("ActiveState") == "failed":
        yield fail(
            "systemd",
            f"{UNIT} has failed",
            f"see `journalctl -u {UNIT} -e`, then `systemctl reset-failed {UNIT}` and start it",
        )
    if shown.get("NeedDaemonReload") == "yes":
        yield warn("systemd", f"{UNIT} has changed on disk", "systemctl daemon-reload")
    if shown.get("UnitFileState") == "disabled":
        yield warn("systemd", f"{UNIT} does not start with the machine", f"systemctl enable {UNIT}")
    stop = seconds(shown.get("TimeoutStopUSec", ""))
    if stop is not None and stop < stop_timeout + _SPARE:
        yield warn(
            "systemd",
            f"TimeoutStopSec={stop:g} is less than station.stop_timeout and {_SPARE:g} s: a stop"
            " would kill what runs",
            f"raise TimeoutStopSec to {stop_timeout + _SPARE:g} with `systemctl edit {UNIT}`",
        )
    files = shown.get("LimitNOFILE", "")
    if files.isdecimal() and int(files) < _FEW_FILES:
        yield warn(
            "systemd",
            f"LimitNOFILE={files}: that many connections, and no more",
            f"raise it with `systemctl edit {UNIT}`",
        )
    if shown.get("PrivateUsers") == "yes":
        yield fail(
            "systemd",
            "PrivateUsers=yes: all local clients would be one and the same user",
            f"turn it off with `systemctl edit {UNIT}`",
        )


def seconds(text: str) -> float | None:
    """Return a duration as systemd writes it; None for ``infinity`` and what is none.

    >>> [seconds(text) for text in ("1min 30s", "500ms", "infinity")]
    [90.0, 0.5, None]
    """
    total = 0.0
    for part in text.split():
        number = part.rstrip("abcdefghijklmnopqrstuvwxyz")
        scale = _UNITS.get(part[len(number) :])
        if scale is None or not number:
            return None
        total += float(number) * scale
    return total if text else None
