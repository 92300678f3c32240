"""Users of the station: by which keys they are known, and what they may at any time."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, cast

import anyio
import zmq

from stationd.proto.job import JobId
from stationd.runtime.security.access import Access
from stationd.runtime.security.register import CURVE, JOBS, Knock, Register
from stationd.runtime.settings import Settings

if TYPE_CHECKING:
    from tests.simulation.network import Link

WATCHER: Final = "watcher"
"""An admin whose rights nobody touches: listens to everything, and looks after controllers."""
_RANKS: Final = {"observer": 0, "submitter": 1, "operator": 2, "admin": 3}

Allowed = Callable[[Settings], bool]
"""Whether a configuration allows something."""


def key_of(user: str) -> str:
    """Return the public key of a user."""
    return user.ljust(40, ".")


def may(user: str, role: str) -> Allowed:
    """Tell whether a user is let in, and may do what a role may."""

    def allowed(settings: Settings) -> bool:
        if not settings.users:
            return True
        one = settings.users.get(user)
        return one is not None and bool(one.keys) and _RANKS[one.role] >= _RANKS[role]

    return allowed


def may_read(user: str, creator: str) -> Allowed:
    """Tell whether a user may read a job."""

    def allowed(settings: Settings) -> bool:
        everybody = settings.api.jobs_are_read_by == "everyone" or user == creator
        return may(user, "observer" if everybody else "operator")(settings)

    return allowed


def may_change(user: str, creator: str) -> Allowed:
    """Tell whether a user may cancel and retry a job."""
    return may(user, "submitter" if user == creator else "operator")


class Rights:
    """What users may do, as the configuration had it from time to time.

    Args:
        settings: The first one.
    """

    def __init__(self, settings: Settings) -> None:
        self._held: list[tuple[float, Settings]] = [(-math.inf, settings)]
        self.creators: dict[JobId, str] = {}
        """Who has made, or will have made, each job."""

    @property
    def settings(self) -> Settings:
        """The newest configuration."""
        return self._held[-1][1]

    def change(self, settings: Settings) -> None:
        """Go by another configuration from now on."""
        self._held.append((anyio.current_time(), settings))

    def changed(self, since: float) -> bool:
        """Tell whether the configuration has changed from a time on."""
        return self._held[-1][0] >= since

    def now(self, allowed: Allowed) -> bool:
        """Tell whether something is allowed now."""
        return allowed(self.settings)

    def ever(self, since: float, allowed: Allowed) -> bool:
        """Tell whether something was allowed at any time from a time on."""
        ends = [when for when, _ in self._held[1:]] + [math.inf]
        held = zip(self._held, ends, strict=True)
        return any(end >= since and allowed(settings) for (_, settings), end in held)


class Sender:
    """What ZeroMQ would tell of the connection that a message came through."""

    def __init__(self, link: "Link", user: str) -> None:
        self.link = link
        self._means = f"{CURVE}{key_of(user)}"

    def get(self, name: str) -> str:
        """Return a property, as a frame does."""
        return self._means if name == "User-Id" else ""

    def frame(self) -> zmq.Frame:
        """Return it as what the product takes it for."""
        return cast("zmq.Frame", self)


class SimulatedAccess(Access):
    """Knows who is let in, and parts from those who are not any more."""

    def __init__(self, register: Register) -> None:
        super().__init__(register)

    def admits(self, user: str) -> bool:
        """Tell whether the gate lets somebody in."""
        knock = Knock(JOBS, "10.0.0.1", key_of(user))
        return not user or isinstance(self.admit(knock), str)

    def cut(self, sender: zmq.Frame | None) -> None:
        found: object = sender
        if isinstance(found, Sender):
            found.link.cut()
