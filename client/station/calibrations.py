"""The calibration sets of a station; asynchronous."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from stationd.client.connection.shared import connection
from stationd.client.references.moment import Moment, unix
from stationd.client.station.calibration_diff import CalibrationDiff, compared
from stationd.proto import jobs_protocol
from stationd.proto.calibration import CalibrationSet, CalibrationSummary, Observation


async def import_calibration(
    target: str,
    observations: Sequence[Observation],
    *,
    name: str = "",
    use: bool = False,
    expires: Moment | None = None,
    valid_for: float | None = None,
    id: str | None = None,  # noqa: A002
) -> CalibrationSet:
    """Store a calibration set at the station.

    Args:
        target: What was calibrated.
        observations: What was measured.
        name: For people.
        use: Make it the target's default as well.
        expires: When it is fresh no longer; Unix seconds, or a datetime.
        valid_for: Or for how many seconds it is, from now; None for as long as the station's
            configuration says.
        id: A UUID. Storing the same id twice stores it once.
    """
    number = str(uuid.UUID(id)) if id is not None else str(uuid.uuid4())
    request = jobs_protocol.ImportCalibration(
        0, number, target, tuple(observations), name, use, unix(expires), valid_for
    )
    return (await connection().ask(request, jobs_protocol.Calibration)).set


async def list_calibrations(target: str = "") -> tuple[CalibrationSummary, ...]:
    """Return the stored calibration sets of a target (empty: of all), the newest first."""
    request = jobs_protocol.ListCalibrations(0, target)
    return (await connection().ask(request, jobs_protocol.Calibrations)).sets


async def get_calibration(id: str) -> CalibrationSet:  # noqa: A002
    """Return a calibration set, whole.

    Raises:
        UnknownCalibrationSet: The station has none with this id.
    """
    request = jobs_protocol.GetCalibration(0, id)
    return (await connection().ask(request, jobs_protocol.Calibration)).set


async def use_calibration(id: str) -> CalibrationSet:  # noqa: A002
    """Make a calibration set its target's default, for jobs that come from now on.

    Raises:
        UnknownCalibrationSet: The station has none with this id.
    """
    request = jobs_protocol.UseCalibration(0, id)
    return (await connection().ask(request, jobs_protocol.Calibration)).set


async def diff_calibrations(before: str, after: str) -> CalibrationDiff:
    """Return what one calibration set says otherwise than another.

    Args:
        before: The id of a set.
        after: The id of the other one, whose values are the new ones.

    Raises:
        UnknownCalibrationSet: The station has none with one of these ids.
    """
    return compared(await get_calibration(before), await get_calibration(after))
