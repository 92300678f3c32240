"""Which job is meant by what a person types: a number, an id, or how that begins."""

import json

import pytest

from stationd import NullProgram, jobs
from stationd.client.scripted.station import ScriptedStation
from stationd.client.stationctl.typed.lookup import called, job_id, job_ids
from stationd.proto.error import NoUniqueMatch, RequestError, ZeroMatches
from stationd.proto.job import JobId, JobSpec
from stationd.proto.jobs_protocol import Cancel, List
from stationd.proto.status import JobExecutorStatus as S
from tests.client.stationctl.shell import run, submitted

TAIL = "-6f5f-4f0a-9f57-0b6f2e6f7a10"


def at(first: str) -> JobId:
    """Return the id of a new job that begins so."""
    jobs.submit(programs=NullProgram(), id=f"{first}{TAIL}")
    return JobId(f"{first}{TAIL}")


def stay(_: JobSpec) -> tuple[S, ...]:
    return ()


@pytest.mark.usefixtures("there")
def test_jobs_of_one_moment_are_named_shortly_by_their_numbers() -> None:
    made = [submitted("--null", "0") for _ in range(12)]
    for number, job in enumerate(made, start=1):
        assert json.loads(run("show", str(number), "--json").stdout)["id"] == job
    done = run("wait", "12", "3", "--json")
    assert [one["job"] for one in json.loads(done.stdout)] == [made[11], made[2]]


def test_a_number_costs_one_look_at_one_job(there: ScriptedStation) -> None:
    made = [at(f"0000000{digit}") for digit in range(3)]
    there.received.clear()
    assert job_id("2") == made[1]
    (asked,) = [one for one in there.received if isinstance(one, List)]
    assert (asked.before, asked.limit) == (3, 1)


@pytest.mark.usefixtures("there")
def test_digits_are_a_number_first_and_else_how_an_id_begins() -> None:
    ids = [at("00000003"), at("10000000"), at("12345678")]
    assert job_ids(["1", "1000", "123456", "0000"]) == [ids[0], ids[1], ids[2]]


@pytest.mark.usefixtures("there")
def test_a_job_is_called_by_its_number_where_that_is_known() -> None:
    one, other = at("abcd0000"), at("abcd0001")
    assert called([one, "2"]) == {one: one, other: "2"}
    assert called(["abcd0000", one]) == {one: "1"}


def test_what_comes_of_a_command_is_told_by_number(there: ScriptedStation) -> None:
    there.plan = stay
    job = submitted("--null", "1")
    assert run("cancel", "1").stdout == "1 is being cancelled\n"
    assert run("annotate", "1", "--name", "found").stdout == "1 is annotated\n"
    assert run("delete", "1", "--yes").stdout == "1 is deleted\n"
    (cancel,) = [one for one in there.received if isinstance(one, Cancel)]
    assert cancel.job == job


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("7", "no job with the number 7"),
        ("2026", "no job has the number 2026, and the id of none of the newest 1000 jobs begins"),
        ("ffff", "the id of none of the newest 1000 jobs begins with 'ffff'"),
        ("999999999999999", "no job has the number 999999999999999"),
    ],
)
@pytest.mark.usefixtures("there")
def test_what_was_searched_is_told(text: str, why: str) -> None:
    at("00000001")
    with pytest.raises(ZeroMatches, match=why):
        job_id(text)


@pytest.mark.parametrize("text", ["", "0", "042", "-42", "+42", "4 2", "\u0664\u0662", "bell"])
@pytest.mark.usefixtures("there")
def test_what_is_neither_number_nor_id_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="give its number, its id, or at least the first 4"):
        job_id(text)


@pytest.mark.usefixtures("there")
def test_an_ambiguous_beginning_names_jobs_by_their_numbers() -> None:
    twins = [at(f"abcd000{index}") for index in range(7)]
    with pytest.raises(NoUniqueMatch, match="the ids of 7 jobs begin with 'abcd'") as refused:
        job_id("abcd")
    assert f"7 ({twins[6]}), 6 ({twins[5]})" in str(refused.value)
    assert str(refused.value).endswith("and 2 more")


@pytest.mark.usefixtures("there")
def test_submit_tells_people_the_number_and_scripts_the_id() -> None:
    done = run("submit", "--null", "0")
    assert done.stderr == "job 1\n"
    assert done.stdout == f"{job_id('1')}\n"
