"""Kills and stops processes of a station while clients use it, and brings the daemon back."""

import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple

from stationd.proto.status import JobExecutorStatus
from tests.end_to_end.station import Station, is_alive
from tests.soak import look, victims
from tests.soak.plan import Plan, Process

GRACE = 3.0
"""Seconds; the station's setting."""
BEAT = 0.2
"""Seconds; the station's setting."""
STOPS = {"three beats": 5 * BEAT, "the grace": 1.5 * GRACE}
"""How long processes are stopped, in seconds: longer than each of these."""
_LONGEST_PAUSE = 1.2
_WITH_ANOTHER = 0.25
"""How often a controller dies while there is no daemon."""
_WHILE_IT_STARTS = 0.2
"""How often a daemon dies while it starts."""
_STARTING = 1.5
"""Seconds that a start takes, about."""
_MOST_TRIES = 6
"""Moments that are looked at for one on which a job is where none was yet."""


class Blow(NamedTuple):
    """What a process was done."""

    process: Process
    name: str
    began_unix_s: float
    ended_unix_s: float
    """When it could go on; a killed one was replaced by then or soon after."""


class Killer:
    """One station, one plan.

    Args:
        station: Which runs.
        plan: Whom to kill and when.
        say: Told what happens.
    """

    def __init__(self, station: Station, plan: Plan, say: Callable[[str], None]) -> None:
        self.blows: list[Blow] = []
        self.stops: Counter[tuple[Process, str]] = Counter()
        self._station = station
        self._plan = plan
        self._random = plan.random
        self._say = say
        self._database = station.folder / "state" / "journal.sqlite"
        self._started = 0.0
        self._metrics = ""

    def start(self) -> None:
        """Start the daemon, as a service manager would."""
        self._started = time.time()
        self._station.start()
        self._metrics = victims.metrics_url(self._station)

    def kill(self) -> None:
        """Kill one process, at a moment that the plan likes."""
        process = self._plan.draw()
        aimed = self._plan.aims(process)
        missing = self._plan.missing(process)
        for attempt in range(_MOST_TRIES):
            self._pause()
            with ExitStack() as holds:
                statuses = self._hold(holds) if aimed else frozenset[JobExecutorStatus]()
                last = attempt == _MOST_TRIES - 1
                if aimed and missing and not (last or statuses & missing):
                    continue
                killed = self._killed(process, statuses)
            # What was held goes on first: the writer finishes what it was sent, and ends.
            if killed:
                self._replace(process)
                return
        self._say(f"no {process} was there to be killed")

    def stop(self) -> None:
        """Stop one process for a while that matters."""
        process = self._plan.draw()
        longer_than = self._random.choice(list(STOPS))
        victim = victims.find(self._station, process, self._random)
        if victim is None:
            return
        name, pid = victim
        began = time.time()
        with victims.held([pid]):
            time.sleep(STOPS[longer_than])
        self.stops[process, longer_than] += 1
        self.blows.append(Blow(process, name, began, time.time()))
        self._say(f"stopped {name} for longer than {longer_than}")

    def check_alive(self) -> None:
        """Fail if the daemon has ended by itself."""
        assert is_alive(self._station.pid), f"the daemon has ended:\n{self._station.log}"

    # --- one kill ----------------------------------------------------------------------------

    def _pause(self) -> None:
        time.sleep(self._random.uniform(0.05, _LONGEST_PAUSE))
        self.check_alive()

    def _hold(self, holds: ExitStack) -> frozenset[JobExecutorStatus]:
        """Hold the writer still, others too perhaps, and return on which rungs jobs are now."""
        for other in ("reader", "worker"):
            found = victims.find(self._station, other, self._random)
            if found is not None and self._random.random() < 0.5:
                holds.enter_context(victims.held([found[1]]))
                time.sleep(self._random.uniform(0.0, 0.3))
        writer = victims.find(self._station, "writer", self._random)
        assert writer is not None, "a daemon that lives has a writer"
        holds.enter_context(victims.held([writer[1]]))
        victims.wait_stopped(writer[1])
        time.sleep(self._random.uniform(0.02, 0.2))
        memory = look.in_memory(self._metrics)
        passing = look.under_way(memory, look.on_disk(self._database, self._started))
        return frozenset(passing) | frozenset(look.standing(self._database))

    def _killed(self, process: Process, statuses: frozenset[JobExecutorStatus]) -> bool:
        victim = victims.find(self._station, process, self._random)
        if victim is None:
            return False
        name, pid = victim
        began = time.time()
        if not victims.kill(pid):
            return False
        # Nothing was held: where jobs are found is where they were.
        statuses = statuses or frozenset(look.standing(self._database))
        self._plan.count(process, statuses)
        self._say(f"killed {name} with jobs on {len(statuses)} rungs")
        self.blows.append(Blow(process, name, began, time.time()))
        return True

    def _replace(self, process: Process) -> None:
        """Start another daemon if there is none any more; controllers and workers it replaces.

        Now and then a controller dies too meanwhile, or the new daemon before it can answer.
        """
        if process not in ("daemon", "writer"):
            return
        # Without its writer a daemon ends by itself.
        self._station.ended()
        if self._random.random() < _WITH_ANOTHER:
            self._killed("controller", frozenset())
        while self._random.random() < _WHILE_IT_STARTS:
            self._station.launch()
            time.sleep(self._random.uniform(0.0, _STARTING))
            self._killed("daemon", frozenset())
            self._station.ended()
        self.start()
