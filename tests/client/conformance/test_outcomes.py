"""What becomes of jobs: waiting for them, listening to them, and their results."""

import pytest

from stationd import (
    CompiledCircuit,
    IncompleteJobItemRef,
    JobError,
    JobExecutorStatus,
    JobNotFinished,
    JobRef,
    JobStatus,
    JobStatusEnum,
    NullProgram,
    OpenQasm,
    StatusEnum,
    WaitTimeout,
)
from tests.client.conformance.checklist import checklist
from tests.client.conformance.stations import BAD, BELL, Lab, held, quick
from tests.client.conformance.twin import jobs

pytestmark = pytest.mark.slow
on_a_real_one = pytest.mark.parametrize("kind", ["real"], indirect=True)

R = JobExecutorStatus


def mixed(lab: Lab) -> JobRef:
    """Return a job that has ended, whose first item is bad and whose second one is not."""
    job = jobs.start_execute_job([BAD, BELL], 4, "qpu", name="mixed", item_errors="continue")
    lab.let_go(job)
    assert jobs.wait_for(job, StatusEnum.ERROR).status is R.FAILED
    return job


def timed_out(job: JobRef, status: StatusEnum = StatusEnum.COMPLETED) -> WaitTimeout:
    """Wait in vain, for as long as it takes this machine to hear where the job stands."""
    timeout = 0.1
    while True:
        with pytest.raises(WaitTimeout) as caught:
            jobs.wait_for(job, status, timeout=timeout)
        if caught.value.status is not None:
            return caught.value
        timeout *= 3


@checklist(5)
def test_a_compile_job_gives_input_and_output_of_each_item(lab: Lab) -> None:
    job = jobs.start_compile_job([BELL, BELL], target="qpu", name="compiled")
    jobs.wait_for(job)
    items = jobs.results(job)
    assert len(items) == 2
    for item in items:
        assert isinstance(item, jobs.CompilationResultRef)
        assert jobs.get_input(item) == OpenQasm(source=BELL)
        assert isinstance(jobs.get_output(item), CompiledCircuit)


@checklist(6)
def test_results_before_the_end_are_refused_or_incomplete(lab: Lab) -> None:
    job = held("early")
    jobs.wait_for(job, StatusEnum.RUNNING)
    with pytest.raises(JobNotFinished, match=f"{job.id}.*still under way"):
        jobs.results(job)
    (item,) = jobs.results(job, allow_incomplete=True)
    assert isinstance(item, IncompleteJobItemRef)
    assert item.job_item_integer_id == 1
    assert item.last_status is StatusEnum.RUNNING
    assert item.annotations.name == "early"
    lab.let_go(job)
    jobs.wait_for(job)
    (item,) = jobs.results(job)
    assert isinstance(item, jobs.ExecutionResultRef)
    assert item.job_item_integer_id == 1
    assert item.last_status is StatusEnum.COMPLETED
    assert item.annotations.name == "early"


@checklist(7, 38)
def test_a_bad_item_hides_no_other_and_the_order_is_kept(lab: Lab) -> None:
    job = mixed(lab)
    with pytest.raises(JobError):
        jobs.results(job)
    first, second = jobs.results(job, allow_incomplete=True)
    assert isinstance(first, IncompleteJobItemRef)
    assert (first.last_status, first.job_item_integer_id) == (StatusEnum.ERROR, 1)
    assert jobs.get_input(first) == OpenQasm(source=BAD)
    assert isinstance(second, jobs.ResultRef)
    assert second.job_item_integer_id == 2
    table = jobs.results(job, allow_incomplete=True).df()
    assert list(table["last_status"]) == ["ERROR", "COMPLETED"]
    assert list(table["name"]) == ["mixed", "mixed"]
    assert not second.partial
    jobs.download_result(second)


@checklist(38)
def test_an_item_without_result_is_shown_whatever_became_of_the_job(lab: Lab) -> None:
    running, queued = held(), held()
    jobs.wait_for(running, StatusEnum.RUNNING)
    jobs.wait_for(queued, StatusEnum.QUEUED)
    for job in (running, queued):
        jobs.cancel(job)
        jobs.wait_for(job, StatusEnum.CANCELLED)
        assert len(jobs.results(job, allow_incomplete=True)) == 1


@checklist(34)
@on_a_real_one
def test_a_retry_leaves_items_alone_that_it_does_not_name(lab: Lab) -> None:
    job = mixed(lab)
    assert jobs.retry_submission(job, ["ERROR"], "FORCE_RESUBMIT") == "opened"
    # The program is still bad.
    with pytest.raises(JobError):
        jobs.wait_for(job)
    assert jobs.status(job).attempt == 2
    _, second = jobs.results(job, allow_incomplete=True)
    assert isinstance(second, jobs.ResultRef)
    assert second.id == f"{job.id}/1/1"


@checklist(8, 28)
def test_the_error_of_a_job_tells_all_that_is_known(lab: Lab) -> None:
    job = mixed(lab)
    with pytest.raises(JobError, match="no_such_gate") as caught:
        jobs.wait_for(job)
    error = caught.value
    assert (error.job, error.status) == (job.id, R.FAILED)
    assert error.error is not None
    assert list(error.items) == [0]
    assert "no_such_gate" in str(error.items[0])


@checklist(8)
def test_a_job_that_fails_while_one_waits_ends_the_wait(lab: Lab) -> None:
    job = jobs.submit(programs=BAD, n_shots=4, target="qpu")
    heard: list[JobStatus] = []
    for update in jobs.listen_job_status(job):
        if not heard:
            lab.let_go(job)
        heard.append(update)
    assert heard[-1].coarse is StatusEnum.ERROR
    with pytest.raises(JobError, match="no_such_gate"):
        jobs.wait_for_all([job])


