"""Timers that come when the test says so."""

from collections.abc import Callable, Hashable

from stationd.runtime.timers import Timers


class HeldTimers(Timers):
    """Keeps what is to be called, and for when."""

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[Hashable, tuple[float, Callable[[], None]]] = {}

    def __len__(self) -> int:
        return len(self.held)

    def set(self, key: Hashable, seconds: float, call: Callable[[], None]) -> None:
        self.held[key] = (seconds, call)

    def cancel(self, key: Hashable) -> None:
        self.held.pop(key, None)

    def come(self, key: Hashable) -> None:
        """Let a timer's moment come."""
        _, call = self.held.pop(key)
        call()
