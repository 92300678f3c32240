"""Readings that belong to no ticket: asked for at any time, taken when no hook is at work.

Rule 1. A driver does one thing at a time, so a reading waits until a ticket has ended; and the
        next ticket waits for the reading.
Rule 2. Of questions for the same readout only the newest is answered.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

import numpy as np
from msgspec import Struct

from stationd.actors.raised import in_words
from stationd.proto.program import SettingValue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from stationd.actors.driver import Driver

_log = logging.getLogger(__name__)

MOST_ASKED: Final = 1000
"""Readouts that may be asked for at the same time; further questions get no answer."""
_LONGEST_ERROR: Final = 500


class ReadingTaken(Struct, frozen=True):
    """A reading, or why there is none."""

    number: int
    """Of the question."""
    readout: str
    value: SettingValue | None
    error: str
    time_unix_s: float


class BetweenTickets:
    """What is asked for, from the loop; and taken, in the instrument's thread."""

    def __init__(self) -> None:
        # Single operations on a dict are whole, whichever thread they are made in.
        self._asked: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._asked)

    def ask(self, number: int, readout: str) -> None:
        """Ask for a reading."""
        if readout in self._asked or len(self._asked) < MOST_ASKED:
            self._asked[readout] = number

    def take(self, driver: Driver) -> Iterator[ReadingTaken]:
        """Take all readings that are asked for."""
        while self._asked:
            readout, number = self._asked.popitem()
            value, error = _read(driver, readout)
            yield ReadingTaken(number, readout, value, error, time.time())


def _read(driver: Driver, readout: str) -> tuple[SettingValue | None, str]:
    try:
        return single(driver.read(readout)), ""
    except Exception as error:  # noqa: BLE001 - a driver may raise anything
        _log.debug("%s could not be read", readout, exc_info=error)
        return None, in_words(error)[:_LONGEST_ERROR]


def single(reading: ArrayLike) -> SettingValue:
    """Return a reading as the plain value that it is.

    >>> single(4.2), single(np.int64(3)), single(np.array([True])), single("locked")
    (4.2, 3, True, 'locked')

    Raises:
        ValueError: It is not a single number, truth value or text.
    """
    values = np.asarray(reading)
    if values.size != 1:
        raise ValueError(f"it is an array of the shape {values.shape}, not a single value")
    value: object = values.item()
    if not isinstance(value, (bool, int, float, str)):
        raise ValueError(f"it is a {type(value).__name__}: no number, truth value or text")  # noqa: TRY004 - a value, not a bug
    return value
