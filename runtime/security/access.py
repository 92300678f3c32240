"""What is known of whoever has sent a message, and asked about at every one.

Rule 1. Whom a message comes from is what its connection was admitted as, and never what it says.
Rule 2. When the register changes, so does every answer from then on: a connection outlives the
        key that it was made with, and what it was allowed does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import zmq

from stationd.runtime.security.cutting import cut
from stationd.runtime.security.register import (
    Knock,
    Refusal,
    Register,
    means_at,
    register_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from stationd.runtime.settings import Settings


class Access:
    """Who may do what, as the newest configuration has it.

    Args:
        register: Whose keys there are; nobody's, if not given.
    """

    def __init__(self, register: Register | None = None) -> None:
        self.register = register or Register()
        self.ports: Collection[int] = ()
        """Those that the station listens at."""
        self._watchers: list[Callable[[], None]] = []

    def watch(self, changed: Callable[[], None]) -> None:
        """Let something be called whenever the register has been replaced."""
        self._watchers.append(changed)

    def replace(self, register: Register) -> None:
        """Go by another register from now on."""
        if register == self.register:
            return
        self.register = register
        for changed in self._watchers:
            changed()

    def reload(self, settings: Settings) -> None:
        """Go by another configuration's keys; which Unix users run controllers stays."""
        self.replace(replace(register_of(settings), uids=self.register.uids))

    def admit(self, knock: Knock) -> str | Refusal:
        """Return how somebody is known from now on, or why they are not let in."""
        return self.register.admit(knock)

    def user_of(self, means: str) -> str | None:
        """Return the name of the user who has a key; None if it is nobody's (any more)."""
        return self.register.user_of(means)

    def may_be(self, means: str | None, controller: str) -> bool:
        """Return whether somebody who is known so may speak for a controller.

        Only in a simulation nothing is known of anybody (None).
        """
        return means is None or self.register.may_be(means, controller)

    def cut(self, sender: zmq.Frame | None) -> None:
        """End the connection over a network that a message came through."""
        cut(sender, self.ports)


def means_of(sender: zmq.Frame | None) -> str | None:
    """Return how the sender of a message is known; empty if nothing tells.

    Args:
        sender: The first frame of the message; None in a simulation, and then so is the answer.
    """
    if sender is None:
        return None
    try:
        means = sender.get("User-Id")
    except zmq.ZMQError:
        # Bound without a guard, in a test: the kernel tells nevertheless.
        return means_at(_property(sender, "Peer-Address"))
    return means if isinstance(means, str) else ""


def _property(sender: zmq.Frame, name: str) -> str:
    try:
        found = sender.get(name)
    except zmq.ZMQError:
        return ""
    return found if isinstance(found, str) else ""
