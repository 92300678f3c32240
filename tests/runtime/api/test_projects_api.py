"""Projects are made, listed, changed and archived, and say which jobs they take."""

import os
import pwd

import pytest

from stationd.proto.error import ErrorCode
from stationd.proto.job import JobFilter, JobSpec
from stationd.proto.jobs_protocol import (
    Failure,
    Job,
    Jobs,
    List,
    Ping,
    Pong,
    Request,
    Submit,
    Submitted,
)
from stationd.proto.program import Circuits, NullProgram
from stationd.proto.project import Project, Property, PropertyValue
from stationd.proto.project_requests import (
    Annotate,
    ChangeProject,
    Count,
    Counted,
    CreateProject,
    GetInput,
    Input,
    ListProjects,
    Projects,
)
from stationd.proto.search import ScopeFilterEnum
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import Bench, a_bench, job_id

pytestmark = pytest.mark.anyio

FIRST, SECOND = (f"00000000-0000-0000-0000-00000000000{number}" for number in (1, 2))
ME = pwd.getpwuid(os.getuid()).pw_name
COOLDOWN = Property("cooldown", "int", required=True)


async def project_of(bench: Bench, request: Request) -> Project:
    reply = await asked(bench, request)
    assert isinstance(reply, Projects), reply
    (project,) = reply.projects
    return project


async def refused(bench: Bench, request: Request) -> Failure:
    reply = await asked(bench, request)
    assert isinstance(reply, Failure), reply
    return reply


def spec(
    project: str = "", properties: dict[str, PropertyValue] | None = None, name: str = ""
) -> JobSpec:
    return JobSpec(
        work=Circuits(programs=(NullProgram(name="p"),), n_shots=(3,), target="a"),
        name=name,
        project=project,
        properties=properties or {},
        creator="somebody else",
    )


async def test_a_project_is_made_once_and_belongs_to_who_made_it() -> None:
    async with a_bench() as bench:
        create = CreateProject(1, FIRST, "t1", "every hour", (COOLDOWN,))
        made = await project_of(bench, create)
        assert (made.name, made.creator, made.properties) == ("t1", ME, (COOLDOWN,))
        assert await project_of(bench, create) == made
        again = await project_of(bench, CreateProject(1, SECOND, "t1", exist_ok=True))
        assert again.id == FIRST
        conflict = await refused(bench, CreateProject(1, SECOND, "t1"))
        assert conflict.error.code is ErrorCode.CONFLICT


async def test_definitions_are_added_and_keep_their_types() -> None:
    async with a_bench() as bench:
        await asked(bench, CreateProject(1, FIRST, "t1", "", (COOLDOWN,)))
        wafer = Property("wafer", "string")
        changed = await project_of(bench, ChangeProject(2, FIRST, "new words", (wafer,)))
        assert (changed.description, changed.properties) == ("new words", (COOLDOWN, wafer))
        other = await refused(bench, ChangeProject(3, FIRST, None, (Property("wafer", "int"),)))
        assert "is of type string already" in other.error.detail


async def test_an_archived_project_is_not_shown_unless_asked_for_and_takes_no_jobs() -> None:
    async with a_bench() as bench:
        await asked(bench, CreateProject(1, FIRST, "t1"))
        await asked(bench, ChangeProject(2, FIRST, archived=True))
        for request, count in ((ListProjects(3), 0), (ListProjects(4, "T", archived=None), 1)):
            listed = await asked(bench, request)
            assert isinstance(listed, Projects)
            assert len(listed.projects) == count
        failure = await refused(bench, Submit(5, job_id(1), spec(FIRST)))
        assert "archived" in str(failure.error)


@pytest.mark.parametrize(
    ("project", "properties", "words"),
    [
        (SECOND, {}, "there is no project"),
        (FIRST, {}, "'cooldown' is required"),
        (FIRST, {"cooldown": "seven"}, "is to be of type int"),
        (FIRST, {"cooldown": True}, "is to be of type int"),
        (FIRST, {"cooldown": 7, "other": 1}, "'other' is not defined in project 't1'"),
    ],
)
async def test_a_job_that_does_not_fit_its_project_is_refused(
    project: str, properties: dict[str, PropertyValue], words: str
) -> None:
    async with a_bench() as bench:
        await asked(bench, CreateProject(1, FIRST, "t1", "", (COOLDOWN,)))
        failure = await refused(bench, Submit(2, job_id(1), spec(project, properties)))
        assert words in str(failure.error)


async def test_a_job_belongs_to_who_was_authenticated_whatever_the_message_says() -> None:
    async with a_bench() as bench:
        await asked(bench, CreateProject(1, FIRST, "t1", "", (COOLDOWN,)))
        request = Submit(2, job_id(1), spec(FIRST, {"cooldown": 7}))
        assert isinstance(await asked(bench, request), Submitted)
        mine = JobFilter(scope=ScopeFilterEnum.USER, projects=(FIRST,), properties={"cooldown": 7})
        listed = await asked(bench, List(3, mine))
        assert isinstance(listed, Jobs)
        assert [view.creator for view in listed.views] == [ME]
        counted = await asked(bench, Count(4, JobFilter(creators=("somebody else",))))
        assert counted == Counted(4, 0)
        pong = await asked(bench, Ping(5, ""))
        assert isinstance(pong, Pong)
        assert (pong.user, pong.role) == (ME, "admin")


async def test_what_people_wrote_can_be_written_anew() -> None:
    async with a_bench() as bench:
        await asked(bench, CreateProject(1, FIRST, "t1", "", (COOLDOWN,)))
        await asked(bench, Submit(2, job_id(1), spec(FIRST, {"cooldown": 7}, "one")))
        shown = await asked(bench, Annotate(3, job_id(1), "two", "in words", {"cooldown": 8}))
        assert isinstance(shown, Job)
        view = shown.view
        assert (view.name, view.description, view.properties) == (
            "two",
            "in words",
            {"cooldown": 8},
        )
        failure = await refused(bench, Annotate(4, job_id(1), properties={}))
        assert "'cooldown' is required" in str(failure.error)
        unknown = await refused(bench, Annotate(5, job_id(9), "x"))
        assert unknown.error.code is ErrorCode.UNKNOWN_JOB


async def test_the_input_of_an_item_can_be_read_again() -> None:
    async with a_bench() as bench:
        await asked(bench, Submit(1, job_id(1), spec()))
        assert await asked(bench, GetInput(2, job_id(1))) == Input(2, NullProgram(name="p"), 3)
        failure = await refused(bench, GetInput(3, job_id(1), 1))
        assert "there is no item 1" in failure.error.detail
