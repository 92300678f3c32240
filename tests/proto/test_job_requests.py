"""Jobs are named, retried and listed within bounds."""

import pytest

from stationd.proto.codec import REQUESTS
from stationd.proto.error import ProtocolViolation
from stationd.proto.job import JobFilter, JobId, JobSpec
from stationd.proto.job_requests import MOST_LISTED, List, Retry, Submit
from stationd.proto.program import Sweep
from tests.proto.examples.values import JOB


@pytest.mark.parametrize(
    "job", ["", "../../etc/passwd", JOB.upper(), JOB + "/..", JOB + "\n", "x" * 36]
)
def test_a_new_job_is_named_by_a_canonical_uuid_only(job: str) -> None:
    request = Submit(1, JobId(job), JobSpec(work=Sweep(returns=("adc.trace",))))
    with pytest.raises(ProtocolViolation, match=r"Expected `str` matching regex .* at `\$\[2\]`"):
        REQUESTS.decode(REQUESTS.encode(request))


def test_a_retry_names_statuses_of_what_is_over_and_at_least_one() -> None:
    for statuses in (("QUEUED",), ()):
        request = Retry(1, JOB, 1, retry_status=statuses)  # type: ignore[arg-type]
        with pytest.raises(ProtocolViolation):
            REQUESTS.decode(REQUESTS.encode(request))


def test_a_retry_follows_an_attempt_that_there_was() -> None:
    with pytest.raises(ProtocolViolation, match="Expected `int`"):
        REQUESTS.decode(REQUESTS.encode(Retry(1, JOB, 0)))


@pytest.mark.parametrize("limit", [0, MOST_LISTED + 1])
def test_a_page_holds_at_least_one_job_and_at_most_a_thousand(limit: int) -> None:
    with pytest.raises(ProtocolViolation, match="Expected `int`"):
        REQUESTS.decode(REQUESTS.encode(List(1, JobFilter(), limit=limit)))