@checklist(9)
def test_a_result_can_be_downloaded_twice_and_knows_its_input(lab: Lab) -> None:
    job = quick()
    jobs.wait_for(job)
    (result,) = jobs.results(job)
    assert isinstance(result, jobs.ResultRef)
    assert jobs.download_result(result) == jobs.download_result(result)
    assert jobs.get_input(result) == NullProgram()


@checklist(12)
def test_every_way_of_waiting_ends_with_completed(lab: Lab) -> None:
    job = quick()
    assert jobs.wait_for(job).coarse is StatusEnum.COMPLETED
    assert jobs.wait_for(job.id, "COMPLETED").coarse is StatusEnum.COMPLETED
    assert jobs.wait_for_any([job]).coarse is StatusEnum.COMPLETED
    assert [one.coarse for one in jobs.wait_for_all([job, job])] == [StatusEnum.COMPLETED] * 2
    *_, last = jobs.listen_job_status(job)
    assert last.coarse is StatusEnum.COMPLETED


@checklist(22)
def test_waiting_for_running_ends_at_running_or_past_it(lab: Lab) -> None:
    job = held()
    assert jobs.wait_for(job, JobStatusEnum.RUNNING).coarse is StatusEnum.RUNNING
    assert jobs.wait_for(job, StatusEnum.QUEUED).coarse is StatusEnum.RUNNING
    assert jobs.wait_for(job, R.PENDING_EXECUTION).status is R.EXECUTION_STARTED
    assert jobs.wait_for(job, "running").coarse is StatusEnum.RUNNING
    lab.let_go(job)
    jobs.wait_for(job)
    assert jobs.wait_for(job, StatusEnum.RUNNING).coarse is StatusEnum.COMPLETED


@checklist(22)
def test_a_job_that_never_queues_and_runs_is_past_both_in_the_end(lab: Lab) -> None:
    job = jobs.start_compile_job(BELL, "qpu")
    assert jobs.wait_for(job, StatusEnum.QUEUED).job == job.id
    assert jobs.wait_for(job, StatusEnum.RUNNING).job == job.id
    with pytest.raises(JobError, match="cannot reach EXECUTION_STARTED any more"):
        jobs.wait_for(job, R.EXECUTION_STARTED)


@checklist(22)
def test_a_status_that_cannot_come_any_more_is_an_error(lab: Lab) -> None:
    job = quick()
    jobs.wait_for(job)
    with pytest.raises(JobError, match=r"ready.*cannot reach ERROR") as caught:
        jobs.wait_for(job, StatusEnum.ERROR)
    assert caught.value.status is R.READY


@checklist(25)
def test_the_timeout_holds_although_the_station_hangs(lab: Lab) -> None:
    job = quick()
    jobs.wait_for(job)
    with lab.frozen():
        with pytest.raises(WaitTimeout, match=job.id):
            jobs.wait_for(job, timeout=0.1)
        with pytest.raises(WaitTimeout, match=job.id):
            jobs.wait_for_all([job], timeout=0.1)
    assert jobs.wait_for(job).status is R.READY


@checklist(27)
def test_a_timeout_names_the_job_and_its_status_and_the_job_goes_on(lab: Lab) -> None:
    job = held()
    jobs.wait_for(job, StatusEnum.RUNNING)
    error = timed_out(job)
    assert isinstance(error, TimeoutError)
    assert (error.job, error.status) == (job.id, R.EXECUTION_STARTED)
    assert job.id in str(error)
    assert "execution_started" in str(error)
    assert jobs.status(job).coarse is StatusEnum.RUNNING
    lab.let_go(job)
    assert jobs.wait_for(job).coarse is StatusEnum.COMPLETED


@checklist(31)
def test_whoever_listens_first_hears_where_the_job_stands(lab: Lab) -> None:
    for _ in range(5):
        job = quick()
        assert jobs.wait_for(job).status is R.READY
        (only,) = jobs.listen_job_status(job)
        assert only.status is R.READY
    job = held()
    jobs.wait_for(job, StatusEnum.RUNNING)
    updates = jobs.listen_job_status(job)
    assert next(iter(updates)).status is R.EXECUTION_STARTED
    updates.close()


def test_the_first_of_some_jobs_is_waited_for_as_well_as_all(lab: Lab) -> None:
    first, second = held(), held()
    jobs.wait_for(first, StatusEnum.RUNNING)
    lab.let_go(first)
    assert jobs.wait_for_any([second, first]).job == first.id
    lab.let_go(second)
    assert [one.job for one in jobs.wait_for_all([second, first])] == [second.id, first.id]


def test_execute_waits_and_returns_the_results(lab: Lab) -> None:
    outcomes = jobs.execute([BELL, BELL], [3, 4], "qpu")
    assert len(outcomes) == 2
    assert len(jobs.compile(BELL, "qpu")) == 1


@checklist(23, 26)
@pytest.mark.parametrize(
    ("kind", "flavor"),
    # Starting a daemon takes its time; what listens is the same, so one is enough.
    [("scripted", "sync"), ("scripted", "aio"), ("real", "sync")],
    indirect=True,
)
def test_nobody_who_listens_notices_that_the_station_was_gone(lab: Lab) -> None:
    job = held()
    jobs.wait_for(job, StatusEnum.RUNNING)
    heard: list[JobStatus] = []
    for update in jobs.listen_job_status(job):
        if not heard:
            lab.restart()
            lab.let_go(job)
        heard.append(update)
    facts = [update.ordinal for update in heard if update.progress is None]
    assert sorted(set(facts)) == list(range(facts[0], facts[-1] + 1))
    assert heard[-1].coarse is StatusEnum.COMPLETED
