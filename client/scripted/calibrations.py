"""The calibration sets of a scripted station."""

from __future__ import annotations

from typing import Final

from stationd.proto import jobs_protocol as wire
from stationd.proto.calibration import CalibrationSet, CalibrationSummary
from stationd.proto.error import UnknownCalibrationSet

_CALIBRATED: Final = 1_700_000_000.0
"""When all calibration sets are stored, Unix seconds."""

AboutCalibrations = (
    wire.ImportCalibration | wire.ListCalibrations | wire.GetCalibration | wire.UseCalibration
)


class ScriptedCalibrations:
    """Calibration sets, and which of them the targets use; a test may set both."""

    def __init__(self) -> None:
        super().__init__()
        self.calibrations: dict[str, CalibrationSet] = {}
        self.defaults: dict[str, str] = {}
        """Of each target, the id of the set that it uses."""

    def calibrate(self, request: AboutCalibrations) -> wire.Reply:
        """Answer what is asked about calibration sets.

        Raises:
            UnknownCalibrationSet: There is none with this id.
        """
        match request:
            case wire.ListCalibrations():
                return wire.Calibrations(request.request, self._summaries(request.target))
            case wire.ImportCalibration():
                stored = self._import(request)
            case wire.GetCalibration():
                stored = self._stored_calibration(request.id)
            case wire.UseCalibration():
                stored = self._stored_calibration(request.id)
                self.defaults[stored.target] = stored.id
        default = self.defaults.get(stored.target) == stored.id
        return wire.Calibration(request.request, stored, default)

    def _import(self, request: wire.ImportCalibration) -> CalibrationSet:
        stored = CalibrationSet(
            id=request.id,
            target=request.target,
            observations=request.observations,
            created_unix_s=_CALIBRATED,
            name=request.name,
            expires_unix_s=_expiry(request),
        )
        self.calibrations.setdefault(request.id, stored)
        if request.use:
            self.defaults[request.target] = request.id
        return stored

    def _summaries(self, target: str) -> tuple[CalibrationSummary, ...]:
        return tuple(
            CalibrationSummary(
                id=stored.id,
                target=stored.target,
                created_unix_s=stored.created_unix_s,
                observations=len(stored.observations),
                default=self.defaults.get(stored.target) == stored.id,
                name=stored.name,
                expires_unix_s=stored.expires_unix_s,
            )
            for stored in self.calibrations.values()
            if target in ("", stored.target)
        )

    def _stored_calibration(self, number: str) -> CalibrationSet:
        try:
            return self.calibrations[number]
        except KeyError:
            raise UnknownCalibrationSet(f"no calibration set {number}") from None


def _expiry(request: wire.ImportCalibration) -> float | None:
    if request.valid_for is None:
        return request.expires_unix_s
    return _CALIBRATED + request.valid_for
