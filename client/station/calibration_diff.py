"""What two calibration sets say differently: pure, and the same for tables and programs.

What changed for certain comes first, then what nobody can judge because no uncertainty is known,
then what may be chance. In each group the larger changes come first.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from msgspec import Struct

from stationd.client.references.table import Row, Shown

if TYPE_CHECKING:
    from stationd.proto.calibration import CalibrationSet, Observation

SIGNIFICANT: Final = 3.0
"""A change of so many standard deviations is hardly chance."""


class CalibrationChange(Shown, frozen=True, kw_only=True):
    """A path that two sets say different things of."""

    path: str
    kind: Literal["added", "removed", "changed"]
    before: float | None = None
    """The value in the first set; None if it has none."""
    after: float | None = None
    """The value in the second set; None if it has none."""
    unit: str = ""
    """Of the values; of the one before, if the two differ in it."""
    unit_after: str | None = None
    """Of the value after, where that is in another unit: then nothing is computed."""
    relative: float | None = None
    """The change, as a fraction of the value before; None if that is 0, or missing."""
    sigmas: float | None = None
    """The change in standard deviations of the difference; None if no uncertainty is known."""

    def row(self) -> Row:
        """Return the columns of its table."""
        return {
            "path": self.path,
            "kind": self.kind,
            "before": self.before,
            "after": self.after,
            "unit": self.unit,
            "relative": self.relative,
            "sigmas": self.sigmas,
        }


class CalibrationDiff(Struct, frozen=True, kw_only=True):
    """What two calibration sets say differently."""

    before: str
    """The first set's id."""
    after: str
    """The second set's id."""
    changes: tuple[CalibrationChange, ...]
    """Added and removed paths, then changed values, the most significant first."""
    unchanged: int
    """How many paths have the same value in both."""


def compared(before: CalibrationSet, after: CalibrationSet) -> CalibrationDiff:
    """Return what the second set says otherwise than the first."""
    old = {one.path: one for one in before.observations}
    new = {one.path: one for one in after.observations}
    added = [_added(new[path]) for path in sorted(new.keys() - old.keys())]
    removed = [_removed(old[path]) for path in sorted(old.keys() - new.keys())]
    both = [(old[path], new[path]) for path in sorted(old.keys() & new.keys())]
    changed = [
        _changed(was, now) for was, now in both if (was.value, was.unit) != (now.value, now.unit)
    ]
    return CalibrationDiff(
        before=before.id,
        after=after.id,
        changes=(*added, *removed, *sorted(changed, key=_rank)),
        unchanged=len(both) - len(changed),
    )


def _added(one: Observation) -> CalibrationChange:
    return CalibrationChange(path=one.path, kind="added", after=one.value, unit=one.unit)


def _removed(one: Observation) -> CalibrationChange:
    return CalibrationChange(path=one.path, kind="removed", before=one.value, unit=one.unit)


def _changed(was: Observation, now: Observation) -> CalibrationChange:
    comparable = was.unit == now.unit
    difference = now.value - was.value
    return CalibrationChange(
        path=was.path,
        kind="changed",
        before=was.value,
        after=now.value,
        unit=was.unit,
        unit_after=None if comparable else now.unit,
        relative=difference / abs(was.value) if comparable and was.value else None,
        sigmas=_sigmas(difference, was, now) if comparable else None,
    )


def _sigmas(difference: float, was: Observation, now: Observation) -> float | None:
    """Return a difference in its own standard deviations: one may be known of one value only."""
    spread = math.hypot(was.uncertainty or 0.0, now.uncertainty or 0.0)
    return difference / spread if spread else None


def _rank(change: CalibrationChange) -> tuple[int, float, str]:
    if change.sigmas is None:
        relative = math.inf if change.relative is None else abs(change.relative)
        return 1, -relative, change.path
    return (0 if abs(change.sigmas) >= SIGNIFICANT else 2), -abs(change.sigmas), change.path
