"""A journal that is put back from a backup, when all else is over: the station goes on with it.

Rule 1. What came about after the backup is gone, and so is all that was promised of it. What the
        controllers know is not: none of them runs a ticket again.
Rule 2. What the backup knows as unfinished ends, and whoever submits then is served.
"""

from collections import Counter
from typing import Final

import anyio
from anyio.abc import TaskGroup

from stationd.proto.error import ErrorCode
from tests.simulation.clients import Client
from tests.simulation.locksmith import open_all
from tests.simulation.promises import Promises
from tests.simulation.scenario import order
from tests.simulation.station import SimulatedStation

LONGEST: Final = 300.0
"""Virtual seconds in which everything must be over."""
_MAY_FAIL_OF: Final = {ErrorCode.DRIVER_FAILED, ErrorCode.CONTROLLER_SILENT}
"""What jobs may fail of that are submitted when nothing goes wrong any more."""

_CLOCK: Final = {ErrorCode.INSTRUMENT_LOST}


class Backup:
    """The end of a run with an older journal.

    Args:
        station: At rest.
        tasks: Runs what a client does in the background.
    """

    def __init__(self, station: SimulatedStation, tasks: TaskGroup) -> None:
        self._station = station
        self._trace = station.trace
        self._chance = station.trace.chance("backup")
        self._client = Client(station, "afterwards", tasks, station.watcher)

    async def run(self) -> None:
        """Put the journal back, and see what comes of it."""
        station, image = self._station, self._station.disk.image
        if image is None or station.daemon is None:
            return
        self._trace.fault("backups", len(image))
        life = station.daemon
        station.promises, station.is_put_back = Promises(), True
        life.crash()
        await life.left.wait()
        station.disk.put_back(image)
        left = ""
        with anyio.move_on_after(LONGEST) as scope:
            if station.scenario.locked:
                await open_all(station)
            await self._serve()
            while left := self._left():  # noqa: ASYNC110 - in virtual time
                await anyio.sleep(0.2)
        if scope.cancelled_caught:
            busy = list(+self._client.busy)
            self._trace.violation("after a backup was put back:", *busy, left if not busy else "")
        elif station.contents is not None:
            self._check()

    async def _serve(self) -> None:
        orders = tuple(order(self._chance, 1) for _ in range(4))
        try:
            await self._client.run(orders, [self._client])
        finally:
            with anyio.CancelScope(shield=True):
                await self._client.aclose()
        for one in orders:
            contents = self._station.contents
            number = 0 if contents is None else contents.numbers.get(one.job, 0)
            stored = None if contents is None else contents.jobs.get(number)
            error = None if stored is None else stored.timeline[-1].error
            # Where the clock has gone back as well a number may be given twice, and is refused.
            went_back = self._trace.faults["clock jumps"] > 0
            allowed = _MAY_FAIL_OF | _CLOCK if went_back else _MAY_FAIL_OF
            if stored is None or (error is not None and error.code not in allowed):
                self._trace.violation("job", one.job, "after a backup was put back:", error)

    def _left(self) -> str:
        contents, daemon = self._station.contents, self._station.daemon
        if contents is None or daemon is None or daemon.running is None:
            return "there is no daemon"
        for job in contents.jobs.values():
            if not job.timeline[-1].status.is_terminal:
                return f"job {job.record.job} is {job.timeline[-1].status}"
        return f"{out} tickets are out" if (out := daemon.running.instruments.out) else ""

    def _check(self) -> None:
        """No controller has run a ticket twice, unless it has forgotten the first time."""
        ran = Counter((act.controller, act.ticket) for act in self._station.acts)
        for (controller, ticket), times in ran.items():
            if times > 1 and not self._station.trace.faults["lost ledgers"]:
                self._trace.violation("ticket", ticket, "ran", times, "times at", controller)
