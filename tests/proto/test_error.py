"""Errors: what they say, that they travel, and that the tree in the docstring is the tree."""

import copy
import pickle  # noqa: TID251 - what `concurrent.futures` does to an error; we never store one so
import re
from collections.abc import Iterator

import pytest

from stationd.proto import error as error_module
from stationd.proto.error import (
    MOST_PROBLEMS_SHOWN,
    ErrorCode,
    ErrorInfo,
    InvalidJob,
    JobError,
    PeerError,
    Problem,
    RequestError,
    StationError,
    StationUnreachable,
    UnexpectedEvent,
    UnknownJob,
    WaitTimeout,
    error_from_info,
)
from stationd.proto.status import JobExecutorStatus

PROBLEMS = tuple(Problem(f"no such gate g{line}", 0, line) for line in range(1, 13))


def subclasses(root: type[StationError]) -> Iterator[type[StationError]]:
    yield root
    for child in root.__subclasses__():
        yield from subclasses(child)


EVERY_ERROR = [
    each for each in subclasses(StationError) if each.__module__ == error_module.__name__
]
PLAIN = [each for each in EVERY_ERROR if each not in (JobError, WaitTimeout)]


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    text = error_module.__doc__ or ""
    drawn: dict[str, str] = {}
    path: list[str] = []
    for line in text.splitlines():
        found = re.match(r"^(?P<bars>[│ ]*[├└]── )?(?P<name>[A-Z]\w+)(\s{2,}|$)", line)
        if found is None:
            continue
        depth = len(found["bars"] or "") // 4
        path[depth:] = [found["name"]]
        drawn[found["name"]] = path[depth - 1] if depth else "Exception"
    assert drawn == {each.__name__: each.__bases__[0].__name__ for each in EVERY_ERROR}


@pytest.mark.parametrize("kind", PLAIN)
def test_an_error_made_of_a_sentence_has_its_code(kind: type[StationError]) -> None:
    error = kind("the sky is falling")
    assert str(error) == "the sky is falling"
    assert error.info == ErrorInfo(kind.code, "the sky is falling")


def test_an_error_made_of_information_keeps_it() -> None:
    info = ErrorInfo(ErrorCode.WORKER_DIED, "by signal 9", PROBLEMS)
    assert StationError(info).info is info


ERRORS: list[StationError] = [
    *(kind(ErrorInfo(kind.code, "it broke", PROBLEMS)) for kind in PLAIN),
    JobError("j", JobExecutorStatus.FAILED, ErrorInfo(ErrorCode.ITEMS_FAILED, "one of two")),
    JobError("j", JobExecutorStatus.ABORTED, items={3: ErrorInfo(ErrorCode.ABORTED, "stopped")}),
    JobError("j", JobExecutorStatus.READY, detail="job j has no item 7"),
    WaitTimeout("j", JobExecutorStatus.PENDING_EXECUTION, 1.5),
    WaitTimeout("j", None, 300),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_an_error_survives_the_way_from_a_worker_process(error: StationError) -> None:
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert twin.info == error.info
        assert vars(twin) == vars(error)


def test_an_error_lists_its_problems_but_not_a_page_of_them() -> None:
    few = InvalidJob(ErrorInfo(ErrorCode.INVALID_JOB, "cannot run", PROBLEMS[:2]))
    assert str(few) == (
        "cannot run: item 0, line 1: no such gate g1; item 0, line 2: no such gate g2"
    )
    many = InvalidJob(ErrorInfo(ErrorCode.INVALID_JOB, "cannot run", PROBLEMS))
    assert str(many).count(";") == MOST_PROBLEMS_SHOWN
    assert str(many).endswith("; and 2 more")
    assert many.problems == PROBLEMS


@pytest.mark.parametrize("code", ErrorCode)
def test_every_code_from_the_wire_becomes_an_error_with_that_code(code: ErrorCode) -> None:
    info = ErrorInfo(code, "it broke")
    error = error_from_info(info)
    assert error.info is info
    assert type(error) is StationError or error.code is code


@pytest.mark.parametrize("kind", [UnknownJob, InvalidJob, RequestError])
def test_the_callers_errors_come_back_as_they_were_raised(kind: type[StationError]) -> None:
    assert type(error_from_info(kind("it broke").info)) is kind


def test_errors_are_split_by_who_must_act() -> None:
    assert issubclass(UnknownJob, RequestError)
    assert issubclass(StationUnreachable, PeerError)
    assert not issubclass(UnexpectedEvent, RequestError | PeerError)


def test_the_error_of_a_job_tells_the_job_its_status_and_every_reason() -> None:
    reason = ErrorInfo(ErrorCode.ITEMS_FAILED, "2 of 3 items failed")
    items = {number: ErrorInfo(ErrorCode.DRIVER_FAILED, "no trigger") for number in range(12)}
    text = str(JobError("j-17", JobExecutorStatus.FAILED, reason, items))
    assert text.startswith("job j-17 has failed; 2 of 3 items failed; item 0: no trigger; item 1:")
    assert text.endswith("; and 2 more")


def test_the_code_of_a_jobs_error_is_that_of_its_reason() -> None:
    reason = ErrorInfo(ErrorCode.INSTRUMENT_LOST, "the qpu went away")
    assert JobError("j", JobExecutorStatus.FAILED, reason).info.code is ErrorCode.INSTRUMENT_LOST
    aborted = JobError("j", JobExecutorStatus.ABORTED)
    assert aborted.info.code is ErrorCode.ABORTED
    assert str(aborted) == "job j was aborted"


def test_the_end_of_a_wait_is_a_timeout_and_says_that_the_job_goes_on() -> None:
    error = WaitTimeout("j-17", JobExecutorStatus.PENDING_EXECUTION, 1.5)
    assert isinstance(error, TimeoutError)
    assert str(error) == (
        "job j-17 was waited for 1.5 s: its last status is pending_execution; it goes on"
    )
    assert "nothing was heard of it" in str(WaitTimeout("j-17", None, 300))
