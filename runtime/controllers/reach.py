"""The controllers that can be reached, as the parts behind the socket see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stationd.proto.instruments_protocol import Command


class Lines(Protocol):
    """The controllers that are connected, and a way to talk to them."""

    def send(self, controller: str, command: Command) -> None:
        """Send a command; it is lost if the controller is not connected."""
        ...

    def connected(self) -> Sequence[str]:
        """Return the names of the controllers that are connected."""
        ...

    def has(self, controller: str) -> bool:
        """Return whether a controller is connected."""
        ...


class Reach:
    """A way to the controllers, which nobody is on until lines are attached."""

    def __init__(self) -> None:
        self._lines: Lines | None = None

    def attach(self, lines: Lines) -> None:
        """Say who carries commands from now on."""
        self._lines = lines

    def send(self, controller: str, command: Command) -> None:
        """Send a command; it is lost if the controller is not connected."""
        if self._lines is not None:
            self._lines.send(controller, command)

    def connected(self) -> Sequence[str]:
        """Return the names of the controllers that are connected."""
        return () if self._lines is None else self._lines.connected()

    def has(self, controller: str) -> bool:
        """Return whether a controller is connected."""
        return self._lines is not None and self._lines.has(controller)
