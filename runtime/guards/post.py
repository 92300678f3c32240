"""One guard at its post: what it has read, and what it says of itself. No clock, no I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stationd.proto.guard_requests import GuardState
from stationd.runtime.guards.watch import Standing, Watch
from stationd.runtime.settings.problems import suggestion

if TYPE_CHECKING:
    from stationd.proto.program import Capabilities, Readout, SettingValue
    from stationd.runtime.settings.guard import Guard


@dataclass(slots=True, kw_only=True)
class Post:
    """A guard, and what is known of its readout."""

    name: str
    guard: Guard
    controllers: tuple[str, ...]
    """Where nothing begins while it holds."""
    watch: Watch
    since_unix_s: float
    """Since when it stands as it stands."""
    held_unix_s: float
    """Since when it holds its targets, if it does."""
    hangs_unix_s: float | None = None
    """Since when the controller that is asked hangs; None if it does not."""
    held: frozenset[str] = frozenset()
    """Where nothing begins because of it, as the queue was told."""
    asked: int | None = None
    """The newest question, while there is no answer to it."""
    asked_at: float = 0.0
    """Since when its controller could have answered, as far as is known; monotonic seconds."""
    value: SettingValue | None = None
    read_unix_s: float | None = None
    unit: str = ""
    aborted: int = 0

    @property
    def controller(self) -> str:
        """The controller that is asked."""
        return self.guard.controller

    @property
    def readout(self) -> str:
        """The controller's own name of what is read."""
        return self.guard.readout.partition(".")[2]

    @property
    def places(self) -> frozenset[str]:
        """Where it may let nothing begin."""
        return frozenset((*self.controllers, self.controller))

    def holds(self) -> dict[str, float]:
        """Return where nothing may begin because of it, and since when (Unix time)."""
        held = dict.fromkeys(self.controllers, self.held_unix_s) if self.watch.holds else {}
        if self.hangs_unix_s is not None:
            held.setdefault(self.controller, self.hangs_unix_s)
        return held

    @property
    def reason(self) -> str:
        """Why it holds, in words."""
        if self.watch.fault:
            return f"{self.guard.readout}: {self.watch.fault}"
        if self.watch.standing is Standing.BACK:
            return f"{self.guard.readout} is right again, and must be for {self.guard.grace:g} s"
        return f"{self.guard.readout} has not been read since the station's start"

    def state(self) -> GuardState:
        """Return it as clients see it."""
        guard, watch = self.guard, self.watch
        hangs = "" if self.hangs_unix_s is None else f"; nothing begins at {self.controller} either"
        return GuardState(
            name=self.name,
            readout=guard.readout,
            targets=guard.targets,
            standing=watch.standing.value,
            since_unix_s=self.since_unix_s,
            holds=watch.holds,
            fault=watch.fault + hangs,
            value=self.value,
            unit=self.unit,
            read_unix_s=self.read_unix_s,
            minimum=guard.minimum,
            maximum=guard.maximum,
            expected=guard.expected,
            grace=guard.grace,
            every=guard.every,
            abort=guard.abort,
            aborted=self.aborted,
        )


def readout_fault(post: Post, offered: Capabilities) -> str:
    """Return why a controller cannot be asked for a guard's readout; empty if it can."""
    found = find(offered, post.readout)
    if found is None:
        known = [one.name for one in offered.readouts]
        hint = suggestion(post.readout, known) or "; it has none"
        return f"controller {post.controller} has no such readout{hint}"
    if math.prod(found.shape) != 1:
        return f"it is an array of the shape {found.shape}: a guard needs a single value"
    return ""


def find(offered: Capabilities, readout: str) -> Readout | None:
    """Return what a controller says of one of its readouts."""
    return next((one for one in offered.readouts if one.name == readout), None)
