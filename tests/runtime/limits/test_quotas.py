"""What the results of projects with a quota take up, to the byte; one that is full gets no job."""

from collections.abc import Awaitable, Callable

import pytest
from anyio.lowlevel import checkpoint

from stationd.proto import instruments_protocol as wire
from stationd.proto.error import ErrorCode, LimitReached
from stationd.proto.job import ArtifactRef, JobId, JobSpec
from stationd.proto.jobs_protocol import Failure, Retry, Submit, Submitted
from stationd.proto.project import Project
from stationd.proto.project_requests import ChangeProject, CreateProject, Delete, ListProjects
from stationd.proto.project_requests import Projects as ProjectsReply
from stationd.proto.status import JobExecutorStatus as S
from stationd.proto.status import RemoteRetryStrategy
from stationd.runtime.journal.memory import MemoryJournal
from stationd.runtime.journal.records import Fact, ItemEnded, JobStored
from stationd.runtime.limits import quotas as quotas_module
from stationd.runtime.limits.quotas import Quotas
from tests.runtime.api.roles import let_me_be
from tests.runtime.api.test_projects_api import FIRST, project_of, spec
from tests.runtime.api.until_answered import asked
from tests.runtime.bench import Bench, a_bench, committed_until, job_id
from tests.runtime.jobs.asking_again import never_accepted, no_result, result_exists, retry, seen

pytestmark = pytest.mark.anyio


async def used(bench: Bench) -> int:
    reply = await asked(bench, ListProjects(9))
    assert isinstance(reply, ProjectsReply)
    return reply.used_bytes[FIRST]


async def stored(bench: Bench) -> int:
    """Return what the journal holds."""
    size, _ = await bench.journal.project_size(FIRST, 0, 100)
    return size


async def a_project(bench: Bench, quota: int) -> None:
    await asked(bench, CreateProject(1, FIRST, "t1"))
    await project_of(bench, ChangeProject(2, FIRST, quota_bytes=quota))


async def ran(bench: Bench, number: int) -> None:
    """Run a job of the project, which leaves a small result."""
    assert isinstance(await asked(bench, Submit(3, job_id(number), spec(FIRST))), Submitted)
    ticket = bench.live(number).ticket
    assert ticket is not None
    bench.run("a", ticket)
    await committed_until(bench, lambda: bench.dispatch.get(job_id(number)) is None)


async def test_a_project_that_has_used_up_its_quota_is_refused_with_numbers_until_jobs_go() -> None:
    async with a_bench() as bench:
        await a_project(bench, 1)
        await ran(bench, 1)
        size = await used(bench)
        assert size == await stored(bench) > 0
        refused = await asked(bench, Submit(4, job_id(2), spec(FIRST)))
        assert isinstance(refused, Failure)
        assert refused.error.code is ErrorCode.LIMIT_REACHED
        for words in (f"({size:,} bytes)", "quota of 1 B", "stationctl delete", "quota t1 SIZE"):
            assert words in refused.error.detail
        # Other projects, and jobs without one, go on.
        assert isinstance(await asked(bench, Submit(5, job_id(3), spec())), Submitted)
        await asked(bench, Delete(6, job_id(1)))
        assert await used(bench) == await stored(bench) == 0
        await ran(bench, 4)


async def test_the_sum_is_the_same_after_a_restart() -> None:
    journal = MemoryJournal(manual=True)
    async with a_bench(journal) as bench:
        await a_project(bench, 10_000)
        await ran(bench, 1)
        await ran(bench, 2)
        before = await used(bench)
    async with a_bench(journal.reopened()) as bench:
        assert await used(bench) == before == await stored(bench)
        await ran(bench, 3)
        assert await used(bench) == await stored(bench) > before


async def test_a_result_that_replaces_another_counts_once() -> None:
    async with a_bench() as bench:
        await a_project(bench, 10_000)
        await ran(bench, 1)
        before = await used(bench)
        strategy = RemoteRetryStrategy.FULL_RESTART
        await asked(bench, Retry(5, job_id(1), 1, strategy, ("COMPLETED",)))
        await committed_until(bench, lambda: bench.live(1).ticket is not None)
        ticket = bench.live(1).ticket
        assert ticket is not None
        bench.run("a", ticket)
        await committed_until(bench, lambda: bench.dispatch.get(job_id(1)) is None)
        assert await used(bench) == await stored(bench) == before


@pytest.mark.parametrize(
    ("state", "strategy"),
    [
        (never_accepted, RemoteRetryStrategy.ALLOW_RESUBMIT),
        (no_result, RemoteRetryStrategy.FORCE_RESUBMIT),
        (no_result, RemoteRetryStrategy.FULL_RESTART),
    ],
)
async def test_a_retry_that_measures_anew_is_refused_as_a_submission_is(
    state: Callable[[Bench, JobSpec], Awaitable[None]], strategy: RemoteRetryStrategy
) -> None:
    async with a_bench() as bench:
        await a_project(bench, 10_000)
        await state(bench, spec(FIRST))
        await ran(bench, 2)
        await project_of(bench, ChangeProject(3, FIRST, quota_bytes=1))
        before = await seen(bench)
        with pytest.raises(LimitReached, match=r"its quota of 1 B .*stationctl delete"):
            await retry(bench, strategy)
        assert await seen(bench) == before
        await project_of(bench, ChangeProject(3, FIRST, quota_bytes=10_000))
        assert (await retry(bench, strategy)).outcome == "opened"


