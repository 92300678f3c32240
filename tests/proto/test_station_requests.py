"""What clients of before asked is understood."""

from stationd.proto.codec import REQUESTS
from stationd.proto.station_requests import ReadLog
from tests.proto.examples.values import JOB


def test_what_a_client_of_before_asked_of_a_log_is_understood() -> None:
    body = "931f16d92430623163326433652d346635302d343631372d383239332d613462356336643765386639"
    assert REQUESTS.decode(bytes.fromhex("73746a0100" + body)) == ReadLog(22, JOB)
