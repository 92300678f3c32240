"""What is asked of a station at once: searches, submissions, cancels, retries."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import stationd
from stationd import (
    CompileJobRef,
    ExecuteJobRef,
    IncompleteJobItemRef,
    InvalidJob,
    JobExecutorStatus,
    JobNotFinished,
    JobRef,
    JobStatusEnum,
    JobType,
    NoUniqueMatch,
    NullProgram,
    RequestError,
    ScopeFilterEnum,
    SortFilterEnum,
    StatusEnum,
    UnknownArtifact,
    UnknownJob,
    ZeroMatches,
)
from stationd.client.projects import context
from stationd.client.results import download
from tests.client.conformance.checklist import checklist
from tests.client.conformance.stations import BELL, Lab, held, quick
from tests.client.conformance.twin import jobs

pytestmark = pytest.mark.slow
on_a_real_one = pytest.mark.parametrize("kind", ["real"], indirect=True)

R = JobExecutorStatus
LONG_AGO = datetime(2023, 6, 1, tzinfo=UTC)


@pytest.fixture
def name() -> str:
    """Of jobs that no other test knows."""
    return uuid4().hex


SUBMITTED = (
    "id", "kind", "name", "description", "properties", "project", "target", "creator",
    "created_unix_s",
)  # fmt: skip
"""What a reference knows as soon as its job is submitted."""


def cancelled(job: JobRef) -> JobRef:
    """Cancel a job and return it once it is over."""
    jobs.cancel(job)
    jobs.wait_for(job, StatusEnum.CANCELLED)
    return job


@checklist(1)
def test_get_all_counts_summarizes_and_lists(lab: Lab, name: str) -> None:
    for number in (1, 2):
        quick(f"{name} {number}")
    found = jobs.get_all(name_like=name)
    assert found.count() == 2
    assert list(found.summarize().iloc[0]) == ["Job", 2]
    listed = found.list()
    assert all(isinstance(job, ExecuteJobRef) for job in listed)
    assert [job.name for job in listed] == [f"{name} 2", f"{name} 1"]
    assert [job.target for job in listed] == ["null", "null"]


@checklist(2)
def test_get_returns_the_right_class_and_what_was_submitted(
    lab: Lab, name: str, tmp_path: Path
) -> None:
    job = quick(name, description="first light", properties={"cooldown": 7}, priority=3)
    compiled = jobs.start_compile_job(BELL, target="qpu")
    for submitted, kind in ((job, ExecuteJobRef), (compiled, CompileJobRef)):
        found = jobs.get(id=submitted.id)
        assert type(found) is type(submitted) is kind
        for field in SUBMITTED:
            assert getattr(found, field) == getattr(submitted, field)
        assert (found.number, found.priority) == (submitted.number, submitted.priority)
        path = tmp_path / "new" / f"{found.id}.json"
        stationd.save(found, path, mkdir=True)
        assert stationd.load(path) == found
    jobs.wait_for(job)
    (result,) = jobs.results(stationd.load(tmp_path / "new" / f"{job.id}.json"))  # type: ignore[arg-type]
    stationd.save(result, tmp_path / "result.json")
    loaded = stationd.load(tmp_path / "result.json")
    assert isinstance(loaded, stationd.ResultRef)
    assert jobs.download_result(loaded) == jobs.download_result(result)


def test_a_job_is_found_by_the_number_that_the_shell_shows(lab: Lab, name: str) -> None:
    job = quick(name)
    quick()
    assert jobs.get(number=job.number).id == job.id
    for unknown in (0, 999_999):
        with pytest.raises(ZeroMatches, match=f"no job with the number {unknown}"):
            jobs.get(number=unknown)
    with pytest.raises(stationd.RequestError, match=r"a UUID; jobs.get\(number=7\) finds a job"):
        jobs.status(7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@checklist(3)
def test_none_and_many_matches_say_what_was_searched(lab: Lab, name: str) -> None:
    with pytest.raises(ZeroMatches, match=f"name '{name}'"):
        jobs.get(name_exact=name)
    nobody = str(uuid4())
    with pytest.raises(ZeroMatches, match=nobody):
        jobs.get(id=nobody)
    for _ in range(2):
        quick(name)
    with pytest.raises(NoUniqueMatch, match=f"name like '{name}'"):
        jobs.get(name_like=name)


@checklist(4)
def test_a_job_that_was_just_submitted_says_where_it_stands(lab: Lab, name: str) -> None:
    job = quick(name)
    assert (job.last_status, job.last_message) == (
        StatusEnum.SUBMITTED,
        StatusEnum.SUBMITTED.value,
    )
    assert (job.status, job.attempt) == (R.RECEIVED, 1)
    assert list(job.df()["last_status"]) == ["SUBMITTED"]


@checklist(10)
def test_a_group_of_users_is_refused_in_words(lab: Lab, name: str) -> None:
    with pytest.raises(RequestError, match=r"'physics'.*no groups of users"):
        jobs.retry_submission(quick(name), user_group="physics")


@checklist(13)
def test_a_length_that_does_not_fit_is_named_before_anything_is_sent(lab: Lab, name: str) -> None:
    with pytest.raises(InvalidJob, match="n_shots: 3 numbers for 2 programs"):
        jobs.start_execute_job([BELL] * 2, [1, 2, 3], "qpu", name=name)
    with pytest.raises(InvalidJob, match="1 to 1000 programs, not 1001"):
        jobs.start_compile_job([BELL] * 1001, "qpu", name=name)
    assert jobs.get_all(name_exact=name).count() == 0
    job = jobs.start_execute_job([BELL] * 2, 7, "qpu", name=name)
    assert [item.index for item in jobs.results(job, allow_incomplete=True)] == [0, 1]


FILTERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"name_like": "LONELY"}, {"name_like": "lonesome"}),
    ({"project": None}, {"project": str(uuid4())}),
    ({"properties": {"chip": 'A"1, (2)'}}, {"properties": {"chip": "A"}}),
    ({"properties": {"blind": True}}, {"properties": {"blind": 1}}),
    ({"properties": {"cooldown": 7, "blind": True}}, {"properties": {"cooldown": 7, "x": 1}}),
    ({"job_status": StatusEnum.COMPLETED}, {"job_status": StatusEnum.ERROR}),
    ({"job_status": [JobStatusEnum.ERROR, "completed"]}, {"job_status": ["ERROR", "QUEUED"]}),
    ({"job_status": [R.READY, "failed"]}, {"job_status": R.ABORTED}),
    ({"job_status": "COMPLETED"}, {"job_status": [StatusEnum.CANCELLING, "RETRYING"]}),
    ({"job_type": JobType.EXECUTE}, {"job_type": JobType.COMPILE}),
    ({"job_type": ["execute", "compile"]}, {"job_type": "sweep"}),
    ({"created_after": LONG_AGO}, {"created_before": LONG_AGO}),
    ({"created_before": datetime.now() + timedelta(days=9)}, {"modified_before": LONG_AGO}),  # noqa: DTZ005 - one without a zone is allowed
    ({"modified_after": LONG_AGO}, {"creator_email": "nobody@nowhere"}),
    ({"target": "null"}, {"target": "qpu"}),
]
"""What finds a job, and what does not."""


@checklist(14)
def test_every_filter_is_understood(lab: Lab, name: str) -> None:
    properties: dict[str, bool | float | str] = {"chip": 'A"1, (2)', "blind": True, "cooldown": 7}
    job = quick(f"{name} lonely", properties=properties)
    jobs.wait_for(job)
    # Every search is about the name too, since many tests share a station.
    own: dict[str, Any] = {"name_exact": [f"{name} lonely", "other"]}
    for finding, missing in FILTERS:
        assert [one.id for one in jobs.get_all(**(own | finding))] == [job.id], finding
        assert jobs.get_all(**(own | missing)).count() == 0, missing
    with pytest.raises(RequestError, match="job_status: 'DEPLETED' is no status"):
        jobs.get_all(job_status="DEPLETED")


@checklist(37)
def test_an_exception_goes_through_a_block_of_a_project() -> None:
    with pytest.raises(KeyError, match="kept"), stationd.using_project(str(uuid4())):
        raise KeyError("kept")
    assert context.defaults() == context.Defaults()


def test_a_project_s_name_in_place_of_its_id_is_answered_with_how_to_find_it() -> None:
    how = r"'bells' is not the id of a project.*jobs.projects.get\('bells'\) finds one"
    with pytest.raises(stationd.RequestError, match=how):
        jobs.get_all(project="bells")
    with pytest.raises(stationd.RequestError, match=how), stationd.using_project("bells"):
        pass


def test_a_time_that_is_a_text_is_answered_with_what_times_are() -> None:
    with pytest.raises(stationd.RequestError, match="'14:30' is a text: give a time as Unix sec"):
        jobs.submit(programs=stationd.NullProgram(), not_before="14:30")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@checklist(15)
def test_a_block_holds_in_threads_too_and_an_argument_wins(lab: Lab, name: str) -> None:
    seen: list[JobRef] = []
    with stationd.using_properties(cooldown=7, blind=True):
        thread = threading.Thread(target=lambda: seen.append(quick(name)))
        thread.start()
        thread.join()
        seen.append(quick(name, properties={"cooldown": 8}))
    assert [job.properties for job in seen] == [
        {"cooldown": 7, "blind": True},
        {"cooldown": 8, "blind": True},
    ]
    assert [jobs.get(id=job).properties for job in seen] == [job.properties for job in seen]
    assert context.defaults() == context.Defaults()
    assert quick(name).properties == {}


@checklist(15, 21)
@on_a_real_one
def test_projects_hold_jobs_with_typed_properties(lab: Lab, name: str) -> None:
    definitions = {"flag": "bool", "count": "int", "chip": "string"}
    project = jobs.projects.get_or_create(name, properties=definitions)  # type: ignore[arg-type]
    assert jobs.projects.get_or_create(name) == project
    with stationd.using_project(project):
        job = quick(properties={"flag": True, "count": 3, "chip": "A1"})
    assert job.project == project.id
    assert quick().project == ""
    for properties in ({"flag": True}, {"count": 3}, {"chip": "A1"}):
        assert jobs.get(project=project, properties=properties).id == job.id
    with pytest.raises(InvalidJob, match="count"):
        quick(project=project, properties={"count": "three"})
    jobs.projects.archive(project)
    with pytest.raises(InvalidJob, match="archive"):
        quick(project=project)
    assert jobs.get(project=project).id == job.id


@checklist(16)
@on_a_real_one
def test_whoever_is_no_admin_sees_nothing_as_one(lab: Lab, name: str) -> None:
    job = quick(name)
    for beyond in (ScopeFilterEnum.ORG_ADMIN, "global_admin"):
        assert jobs.get_all(name_exact=name, scope=beyond).count() == 0
        assert not jobs.get_all(name_exact=name, scope=beyond).list()
    for scope in (ScopeFilterEnum.USER, ScopeFilterEnum.HIGHEST, None):
        assert jobs.get(name_exact=name, scope=scope).id == job.id
    own = jobs.get(id=job).creator
    assert jobs.get(name_exact=name, creator_email=[own, "nobody"]).id == job.id


@checklist(20)
def test_what_was_deleted_is_gone_whichever_way_one_asks(lab: Lab, name: str) -> None:
    job = held(name)
    with pytest.raises(JobNotFinished):
        jobs.delete(job)
    lab.let_go(job)
    jobs.wait_for(job)
    (result,) = jobs.results(job)
    assert isinstance(result, jobs.ResultRef)
    assert [jobs.delete(job), jobs.delete(job)] == ["deleted", "already_gone"]
    with pytest.raises(ZeroMatches):
        jobs.get(id=job)
    for ask in (jobs.status, jobs.results, jobs.wait_for, jobs.cancel):
        with pytest.raises(UnknownJob, match=job.id):
            ask(job)
    download.forget_all()
    with pytest.raises(UnknownArtifact):
        jobs.download_result(result)
    assert jobs.get_all(name_exact=name).count() == 0


@checklist(32)
def test_pages_can_be_asked_for_and_a_search_iterated_twice(lab: Lab, name: str) -> None:
    for letter in "abcde":
        quick(f"{name} {letter}")
    page = jobs.get_all(name_like=name, page_number=1, page_size=2)
    assert [job.name[-1] for job in page] == ["c", "b"]
    found = jobs.get_all(name_like=name, sort_filters=SortFilterEnum.NAME_ASC, page_size=2)
    for _ in range(2):
        assert [job.name[-1] for job in found] == ["a", "b", "c", "d", "e"]
    assert len(found.df()) == found.count() == 5


@checklist(33)
def test_a_cancel_can_be_repeated_and_shows_what_came_of_each_item(lab: Lab, name: str) -> None:
    running, queued = held(name), held(name)
    jobs.wait_for(running, StatusEnum.RUNNING)
    jobs.wait_for(queued, StatusEnum.QUEUED)
    for job in (queued, running):
        assert jobs.cancel(job) == "accepted"
        jobs.cancel(job)
        jobs.wait_for(job, StatusEnum.CANCELLED)
        assert jobs.cancel(job) == "already_over"
        assert jobs.status(job).note
    (item,) = jobs.results(queued, allow_incomplete=True)
    assert isinstance(item, IncompleteJobItemRef)
    assert (item.last_status, item.last_message) == (
        StatusEnum.CANCELLED,
        "not begun: the job was cancelled before its turn",
    )


@checklist(34)
@on_a_real_one
def test_a_retry_of_what_was_never_executed_executes_it_if_that_is_allowed(
    lab: Lab, name: str
) -> None:
    running, queued = held(name), quick(name)
    jobs.wait_for(running, StatusEnum.RUNNING)
    jobs.wait_for(queued, StatusEnum.QUEUED)
    with pytest.raises(JobNotFinished, match="still under way"):
        jobs.retry_submission(queued)
    for job in (queued, running):
        cancelled(job)
    with pytest.raises(RequestError, match=r"no item .* is ERROR"):
        jobs.retry_submission(queued, [StatusEnum.ERROR], "ALLOW_RESUBMIT")
    ended = [StatusEnum.CANCELLED]
    assert jobs.retry_submission(queued, ended, "DEFAULT") == "nothing_to_collect"
    assert jobs.status(queued).attempt == 1
    assert jobs.retry_submission(queued, ended, "ALLOW_RESUBMIT") == "opened"
    assert jobs.wait_for(queued).attempt == 2


@checklist(34)
@on_a_real_one
def test_a_retry_of_what_was_executed_without_result_takes_force(lab: Lab, name: str) -> None:
    job = held(name)
    jobs.wait_for(job, StatusEnum.RUNNING)
    cancelled(job)
    for strategy in ("DEFAULT", "ALLOW_RESUBMIT"):
        assert jobs.retry_submission(job, ["CANCELLED"], strategy) == "nothing_to_collect"
    lab.let_go(job)
    assert jobs.retry_submission(job, ["CANCELLED"], "FORCE_RESUBMIT") == "opened"
    assert jobs.wait_for(job).attempt == 2


@checklist(34)
@on_a_real_one
def test_a_completed_job_runs_again_with_a_full_restart_alone(lab: Lab, name: str) -> None:
    job = quick(name)
    jobs.wait_for(job)
    for strategy in ("DEFAULT", "ALLOW_RESUBMIT", "FORCE_RESUBMIT"):
        with pytest.raises(RequestError, match="FULL_RESTART"):
            jobs.retry_submission(job, ["COMPLETED"], strategy)
    assert jobs.retry_submission(job, remote_retry_strategy="FULL_RESTART") == "opened"
    # Whoever waits for what the attempt has passed is not told of the one before.
    assert jobs.wait_for(job, StatusEnum.RETRYING).attempt == 2
    assert jobs.wait_for(job).attempt == 2
    assert [entry.status for entry in jobs.view(job).timeline].count(R.READY) == 2


@checklist(35)
def test_an_id_that_is_sent_twice_gives_one_job(lab: Lab, name: str) -> None:
    number = str(uuid4())
    for _ in range(2):
        assert jobs.submit(programs=NullProgram(), target="null", name=name, id=number).id == number
    assert jobs.get_all(name_exact=name).count() == 1
    assert jobs.wait_for(number).attempt == 1


def test_what_people_wrote_can_be_changed(lab: Lab, name: str) -> None:
    job = jobs.set_annotations(quick("old"), name=name, properties={"cooldown": 7})
    assert (job.name, job.annotations.properties) == (name, {"cooldown": 7})
    assert f"<td>{name}</td>" in job._repr_html_()  # pyright: ignore[reportPrivateUsage]
    assert jobs.get(name_exact=name).df().iloc[0]["cooldown"] == 7
