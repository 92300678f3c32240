"""What time it is: a port, so that tests can have another one."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells wall-clock time for records and monotonic time for durations."""

    def time(self) -> float:
        """Return Unix seconds."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...


class SystemClock:
    """The machine's clocks."""

    def time(self) -> float:
        """Return Unix seconds."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()
