"""Which calibration set a job gets, and what it does if there is no fresh one.

Rule 1. A job has one set, pinned with the rung: whatever the default becomes later, and when the
        set expires, the job is compiled and executed with the one that it has.
Rule 2. A job that waits for a fresh set is looked at again when its target has another default.
        It waits in a task, so that a cancel, a deadline or a restart finds it like any other.
"""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio

from stationd.actors.ladder import CalibrationFetched
from stationd.proto.error import ErrorCode, ErrorInfo, StationError, UnknownCalibrationSet
from stationd.runtime.journal.records import CalibrationPinned
from stationd.runtime.queue.explanation import duration, moment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from stationd.proto.calibration import CalibrationSet
    from stationd.runtime.clock import Clock
    from stationd.runtime.journal.interface import Queries
    from stationd.runtime.live import LiveJob
    from stationd.runtime.work.calibrations import CalibrationDefaults, Chosen
    from stationd.runtime.work.outcome import Outcome

_KEPT: Final = 8
"""Sets that are kept in memory, those that were asked for last."""
_IMPORT: Final = "`stationctl calibration import FILE --use` brings a new one"


class FetchingCalibration:
    """Finds and reads the calibration sets of jobs.

    Args:
        queries: Where the sets are.
        defaults: Which of them the targets use.
        clock: Tells whether one has expired.
        seconds: How long reading one may take.
    """

    def __init__(
        self, queries: Queries, defaults: CalibrationDefaults, clock: Clock, seconds: float
    ) -> None:
        self._queries = queries
        self._defaults = defaults
        self._clock = clock
        self.seconds = seconds
        """How long reading one may take, from now on."""
        self._kept: OrderedDict[str, CalibrationSet] = OrderedDict()

    def begin(self, live: LiveJob) -> Outcome | Callable[[], Awaitable[Outcome]]:
        """Return which set a job gets, or what will find out in a task.

        Raises:
            StationError: There is none that it may have.
        """
        if live.job.calibration_set is not None:
            # Pinned before a restart: the same again, whatever the default has become.
            return CalibrationFetched(live.job.calibration_set), []
        if live.spec.calibration_set is not None:
            return partial(self._named, live, live.spec.calibration_set)
        chosen = self._defaults.chosen(live.target)
        if live.spec.expired_calibration == "use" or self._is_fresh(chosen):
            return _pinned(live, None if chosen is None else chosen.id)
        if live.spec.expired_calibration == "fail" or not live.target:
            raise self._not_fresh(live.target, chosen)
        return partial(self._wait, live)

    async def values(self, live: LiveJob) -> dict[str, float]:
        """Return what was observed, by path, as the job's set has it; nothing if it has none."""
        if live.job.calibration_set is None:
            return {}
        stored = await self._read(live.job.calibration_set)
        return {} if stored is None else stored.values()

    async def _wait(self, live: LiveJob) -> Outcome:
        """Return the target's default set as soon as there is one that has not expired."""
        try:
            while not self._is_fresh(chosen := self._defaults.chosen(live.target)):
                live.waits_for = f"{self._lack(live.target, chosen)}: {_IMPORT}"
                await self._defaults.changed()
        finally:
            live.waits_for = ""
        return _pinned(live, chosen.id if chosen else None)

    async def _named(self, live: LiveJob, wanted: str) -> Outcome:
        stored = await self._read(wanted)
        if stored is None:
            raise UnknownCalibrationSet(f"there is no calibration set {wanted!r}")
        if stored.target != live.target:
            raise UnknownCalibrationSet(
                f"the calibration set {wanted!r} is of the target {stored.target!r},"
                f" the job runs on {live.target or 'no target'!r}"
            )
        if live.spec.expired_calibration != "use" and stored.expired(self._clock.time()):
            # To wait would be for ever: a set does not change.
            when = moment(stored.expires_unix_s or 0.0)
            raise StationError(
                ErrorInfo(
                    ErrorCode.CALIBRATION_EXPIRED,
                    f"the calibration set {wanted!r} expired at {when}: name another one, or none"
                    " for the target's default",
                )
            )
        return _pinned(live, wanted)

    async def _read(self, wanted: str) -> CalibrationSet | None:
        kept = self._kept.get(wanted)
        if kept is not None:
            self._kept.move_to_end(wanted)
            return kept
        try:
            with anyio.fail_after(self.seconds):
                stored = await self._queries.calibration(wanted)
        except TimeoutError as error:
            raise StationError(
                ErrorInfo(
                    ErrorCode.STAGE_TIMEOUT,
                    f"the calibration set {wanted!r} could not be fetched within"
                    f" {self.seconds:g} s",
                )
            ) from error
        if stored is not None:
            # A set never changes, so this one is right for ever.
            self._kept[wanted] = stored
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return stored

    def _is_fresh(self, chosen: Chosen | None) -> bool:
        return chosen is not None and not chosen.expired(self._clock.time())

    def _not_fresh(self, target: str, chosen: Chosen | None) -> StationError:
        code = ErrorCode.NO_CALIBRATION_SET if chosen is None else ErrorCode.CALIBRATION_EXPIRED
        if not target:
            detail = "the job has no target, and so no calibration set that could be fresh"
            return StationError(ErrorInfo(code, detail))
        return StationError(
            ErrorInfo(
                code,
                f"{self._lack(target, chosen)}: {_IMPORT}; a job that is to wait for it says"
                " `expired_calibration = wait`",
            )
        )

    def _lack(self, target: str, chosen: Chosen | None) -> str:
        if chosen is None:
            return f"{target} has no calibration set"
        expired = chosen.expires_unix_s or 0.0
        ago = duration(self._clock.time() - expired)
        return (
            f"the calibration set {chosen.id} of {target} expired at {moment(expired)}, {ago} ago"
        )


def _pinned(live: LiveJob, calibration_set: str | None) -> Outcome:
    if calibration_set is None:
        return CalibrationFetched(None), []
    return CalibrationFetched(calibration_set), [
        CalibrationPinned(live.job.number, calibration_set)
    ]
