"""The guards at work: their readouts are read, and what follows from it is done.

Rule 1. A readout is read by its controller, between two tickets. While the controller is at work
        on one, the question waits, and that is no fault: the last reading counts.
Rule 2. A controller that is not connected, that does not answer although it is free, or that
        cannot read what it is asked for, is a fault like a wrong reading.
Rule 3. A controller that does not answer although it is free hangs, and could not begin with a
        job either: nothing begins there until it answers, whatever the guard guards. Else its
        jobs would fail one after the other, for a fault that is not theirs.
Rule 4. Whatever was known before the daemon started is read anew. What an earlier daemon has left
        in the lines, or running, is not touched before a guard is violated.
"""

from __future__ import annotations

import logging
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Final, Protocol

from stationd.actors.ladder import Course
from stationd.proto.reading import Read
from stationd.proto.status import JobExecutorStatus
from stationd.runtime.guards.post import Post, find, readout_fault
from stationd.runtime.guards.watch import Standing, Watch, fault_of, next_time, read, wait
from stationd.runtime.queue.gates import GuardHold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from stationd.proto.guard_requests import GuardState
    from stationd.proto.program import Capabilities
    from stationd.proto.reading import Reading
    from stationd.runtime.clock import Clock
    from stationd.runtime.controllers.authority import Authority
    from stationd.runtime.controllers.instruments import Instruments
    from stationd.runtime.live import LiveJob
    from stationd.runtime.settings import Settings
    from stationd.runtime.settings.guard import Guard
    from stationd.runtime.timers import Timers

log = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 10.0
"""What a controller that is free gets to answer: a busy computer must not look like a fault."""


class Bus(Protocol):
    """The controllers, as guards see them."""

    def connected(self) -> Sequence[str]:
        """Return the names of the controllers that are connected."""
        ...

    def offers(self) -> Mapping[str, Capabilities | None]:
        """Return what each controller offers; None if it never said."""
        ...

    def send(self, controller: str, command: Read) -> None:
        """Send a command; it is lost if the controller is not connected."""
        ...


