"""All checks, one after the other: a check that breaks costs itself."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Final

from stationd import __version__
from stationd.proto.error import StationError
from stationd.runtime.care.doctor import configuration as said
from stationd.runtime.care.doctor.clock import clock
from stationd.runtime.care.doctor.database import journal, sqlite
from stationd.runtime.care.doctor.finding import Finding, fail, ok
from stationd.runtime.care.doctor.running import daemon, workers
from stationd.runtime.care.doctor.storage import directories, disk
from stationd.runtime.care.doctor.unit import unit
from stationd.runtime.settings import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from stationd.runtime.settings import Settings

CHECKS: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (
    said.keys,
    said.drivers,
    directories,
    disk,
    journal,
    sqlite,
    said.libzmq,
    clock,
    unit,
    workers,
    daemon,
)


def examine(path: Path) -> Iterator[Finding]:
    """Yield what is found, check by check; blocks, and writes nothing that stays.

    Args:
        path: The configuration.
    """
    yield ok("versions", f"stationd {__version__}, Python {platform.python_version()}")
    try:
        configuration = read(path)
    except StationError as error:
        yield fail("configuration", str(error), "mend that first: the rest follows from it")
        return
    yield from said.files(configuration)
    for check in CHECKS:
        try:
            yield from check(configuration.settings)
        except Exception as error:  # noqa: BLE001 - one check's failure is its own
            yield fail(
                check.__name__,
                f"the check itself failed: {type(error).__name__}: {error}",
                "if it is no right that this user lacks, please report it",
            )
