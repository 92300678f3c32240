"""What users of Nexus' jobs API rely on, and what hurts them there: each test names its fact.

The numbers are those of the checklist that the API was built from; items about accounts, tokens
and costs of a cloud have no meaning at a station.
"""

import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import stationd
from stationd import (
    CompileJobRef,
    ExecuteJobRef,
    IncompleteJobItemRef,
    InvalidJob,
    JobError,
    JobExecutorStatus,
    JobNotFinished,
    JobStatusEnum,
    NoUniqueMatch,
    NullProgram,
    RequestError,
    StatusEnum,
    WaitTimeout,
    ZeroMatches,
    jobs,
)
from stationd.client import context, download
from stationd.client import endpoint as chosen
from stationd.client import scripted_station as scripted
from stationd.client.scripted_station import DistantStation, whole_way
from stationd.proto.error import ErrorCode, ErrorInfo
from stationd.proto.job import JobSpec
from stationd.proto.jobs_protocol import List, Submit
from stationd.proto.result import NullResult

R = JobExecutorStatus
NOBODY = "5f0c8a8e-32f2-4f3c-8a43-52c6a2b0e0b1"
PROJECT = "0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9"


@pytest.fixture
def station(monkeypatch: pytest.MonkeyPatch) -> Iterator[DistantStation]:

    monkeypatch.setattr(chosen, "_chosen", [])
    folder = Path(tempfile.mkdtemp(prefix="stationd-"))
    endpoint = f"ipc://{folder}/jobs.sock"
    stationd.connect(endpoint)
    with scripted.distant_station(endpoint) as found:
        yield found
        jobs.close()
    download.forget_all()
    shutil.rmtree(folder)


def succeed(distant: DistantStation) -> None:
    distant.station.plan = whole_way
    distant.station.answer = a_result


def a_result(_: JobSpec) -> NullResult:
    return NullResult(duration=0.5)


def a_job(name: str = "", programs: int = 1) -> stationd.JobRef:
    return jobs.submit(programs=[NullProgram()] * programs, name=name)


def test_01_get_all_counts_summarizes_and_lists(station: DistantStation) -> None:
    for name in ("one", "two"):
        a_job(name)
    found = jobs.get_all(name_like="o")
    assert found.count() == 2
    assert list(found.summarize().iloc[0]) == ["Job", 2]
    assert [job.name for job in found.list()] == ["two", "one"]


def test_02_get_returns_the_right_class_and_references_survive_a_file(
    station: DistantStation, tmp_path: Path
) -> None:
    job = a_job("kept")
    assert isinstance(jobs.get(id=job.id), ExecuteJobRef)
    compiled = jobs.start_compile_job("OPENQASM 2.0;\n")
    assert isinstance(jobs.get(id=compiled), CompileJobRef)
    for number, ref in enumerate((job, compiled)):
        stationd.save(ref, tmp_path / "new" / f"{number}.json", mkdir=True)
        assert stationd.load(tmp_path / "new" / f"{number}.json") == ref


def test_03_none_and_many_matches_say_what_was_searched(station: DistantStation) -> None:
    with pytest.raises(ZeroMatches, match="name 'nobody'"):
        jobs.get(name_exact="nobody")
    with pytest.raises(ZeroMatches, match=NOBODY):
        jobs.get(id=NOBODY)
    for _ in range(2):
        a_job("twice")
    with pytest.raises(NoUniqueMatch, match="name like 'twice'"):
        jobs.get(name_like="twice")


def test_06_results_before_the_end_need_allow_incomplete(station: DistantStation) -> None:
    job = a_job()
    with pytest.raises(JobNotFinished):
        jobs.results(job)
    (item,) = jobs.results(job, allow_incomplete=True)
    assert isinstance(item, IncompleteJobItemRef)
    assert item.job_item_integer_id == 1
    assert item.last_status is StatusEnum.SUBMITTED
    succeed(station)
    station.tell(station.station.climb, job.id, *whole_way(station.station.specs[job.id]))
    (item,) = jobs.results(job)
    assert isinstance(item, jobs.ExecutionResultRef)


def test_07_and_38_a_bad_item_hides_no_other_and_the_order_is_kept(
    station: DistantStation,
) -> None:
    job = a_job(programs=2)
    error = ErrorInfo(ErrorCode.COMPILATION_FAILED, "no such gate")
    station.tell(station.station.fail_item, job.id, 0, error)
    station.tell(station.station.store, job.id, 1, NullResult(duration=1.0))
    station.tell(station.station.climb, job.id, R.FAILED)
    with pytest.raises(JobError):
        jobs.results(job)
    first, second = jobs.results(job, allow_incomplete=True)
    assert isinstance(first, IncompleteJobItemRef)
    assert first.last_status is StatusEnum.ERROR
    assert isinstance(second, jobs.ResultRef)
    assert second.job_item_integer_id == 2


def test_08_and_28_a_failed_job_raises_with_all_that_is_known(station: DistantStation) -> None:
    job = a_job()
    error = ErrorInfo(ErrorCode.DRIVER_FAILED, "the source does not lock")
    station.tell(station.station.fail_item, job.id, 0, error)
    station.tell(station.station.climb, job.id, R.FAILED, error=error)
    with pytest.raises(JobError, match="does not lock") as caught:
        jobs.wait_for(job)
    assert (caught.value.job, caught.value.status) == (job.id, R.FAILED)
    assert caught.value.items == {0: error}


def test_09_a_result_can_be_downloaded_twice(station: DistantStation) -> None:
    succeed(station)
    (result,) = jobs.results(a_job())
    assert isinstance(result, jobs.ResultRef)
    assert result.download_result() == result.download_result()


