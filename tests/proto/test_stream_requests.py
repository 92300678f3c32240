"""A stream is of so many jobs, and of so much credit."""

import pytest

from stationd.proto.codec import REQUESTS
from stationd.proto.error import ProtocolViolation
from stationd.proto.stream_requests import MOST_CREDIT, MOST_LISTENED, Grant, Listen
from tests.proto.examples.values import JOB


@pytest.mark.parametrize("credit", [0, MOST_CREDIT + 1])
def test_a_grant_is_at_least_one_event_and_at_most_a_million(credit: int) -> None:
    with pytest.raises(ProtocolViolation, match="Expected `int`"):
        REQUESTS.decode(REQUESTS.encode(Grant(1, credit)))


def test_a_stream_names_at_most_a_thousand_jobs() -> None:
    request = Listen(1, (JOB,) * (MOST_LISTENED + 1), None, 1)
    with pytest.raises(ProtocolViolation, match="length <= 1000 "):
        REQUESTS.decode(REQUESTS.encode(request))