class Guards:
    """All guards of a station.

    Args:
        settings: Which guards there are.
        bus: The way to their controllers.
        instruments: What they hold and bring to rest.
        cancel: Called with a job that is to be brought to rest, and why.
        authority: What this daemon may command with.
        timers: Call back when it is time to read.
        clock: What time it is.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        bus: Bus,
        instruments: Instruments,
        cancel: Callable[[LiveJob, str], None],
        authority: Authority,
        timers: Timers,
        clock: Clock,
    ) -> None:
        self._bus = bus
        self._instruments = instruments
        self._cancel = cancel
        self._authority = authority
        self._timers = timers
        self._clock = clock
        self._began = clock.monotonic()
        # What a controller gets to come to this daemon before its absence counts.
        self._patience = settings.instruments.grace
        self._numbers = count(1)
        self._posts: dict[str, Post] = {}
        self.reload(settings)

    def states(self) -> list[GuardState]:
        """Return how all guards stand."""
        return [post.state() for post in self._posts.values()]

    def reload(self, settings: Settings) -> None:
        """Go by other guards from now on. Those that have not changed go on as they were."""
        for name, post in list(self._posts.items()):
            if settings.guards.get(name) != post.guard:
                self._withdraw(post)
        for name, guard in settings.guards.items():
            if name not in self._posts:
                self._put_up(name, guard, settings.target_controllers)

    def _put_up(self, name: str, guard: Guard, targets: Mapping[str, str]) -> None:
        """Let a guard begin. Until it has been read, it holds."""
        now = self._clock.time()
        controllers = tuple(dict.fromkeys(targets.get(one, one) for one in guard.targets))
        post = self._posts[name] = Post(
            name=name,
            guard=guard,
            controllers=controllers,
            # What is in the lines is not taken back for that.
            held=frozenset(controllers),
            watch=Watch(since=self._clock.monotonic()),
            since_unix_s=now,
            held_unix_s=now,
        )
        self._hold(post)
        self._look(post)

    def _withdraw(self, post: Post) -> None:
        del self._posts[post.name]
        self._timers.cancel(("guard", post.name))
        self._timers.cancel(("grace", post.name))
        self._instruments.queue.let_go(post.places, post.name, self._clock.time())
        self._instruments.grant()

    # --- readings ----------------------------------------------------------------------------

    def greeted(self, controller: str) -> None:
        """Ask a controller that has connected: what it was asked before is lost."""
        for post in self._posts.values():
            if post.controller == controller:
                post.asked = None
                self._look(post)

    def take(self, controller: str, reading: Reading) -> None:
        """Take a reading, or why there is none."""
        for post in list(self._posts.values()):
            asked = post.asked is not None and post.asked <= reading.number
            if asked and (post.controller, post.readout) == (controller, reading.readout):
                post.asked = post.hangs_unix_s = None
                self._learn(post, self._judged(post, reading))

    def _judged(self, post: Post, reading: Reading) -> str:
        """Return what is not right with a reading; empty if all is."""
        if reading.value is None:
            return f"it could not be read: {reading.error}"
        offered = self._bus.offers().get(post.controller)
        found = None if offered is None else find(offered, post.readout)
        post.unit = "" if found is None else found.unit
        post.value, post.read_unix_s = reading.value, self._clock.time()
        return fault_of(post.guard, reading.value, post.unit)

    def _look(self, post: Post) -> None:
        """Ask for a reading; or take note that there is none."""
        self._timers.set(("guard", post.name), post.guard.every, partial(self._look, post))
        hindrance = self._hindrance(post)
        if hindrance is not None:
            post.asked = post.hangs_unix_s = None
            if hindrance:
                self._learn(post, hindrance)
            self._hold(post)
        elif post.asked is None:
            self._ask(post)
        elif self._instruments.running(post.controller) is not None:
            # It answers when it is free; its time begins then.
            post.asked_at, post.hangs_unix_s = self._clock.monotonic(), None
            self._hold(post)
        elif self._clock.monotonic() - post.asked_at >= ANSWER_SECONDS:
            self._ask(post)
            if post.hangs_unix_s is None:
                post.hangs_unix_s = self._clock.time()
            self._learn(post, _HANGS.format(post.controller, ANSWER_SECONDS))

    def _ask(self, post: Post) -> None:
        post.asked, post.asked_at = next(self._numbers), self._clock.monotonic()
        self._bus.send(post.controller, Read(self._authority.fence, post.asked, post.readout))

    def _hindrance(self, post: Post) -> str | None:
        """Return why there is no asking; None if there is, empty if that is no fault yet."""
        offered = self._bus.offers().get(post.controller)
        if offered is None or post.controller not in self._bus.connected():
            early = self._clock.monotonic() - self._began < self._patience
            unread = post.watch.standing is Standing.UNREAD and not post.watch.fault
            return "" if early and unread else f"controller {post.controller} is not connected"
        return readout_fault(post, offered) or None

    # --- what follows ------------------------------------------------------------------------

    def _learn(self, post: Post, fault: str) -> None:
        self._stand(post, read(post.watch, fault, post.guard.grace, self._clock.monotonic()))

    def _wait(self, post: Post) -> None:
        self._stand(post, wait(post.watch, post.guard.grace, self._clock.monotonic()))

    def _stand(self, post: Post, watch: Watch) -> None:
        """Let a guard stand otherwise, and do what follows."""
        before, post.watch = post.watch, watch
        if watch.standing is not before.standing:
            post.since_unix_s = self._clock.time()
            _tell(post)
        if watch.holds and not before.holds:
            post.held_unix_s = post.since_unix_s
        time = next_time(watch, post.guard.grace)
        if time is None:
            self._timers.cancel(("grace", post.name))
        else:
            left = time - self._clock.monotonic()
            self._timers.set(("grace", post.name), left, partial(self._wait, post))
        self._hold(post)
        if watch.standing is Standing.VIOLATED and post.guard.abort:
            self._bring_to_rest(post)

    def _hold(self, post: Post) -> None:
        """Let nothing begin where a guard says so, and go on where it did."""
        queue, now = self._instruments.queue, self._clock.time()
        held = post.holds()
        for controller, since_unix_s in held.items():
            queue.set_hold((controller,), GuardHold(post.name, since_unix_s, post.reason), now)
        queue.let_go(post.places - held.keys(), post.name, now)
        if held.keys() != post.held:
            post.held = frozenset(held)
            self._instruments.grant()

    def _bring_to_rest(self, post: Post) -> None:
        """Cancel what is at work. What has begun since, too late to be taken back, as well."""
        for controller in post.controllers:
            for live, _ in self._instruments.executions.at(controller):
                climbing = live.job.course is Course.CLIMBING
                if climbing and live.job.status is JobExecutorStatus.EXECUTION_STARTED:
                    post.aborted += 1
                    log.warning(
                        "guard %s brings job %s to rest: %s", post.name, live.job.id, post.reason
                    )
                    self._cancel(
                        live, f"aborted by guard {post.name}: {post.reason}; partial data is kept"
                    )


_HANGS: Final = (
    "controller {} has not answered for {:g} s: its driver hangs where it reads this, or takes long"
    " where it prepares for a job"
)


def _tell(post: Post) -> None:
    """Log how a guard stands now."""
    where = ", ".join(post.guard.targets)
    match post.watch.standing:
        case Standing.VIOLATED:
            log.warning("guard %s holds %s: %s", post.name, where, post.reason)
        case Standing.WITHIN:
            log.info("guard %s: %s is right", post.name, post.guard.readout)
        case Standing.OUT:
            grace = post.guard.grace
            log.warning("guard %s, for %g s of grace: %s", post.name, grace, post.reason)
        case Standing.BACK:
            log.info("guard %s: %s", post.name, post.reason)
        case Standing.UNREAD:
            pass
