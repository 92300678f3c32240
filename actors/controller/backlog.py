"""How much data may be on its way from a driver to the disk."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOK_SECONDS: Final = 0.1
"""How often whoever waits asks whether to give up."""


class Backlog:
    """Room for bytes that are not on disk yet; a driver that is faster than the disk waits.

    Args:
        limit: Bytes; a single block may be larger and then goes alone.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._taken = 0
        self._room = threading.Condition()

    def take(self, size: int, give_up: Callable[[], bool]) -> None:
        """Take room, waiting for it if need be.

        Args:
            size: Bytes.
            give_up: Asked while waiting; when it says yes the room is taken though it is not there.
        """
        with self._room:
            while self._taken and self._taken + size > self._limit and not give_up():
                self._room.wait(_LOOK_SECONDS)
            self._taken += size

    def give_back(self, size: int) -> None:
        """Give room back, from any thread."""
        with self._room:
            self._taken -= size
            self._room.notify_all()