def test_10_a_user_group_is_refused_in_words(station: DistantStation) -> None:
    with pytest.raises(RequestError, match="no groups of users"):
        jobs.retry_submission(a_job(), user_group="physics")


def test_13_a_length_that_does_not_fit_is_named_before_anything_is_sent(
    station: DistantStation,
) -> None:
    programs = ["OPENQASM 2.0;\n"] * 2
    with pytest.raises(InvalidJob, match="n_shots: 3 numbers for 2 programs"):
        jobs.start_execute_job(programs, [1, 2, 3])
    assert not any(isinstance(one, Submit) for one in station.station.received)
    jobs.start_execute_job(programs, 7)
    (spec,) = station.station.specs.values()
    assert spec.work.n_shots == (7, 7)  # type: ignore[union-attr]
    with pytest.raises(InvalidJob, match="1 to 1000 programs, not 1001"):
        jobs.start_compile_job(["OPENQASM 2.0;\n"] * 1001)


def test_15_and_37_a_context_is_seen_by_threads_and_lets_exceptions_through(
    station: DistantStation,
) -> None:
    seen: list[stationd.JobRef] = []
    with (  # noqa: PT012 - what is raised in the block is what is tried
        pytest.raises(KeyError),
        stationd.using_project(PROJECT),
        stationd.using_properties(cooldown=7, blind=True),
    ):
        thread = threading.Thread(target=lambda: seen.append(a_job()))
        thread.start()
        thread.join()
        seen.append(jobs.submit(programs=NullProgram(), properties={"cooldown": 8}))
        raise KeyError
    assert [job.project for job in seen] == [PROJECT, PROJECT]
    assert [job.properties["cooldown"] for job in seen] == [7, 8]
    assert context.defaults() == context.Defaults()
    assert a_job().project == ""


def test_22_waiting_for_a_status_ends_there_or_past_it(station: DistantStation) -> None:
    job = a_job()
    station.tell(station.station.climb, job.id, R.PENDING_EXECUTION, R.EXECUTION_STARTED)
    assert jobs.wait_for(job, JobStatusEnum.RUNNING).coarse is StatusEnum.RUNNING
    assert jobs.wait_for(job, StatusEnum.QUEUED).coarse is StatusEnum.RUNNING
    assert jobs.wait_for(job, R.PENDING_EXECUTION).status is R.EXECUTION_STARTED
    assert jobs.wait_for(job, "running").coarse is StatusEnum.RUNNING


def test_25_and_27_a_timeout_holds_and_names_the_job_and_its_status(
    station: DistantStation,
) -> None:
    job = a_job()
    waits: tuple[Callable[[], object], ...] = (
        lambda: jobs.wait_for(job, timeout=0.2),
        lambda: jobs.wait_for_all([job], timeout=0.2),
    )
    for wait in waits:
        with pytest.raises(TimeoutError, match=f"{job.id}.*received") as caught:
            wait()
        assert isinstance(caught.value, WaitTimeout)
    assert jobs.status(job).status is R.RECEIVED


def test_26_some_jobs_are_waited_for_over_one_connection(station: DistantStation) -> None:
    first, second = a_job(), a_job()
    way = whole_way(station.station.specs[second.id])
    station.tell(station.station.climb, second.id, *way)
    assert jobs.wait_for_any([first, second]).job == second.id
    station.tell(station.station.climb, first.id, *way)
    assert [one.job for one in jobs.wait_for_all([first, second])] == [first.id, second.id]


def test_29_statuses_that_are_passed_through_can_be_searched_for(
    station: DistantStation,
) -> None:
    job = a_job()
    station.tell(station.station.climb, job.id, R.EXECUTION_STARTED, cancelling=True)
    assert [one.id for one in jobs.get_all(job_status=StatusEnum.CANCELLING)] == [job.id]
    assert jobs.get_all(job_status="RETRYING").count() == 0


def test_32_pages_can_be_asked_for_and_a_table_costs_one_request(
    station: DistantStation,
) -> None:
    for name in "abcde":
        a_job(name)
    assert [job.name for job in jobs.get_all(page_number=1, page_size=2)] == ["c", "b"]
    found = jobs.get_all(sort_filters=stationd.SortFilterEnum.NAME_ASC)
    before = sum(isinstance(one, List) for one in station.station.received)
    assert list(found.df()["name"]) == ["a", "b", "c", "d", "e"]
    assert sum(isinstance(one, List) for one in station.station.received) == before + 1


def test_33_a_cancel_may_be_repeated(station: DistantStation) -> None:
    job = a_job()
    assert jobs.cancel(job) == "accepted"
    assert jobs.cancel(job) == "already_over"


def test_35_an_id_that_is_sent_twice_gives_one_job(station: DistantStation) -> None:
    for _ in range(2):
        assert jobs.submit(programs=NullProgram(), id=NOBODY).id == NOBODY
    assert jobs.get_all().count() == 1


def test_what_people_wrote_can_be_changed(station: DistantStation) -> None:
    job = jobs.set_annotations(a_job("old"), name="new", properties={"cooldown": 7})
    assert (job.name, job.annotations.properties) == ("new", {"cooldown": 7})
    assert "<td>new</td>" in job._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert job.df().iloc[0]["cooldown"] == 7


def test_execute_waits_and_returns_the_results(station: DistantStation) -> None:
    succeed(station)
    assert jobs.execute(NullProgram(), None) == [stationd.NullOutcome(duration=0.5)]
