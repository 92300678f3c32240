"""Operators who lock controllers and plan maintenance, and others who would like to."""

from collections.abc import Callable
from uuid import UUID

import anyio

from stationd.client.connection.connection import Connection
from stationd.proto.error import Conflict, ErrorCode, Forbidden, StationError
from stationd.proto.queue_requests import (
    ListTargets,
    Lock,
    Maintain,
    Targets,
    TargetState,
    Unlock,
    Unreserve,
)
from stationd.proto.socket import Socket
from tests.simulation.closures import Closure, Closures
from tests.simulation.lives import JOBS
from tests.simulation.parts import Part
from tests.simulation.station import SimulatedStation
from tests.simulation.trouble import Trouble

Asked = Lock | Unlock | Maintain | Unreserve | ListTargets
_PATIENCE = 3.0
"""Seconds in which an operator is answered, or goes away and does not know."""
_OPERATORS = ("olga", "adam")
_TRY_AGAIN = {ErrorCode.STATION_UNREACHABLE, ErrorCode.STORAGE_TROUBLE, ErrorCode.SHUTTING_DOWN}


class Locksmith(Trouble):
    """Several people, one after another."""

    tidies = True

    def __init__(self, station: SimulatedStation, part: Part) -> None:
        super().__init__(station, part)
        self._open: set[str] = set()
        """Controllers of which it is not known whether they have a lock."""

    @property
    def _closures(self) -> Closures:
        return self.station.promises.closures

    async def strike(self) -> None:
        people = self.station.scenario.people
        who = self.chance.choice(_OPERATORS) if people else ""
        name = self.chance.choice(list(self.station.controllers))
        acts = (self._lock, self._lock, self._unlock, self._unlock, self._plan, self._drop)
        act = self.chance.choice(acts)
        if people and self.chance.random() < 0.15:
            await self._try_in_vain(name)
        else:
            await act(who, name)

    async def tidy(self) -> None:
        """Open everything, whoever has closed it."""
        await open_all(self.station)

    # --- locks -------------------------------------------------------------------------------

    async def _lock(self, who: str, name: str) -> None:
        note = f"note {self.chance.randrange(100)}"
        there = self._closures.lock(name)
        theirs = there is not None and there.holder != who
        if there is not None and not theirs:
            self._closures.end(controller=name)  # its note changes
        try:
            targets = await self._ask(who, Lock(0, name, note))
        except Conflict:
            if there is None and name not in self._open:
                self.trace.violation(name, "has no lock, and", who, "may not lock it")
            return
        if targets is None:
            self._open.add(name)
            return
        if theirs:
            self.trace.violation(who, "has locked", name, "in spite of the", there)
        self.trace.fault("locks", name)
        self._open.discard(name)
        self._closures.add(Closure(name, who, note))
        state = _state(targets, name)
        if (state.locked_by, state.lock_note) != (who, note):
            self.trace.violation(name, "was locked by", who, "and is", state)

    async def _unlock(self, who: str, name: str) -> None:
        force = self.chance.random() < 0.3
        ended = self._closures.end(controller=name)
        theirs = ended is not None and ended.holder != who
        try:
            targets = await self._ask(who, Unlock(0, name, force))
        except Forbidden:
            if ended is not None:
                self._closures.add(Closure(name, ended.holder, ended.note, since=ended.since))
            if force or not (theirs or name in self._open):
                self.trace.violation(who, "may not unlock", name, "of", ended)
            return
        if targets is None:
            self._open.add(name)
            return
        if theirs and not force:
            self.trace.violation(who, "has unlocked the", ended)
        self._open.discard(name)
        if _state(targets, name).locked_by is not None:
            self.trace.violation(name, "was unlocked, and is locked")

    async def _try_in_vain(self, name: str) -> None:
        """Let somebody try it who is no operator."""
        try:
            done = await self._ask("ann", self.chance.choice((Lock(0, name), Unlock(0, name))))
        except Forbidden:
            return
        if done is not None:
            self.trace.violation("ann is no operator, and was let at the lock of", name)

    # --- maintenance -------------------------------------------------------------------------

    async def _plan(self, who: str, name: str) -> None:
        window = str(UUID(int=self.chance.getrandbits(128), version=4))
        begins = self.station.clock.time() + self.chance.choice((-1.0, 0.3, 2.0))
        ends = begins + self.chance.choice((1.5, 4.0, 30.0))
        targets = await self._ask(who, Maintain(0, window, name, begins, ends))
        if targets is not None:
            self.trace.fault("windows", name)
            self._closures.add(Closure(name, window=window, begins=begins, ends=ends))

    async def _drop(self, who: str, name: str) -> None:
        windows = [
            one.window for one in self._closures.all if one.window and one.controller == name
        ]
        if windows:
            window = self.chance.choice(windows)
            self._closures.end(window=window)
            await self._ask(who, Unreserve(0, window))

    async def _ask(self, who: str, request: Asked) -> Targets | None:
        """Ask for something; return None if nobody answered, so that it may come about or not."""
        connection = Connection(JOBS, connect=_connecting(self.station, who))
        try:
            with anyio.move_on_after(_PATIENCE):
                return await connection.ask(request, Targets)
        except StationError as error:
            if error.info.code in _TRY_AGAIN or "in the past" in str(error):
                return None
            raise
        finally:
            with anyio.CancelScope(shield=True):
                await connection.aclose()
        return None


async def open_all(station: SimulatedStation) -> None:
    """Take off all locks and drop all windows, and do not give up."""
    for one in station.promises.closures.all:
        one.until = min(one.until, anyio.current_time())
    connection = Connection(JOBS, connect=_connecting(station, station.watcher))
    try:
        while True:
            try:
                targets = await connection.ask(ListTargets(0), Targets)
                for state in targets.targets:
                    await connection.ask(Unlock(0, state.controller, force=True), Targets)
                for window in targets.reservations:
                    await connection.ask(Unreserve(0, window.id), Targets)
            except StationError as error:
                if error.info.code not in _TRY_AGAIN:
                    raise
                await anyio.sleep(0.1)
            else:
                return
    finally:
        with anyio.CancelScope(shield=True):
            await connection.aclose()


def _connecting(
    station: SimulatedStation, user: str
) -> Callable[[int, str, int], tuple[Socket, Socket]]:
    def connect(_kind: int, _endpoint: str, events: int) -> tuple[Socket, Socket]:
        return station.network.connect(JOBS, "locksmith", events, user=user)

    return connect


def _state(targets: Targets, name: str) -> TargetState:
    return next(state for state in targets.targets if state.controller == name)