async def test_what_has_been_measured_is_collected_by_a_retry_whatever_the_quota() -> None:
    async with a_bench() as bench:
        await a_project(bench, 10_000)
        await result_exists(bench, spec(FIRST))
        await ran(bench, 2)
        await project_of(bench, ChangeProject(3, FIRST, quota_bytes=1))
        sent = len(bench.lines.sent)

        def controller() -> None:
            for _, command in bench.lines.sent[sent:]:
                if isinstance(command, wire.Collect):
                    bench.report("a", wire.Finished(command.ticket, 0, 3.0))

        answer = await retry(bench, while_waiting=controller)
        assert answer.outcome == "opened"


async def test_what_a_project_has_counts_when_it_gets_its_quota_and_not_without_one() -> None:
    async with a_bench() as bench:
        await asked(bench, CreateProject(1, FIRST, "t1"))
        await ran(bench, 1)
        await project_of(bench, ChangeProject(2, FIRST, quota_bytes=10_000))
        assert await used(bench) == await stored(bench) > 0
        await project_of(bench, ChangeProject(2, FIRST, quota_bytes=0))
        reply = await asked(bench, ListProjects(9))
        assert isinstance(reply, ProjectsReply)
        assert reply.used_bytes == {}
        assert bench.dispatch.quotas.uses() == []


def a_result(number: int, size: int) -> list[JobStored | Fact | ItemEnded]:
    job = JobId(f"00000000-0000-0000-0000-{number:012d}")
    own = JobSpec(work=spec().work, project=FIRST)
    ref = ArtifactRef(id=f"{job}/1/0", size_bytes=size, sha256="00" * 32)
    return [
        JobStored(number, job, "a", own, 1.0),
        Fact(number, job, 2, 1, S.ABORTED, 2.0),
        ItemEnded(number, 0, 1, result=ref, data=b"x"),
    ]


PROJECT = Project(id=FIRST, name="t1", created_unix_s=1.0, modified_unix_s=1.0, quota_bytes=100)


class Interrupted(MemoryJournal):
    """While the first count goes on, something is deleted."""

    quotas: Quotas | None = None

    async def project_size(self, project: str, after: int, limit: int) -> tuple[int, int | None]:
        size, last = await super().project_size(project, after, limit)
        if after and self.quotas is not None:
            job = await self.stored(JobId(f"00000000-0000-0000-0000-{1:012d}"))
            assert job is not None
            quotas, self.quotas = self.quotas, None
            quotas.deleted(job)
        return size, last


async def test_a_count_during_which_something_changed_is_made_again_page_by_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quotas_module, "PAGE", 2)
    async with Interrupted() as journal:
        for number, size in ((1, 10), (2, 20), (3, 30)):
            journal.write(a_result(number, size), lambda _: None)
        await journal.flush()
        quotas = Quotas(journal)
        journal.quotas = quotas
        await quotas.follow(PROJECT)
        # The deletion was made up: what counts is what the journal holds.
        assert quotas.used() == {FIRST: 60}
        assert journal.quotas is None


async def test_the_fullest_project_comes_first() -> None:
    async with MemoryJournal() as journal:
        journal.write(a_result(1, 100), lambda _: None)
        await journal.flush()
        quotas = Quotas(journal)
        other = Project(
            id="other", name="o", created_unix_s=1.0, modified_unix_s=1.0, quota_bytes=7
        )
        await quotas.follow(other)
        await quotas.follow(PROJECT)
        await checkpoint()
        assert [use.name for use in quotas.uses()] == ["t1", "o"]
        with pytest.raises(LimitReached, match="100 B"):
            quotas.check(FIRST)
        quotas.check("other")


async def test_how_much_and_how_long_a_project_keeps_is_for_an_operator_to_say() -> None:
    async with a_bench() as bench:
        await asked(bench, CreateProject(1, FIRST, "t1"))
        changed = await project_of(bench, ChangeProject(2, FIRST, quota_bytes=10, keep_days=3.0))
        assert (changed.quota_bytes, changed.keep_days) == (10, 3.0)
        changed = await project_of(bench, ChangeProject(3, FIRST, "words"))
        assert (changed.quota_bytes, changed.keep_days) == (10, 3.0)
        assert bench.station.projects.kept() == {FIRST: 3.0}
        changed = await project_of(bench, ChangeProject(4, FIRST, keep_days="station"))
        assert changed.keep_days is None
        let_me_be(bench, "submitter")
        for request in (
            ChangeProject(5, FIRST, quota_bytes=0),
            ChangeProject(6, FIRST, keep_days=0.0),
        ):
            failure = await asked(bench, request)
            assert isinstance(failure, Failure)
            assert failure.error.code is ErrorCode.FORBIDDEN
            assert "takes the role operator" in failure.error.detail
