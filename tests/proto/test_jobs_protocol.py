"""The messages between clients and the daemon: these bytes are the protocol."""

from collections.abc import Callable
from typing import get_args

import msgspec
import pytest

from stationd.proto.codec import REPLIES, REQUESTS
from stationd.proto.error import ProtocolViolation
from stationd.proto.job import JobFilter
from stationd.proto.job_requests import Get, List
from stationd.proto.jobs_protocol import Failure, Reply, Request
from stationd.proto.result_requests import Fetch
from stationd.proto.stream_requests import Listen
from tests.proto.examples import (
    calibrations,
    controllers,
    jobs,
    projects,
    queue,
    results,
    station,
    streams,
)
from tests.proto.examples.values import ERROR, JOB, REF

SUBJECTS = (calibrations, controllers, jobs, projects, queue, results, station, streams)
REQUEST_EXAMPLES: dict[str, Request] = {
    label: example for subject in SUBJECTS for label, example in subject.REQUESTS.items()
}
REPLY_EXAMPLES: dict[str, Reply] = {
    "Failure": Failure(15, ERROR),
    **{label: example for subject in SUBJECTS for label, example in subject.REPLIES.items()},
}

GoldenCheck = Callable[[str, str, bytes], None]
ReadmeCheck = Callable[[object], None]


@pytest.mark.parametrize("label", REQUEST_EXAMPLES)
def test_a_request_is_its_golden_bytes(label: str, check_golden: GoldenCheck) -> None:
    frame = REQUESTS.encode(REQUEST_EXAMPLES[label])
    check_golden("jobs", label, frame)
    assert REQUESTS.decode(frame) == REQUEST_EXAMPLES[label]


@pytest.mark.parametrize("label", REPLY_EXAMPLES)
def test_a_reply_is_its_golden_bytes(label: str, check_golden: GoldenCheck) -> None:
    frame = REPLIES.encode(REPLY_EXAMPLES[label])
    check_golden("jobs", label, frame)
    assert REPLIES.decode(frame) == REPLY_EXAMPLES[label]


def test_the_readme_lists_every_message(check_readme: ReadmeCheck) -> None:
    check_readme(Request)
    check_readme(Reply)


def test_every_message_has_golden_bytes() -> None:
    assert {type(each) for each in REQUEST_EXAMPLES.values()} == set(get_args(Request))
    assert {type(each) for each in REPLY_EXAMPLES.values()} == set(get_args(Reply))


def test_every_message_begins_with_its_request_number() -> None:
    for message in (*get_args(Request), *get_args(Reply)):
        assert msgspec.structs.fields(message)[0].name == "request"


def test_a_number_that_no_store_can_hold_is_refused() -> None:
    for request in (
        List(1, JobFilter(), before=2**53 + 1),
        Listen(1, None, after=-1, credit=1),
        Fetch(1, REF.id, -1),
        Get(-1, JOB),
    ):
        with pytest.raises(ProtocolViolation, match="Expected `int`"):
            REQUESTS.decode(REQUESTS.encode(request))
