"""Which versions of what are installed here, for the record: a result should lead back to them.

Looking reads many small files: in a thread, once for each start.
"""

from __future__ import annotations

import hashlib
import platform
import re
import sqlite3
from importlib.metadata import (
    Distribution,
    PackageNotFoundError,
    packages_distributions,
    requires,
    version,
)
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import zmq

from stationd.actors.drivers.built_in import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Iterator

OURS: Final = "stationd"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_DIGITS: Final = 12


def versions(driver: str = "") -> dict[str, str]:
    """Return versions of Python, libraries, stationd, a driver, and all that these need.

    Args:
        driver: A built-in driver, or ``package.module:Class``; empty for none. One that belongs
            to no distribution is known by the digest of its file.
    """
    found = {
        "Linux": platform.release(),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "libzmq": zmq.zmq_version(),
    }
    found.update(_with_needs(OURS))
    if driver and driver not in BUILT_IN:
        found.update(_of_driver(driver.partition(":")[0]))
    return dict(sorted(found.items()))


def _of_driver(module: str) -> Iterator[tuple[str, str]]:
    package = module.partition(".")[0]
    origin = _origin(module)
    if package in {one.metadata["Name"] for one in Distribution.discover(name=package)}:
        yield from _with_needs(package)
    elif origin is not None and "site-packages" in origin.parts:
        # Slow, for it looks at all that is installed.
        for distribution in packages_distributions().get(package, []):
            yield from _with_needs(distribution)
    elif origin is not None:
        digest = hashlib.sha256(origin.read_bytes()).hexdigest()
        yield module, f"sha256:{digest[:_DIGITS]}"


def _with_needs(distribution: str) -> Iterator[tuple[str, str]]:
    """Yield a distribution and what it needs, extras too, as far as that is installed."""
    try:
        needed = requires(distribution) or []
    except (PackageNotFoundError, ValueError):
        return
    for need in (distribution, *needed):
        name = _NAME.match(need)
        installed = None if name is None else _version(name[0])
        if name is not None and installed:
            yield name[0], installed


def _version(distribution: str) -> str | None:
    """Return a version; None if it is not installed, or no more than half of it is.

    The library's types know nothing of the latter: it returns None, or raises in newer Pythons.
    """
    try:
        return version(distribution)
    except (PackageNotFoundError, KeyError):
        return None


def _origin(module: str) -> Path | None:
    """Return a module's file; None if it cannot be imported, which the controller says itself."""
    try:
        spec = find_spec(module)
    except (ImportError, ValueError):
        return None
    path = None if spec is None or spec.origin is None else Path(spec.origin)
    return path if path is not None and path.is_file() else None
