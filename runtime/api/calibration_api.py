"""What clients ask for about calibration sets, answered.

A set or a choice that comes in is answered when it is on disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from stationd.proto.calibration import CalibrationSet
from stationd.proto.error import Conflict, RequestError, UnknownCalibrationSet
from stationd.proto.jobs_protocol import (
    Calibration,
    Calibrations,
    GetCalibration,
    ImportCalibration,
    ListCalibrations,
    UseCalibration,
)
from stationd.runtime.api.client_text import check_id, shown
from stationd.runtime.api.intake import check_storage
from stationd.runtime.journal import durable
from stationd.runtime.journal.records import CalibrationStored, CalibrationUsed

if TYPE_CHECKING:
    from collections.abc import Collection

    from stationd.runtime.clock import Clock
    from stationd.runtime.journal.interface import Journal
    from stationd.runtime.work.calibrations import CalibrationDefaults

CalibrationRequest = ImportCalibration | ListCalibrations | GetCalibration | UseCalibration


class CalibrationApi:
    """The part of the jobs API that is about calibration sets.

    Args:
        journal: Where the sets are.
        defaults: Which of them the targets use.
        targets: The configured ones.
        clock: Tells when a set came in.
        valid_for: As the attribute.
    """

    def __init__(
        self,
        journal: Journal,
        defaults: CalibrationDefaults,
        targets: Collection[str],
        clock: Clock,
        valid_for: float,
    ) -> None:
        self.valid_for = valid_for
        """Seconds from when a set comes in until it is fresh no longer, if it does not say so
        itself; 0 for ever."""
        self._journal = journal
        self._defaults = defaults
        self._targets = targets
        self._clock = clock
        # One after another: what is in memory is what was stored last.
        self._turn = anyio.Lock()

    async def answer(self, request: CalibrationRequest) -> Calibration | Calibrations:
        """Carry out a request and return the reply.

        Raises:
            RequestError: It cannot be carried out; nothing has changed.
        """
        match request:
            case ImportCalibration():
                async with self._turn:
                    await self._import(request)
            case ListCalibrations():
                sets = await self._journal.calibrations(request.target)
                return Calibrations(request.request, tuple(sets))
            case UseCalibration():
                async with self._turn:
                    await self._use(await self._stored(request.id))
            case GetCalibration():
                pass
        stored = await self._stored(request.id)
        default = self._defaults.default(stored.target) == stored.id
        return Calibration(request.request, stored, default)

    async def _import(self, request: ImportCalibration) -> None:
        check_id(request.id)
        if request.target not in self._targets:
            names = ", ".join(sorted(self._targets)) or "none"
            raise RequestError(f"there is no target {shown(request.target)}; known are {names}")
        now = self._clock.time()
        stored = CalibrationSet(
            id=request.id,
            target=request.target,
            observations=request.observations,
            created_unix_s=now,
            name=request.name,
            expires_unix_s=self._expires(request, now),
        )
        known = await self._journal.calibration(request.id)
        if known is None:
            await self._written(CalibrationStored(stored))
        elif (known.target, known.observations) != (stored.target, stored.observations):
            raise Conflict(
                f"the id {request.id} is in use for another calibration set: import this one"
                " under an id of its own"
            )
        if request.use or self._defaults.default(request.target) is None:
            await self._use(stored if known is None else known)

    def _expires(self, request: ImportCalibration, now_unix_s: float) -> float | None:
        if request.expires_unix_s is not None:
            return request.expires_unix_s
        valid_for = request.valid_for or self.valid_for
        return now_unix_s + valid_for if valid_for else None

    async def _use(self, stored: CalibrationSet) -> None:
        await self._written(CalibrationUsed(stored.target, stored.id))
        self._defaults.use(stored)

    async def _stored(self, wanted: str) -> CalibrationSet:
        stored = await self._journal.calibration(wanted)
        if stored is None:
            raise UnknownCalibrationSet(f"there is no calibration set {shown(wanted)}")
        return stored

    async def _written(self, record: CalibrationStored | CalibrationUsed) -> None:
        check_storage(self._journal)
        await durable.stored(self._journal, record)
