"""Observations are numbers."""

import pytest

from stationd.proto.calibration import Observation
from stationd.proto.calibration_requests import ImportCalibration
from stationd.proto.codec import REQUESTS
from stationd.proto.error import ProtocolViolation
from tests.proto.examples.values import SET


def test_a_measurement_that_is_not_a_number_is_refused() -> None:
    for value in (float("nan"), float("inf"), float("-inf")):
        request = ImportCalibration(1, SET, "qpu", (Observation(path="a", value=value),))
        with pytest.raises(ProtocolViolation, match="Expected `float`"):
            REQUESTS.decode(REQUESTS.encode(request))
