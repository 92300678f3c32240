"""Examples of messages about calibration sets."""

from stationd.proto.calibration import CalibrationSet, CalibrationSummary
from stationd.proto.calibration_requests import (
    Calibration,
    Calibrations,
    GetCalibration,
    ImportCalibration,
    ListCalibrations,
    UseCalibration,
)
from stationd.proto.jobs_protocol import Reply, Request
from tests.proto.examples.values import OBSERVATIONS, SET

REQUESTS: dict[str, Request] = {
    "ImportCalibration": ImportCalibration(12, SET, "qpu", OBSERVATIONS, "sunday", use=True),
    "ListCalibrations": ListCalibrations(13, "qpu"),
    "GetCalibration": GetCalibration(14, SET),
    "UseCalibration": UseCalibration(15, SET),
}

REPLIES: dict[str, Reply] = {
    "Calibration": Calibration(
        12,
        CalibrationSet(
            id=SET, target="qpu", observations=OBSERVATIONS, created_unix_s=9.5, name="sunday"
        ),
        default=True,
    ),
    "Calibrations": Calibrations(
        13,
        (
            CalibrationSummary(
                id=SET, target="qpu", created_unix_s=9.5, observations=1, default=True
            ),
        ),
    ),
}
