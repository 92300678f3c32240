"""Lines written to a file descriptor; whoever reads it may be slow, stopped or gone."""

from __future__ import annotations

import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stationd.actors.log_line import Line


class Stream:
    """Writes to a descriptor.

    Args:
        descriptor: Usually that of stderr.
        form: Turns a line into bytes.
    """

    def __init__(self, descriptor: int, form: Callable[[Line], bytes]) -> None:
        self._descriptor = descriptor
        self._form = form

    def write(self, lines: Sequence[Line]) -> int:
        """Write lines; return how many of them were lost. Waits for the reader."""
        for done, line in enumerate(lines):
            try:
                self._write_all(self._form(line))
            except OSError:
                # Nobody reads it any more, or the disk is full; there is no other place to say so.
                return len(lines) - done
        return 0

    def _write_all(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._descriptor, data) :]
            except BlockingIOError:
                # Somebody who shares the terminal with us has made it so.
                select.select([], [self._descriptor], [])
